/**
 * The value of a JSON text in which no object names a key twice; throws `SyntaxError` for any other.
 *
 * `JSON.parse` keeps the last of several keys where other readers keep the first, so one signed text could mean two
 * things; PASETO has them refused (Payload processing). A text that comes back unchanged when written again holds no
 * key twice: that is how our own servers write, and it is the fast way. Others are read key by key.
 */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (JSON.stringify(value) !== text) refuseRepeatedKeys(text);
  return value;
}

/** A string, or one of the characters that open, close and part objects and arrays. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/** Walks well-formed JSON without recursion, so that no depth of nesting can exhaust the stack. */
function refuseRepeatedKeys(text: string): void {
  /** The keys so far of each object that is open; undefined stands for an array. */
  const open: (Set<string> | undefined)[] = [];
  let keyMayFollow = false;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ',' && keyMayFollow) noteKey(open.at(-1), token);
    keyMayFollow = (token === '{' || token === ',') && open.at(-1) !== undefined;
  }
}

function noteKey(keys: Set<string> | undefined, quoted: string): void {
  const key: unknown = JSON.parse(quoted);
  if (keys === undefined || typeof key !== 'string') return;
  if (keys.has(key)) throw new SyntaxError('A key is named twice.');
  keys.add(key);
}
