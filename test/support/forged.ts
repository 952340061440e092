/** A token with one byte of its signature changed. */
export const forged = (token: string): string => {
  const at = token.lastIndexOf('.') > 20 ? token.lastIndexOf('.') - 8 : token.length - 8;
  return `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
};
