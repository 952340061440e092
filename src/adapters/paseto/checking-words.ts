/** What the checking thread answers of a token. */
export const SIGNED = '1';
export const NOT_SIGNED = '0';
