/** As many bytes of a secret as tell it from everything else; who has found so many has found it. */
const MATCHED_BYTES = 16;
/** Fewer different bytes than this, and it is a constant of some test that may well occur elsewhere. */
const LEAST_VARIETY = 8;
const INDEX_BITS = 24;

/** Finds secrets in bytes, however they are written there: raw, in hex, or in base64 of either alphabet. */
export class SecretSearch {
  /** By the first bytes in hex: what the secret is called, so that a report shows nothing of it. */
  readonly #names = new Map<string, string>();
  /** Which three bytes some secret begins with: almost every place is done with after one look at this. */
  readonly #beginnings = new Uint8Array(2 ** INDEX_BITS / 8);

  get size(): number {
    return this.#names.size;
  }

  add(name: string, secret: string | Uint8Array): void {
    const bytes = Buffer.from(secret as string).subarray(0, MATCHED_BYTES);
    if (bytes.length < MATCHED_BYTES || new Set(bytes).size < LEAST_VARIETY) return;
    const at = bytes.readUIntBE(0, 3);
    this.#beginnings[at >> 3] = (this.#beginnings[at >> 3] ?? 0) | (1 << (at & 7));
    this.#names.set(bytes.toString('hex'), name);
  }

  /** The names of the secrets that stand in the text, with the form in which they do. */
  find(text: Buffer): readonly string[] {
    const found = new Set<string>();
    for (const [form, bytes] of readings(text)) {
      for (const name of this.#findRaw(bytes)) found.add(`${name} (${form})`);
    }
    return [...found];
  }

  *#findRaw(bytes: Buffer): Generator<string> {
    for (let i = 0; i + MATCHED_BYTES <= bytes.length; i += 1) {
      const at = bytes.readUIntBE(i, 3);
      if (((this.#beginnings[at >> 3] ?? 0) & (1 << (at & 7))) === 0) continue;
      const name = this.#names.get(bytes.toString('hex', i, i + MATCHED_BYTES));
      if (name !== undefined) yield name;
    }
  }
}

/** Each alphabet, with how many characters make a whole number of bytes. */
const FORMS = [
  ['hex', /[0-9a-fA-F]{32,}/g, 2],
  ['base64', /[A-Za-z0-9+/_-]{22,}/g, 4],
] as const;

/** A token in base64, say, whose own parts are in base64url. */
const MAX_DEPTH = 2;

/**
 * The text as it is, and everything in it that could be an encoding of bytes, decoded, and that once more. A secret may
 * stand in the middle of a longer encoding, so decoding begins at every place where its own could have begun.
 */
function* readings(text: Buffer, form = 'raw', depth = 0): Generator<readonly [form: string, bytes: Buffer]> {
  yield [form, text];
  if (depth === MAX_DEPTH) return;
  const characters = text.toString('latin1');
  for (const [name, pattern, group] of FORMS) {
    for (const [run] of characters.matchAll(pattern)) {
      for (let skipped = 0; skipped < group; skipped += 1) {
        yield* readings(Buffer.from(run.slice(skipped), name), name, depth + 1);
      }
    }
  }
}
