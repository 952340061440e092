/** What the signing thread runs where the sources are not compiled. */
export const SIGNING_WORKER = new URL('./signing-worker.mjs', import.meta.url);
