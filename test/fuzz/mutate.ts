import type { Random } from '../faults/random.js';

/** Bytes that parsers of all kinds are bad at. */
const SORE_SPOTS: readonly string[] = [
  '\0',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '"',
  '\\',
  '%',
  '%00',
  '%zz',
  '+',
  '&',
  '=',
  ':',
  ';',
  ',',
  '.',
  '-',
  '_',
  '~',
  '/',
  '{',
  '}',
  '[',
  ']',
  '{"',
  '":',
  'null',
  'true',
  '1e999',
  '-0',
  '9007199254740993',
  '0x10',
  'NaN',
  '__proto__',
  'constructor',
  '\u00e9',
  '\u{1f600}',
  '\ufeff',
  '\ud7ff',
  'A'.repeat(70),
  '9'.repeat(30),
];
const LONGEST = 8192;

/** Another input, made of one or two that are known by a few random changes, as AFL's "havoc" stage does it. */
export function mutate(
  input: Uint8Array,
  other: Uint8Array,
  words: readonly string[],
  random: Random,
): Buffer {
  let bytes: Buffer = Buffer.from(input);
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) {
    bytes = changed(bytes, other, words, random);
  }
  return bytes.subarray(0, LONGEST);
}

function changed(bytes: Buffer, other: Uint8Array, words: readonly string[], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + random.below(16));
  const put = (piece: Uint8Array | string, end = at): Buffer =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from(piece as string), bytes.subarray(end)]);
  switch (random.below(9)) {
    case 0:
      return put(Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.below(8))), at + 1);
    case 1:
      return put(Uint8Array.of(random.below(256)), at + 1);
    case 2:
      return put('', to);
    case 3:
      return put(bytes.subarray(at, to));
    case 4:
      return put(random.pick(SORE_SPOTS), random.below(2) === 0 ? at : to);
    case 5:
      return words.length > 0 ? put(random.pick(words), random.below(2) === 0 ? at : to) : put('');
    case 6: {
      const from = random.below(other.length + 1);
      return put(
        other.subarray(from, from + random.below(other.length + 1)),
        random.below(2) === 0 ? at : bytes.length,
      );
    }
    case 7:
      return bytes.subarray(0, at);
    default:
      return put(
        Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256)),
        to,
      );
  }
}
