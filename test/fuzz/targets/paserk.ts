import {
  InvalidPaserk,
  localKeyFromPaserk,
  makeLocalKey,
  makeSecretKey,
  paserkFromLocalKey,
  paserkFromSecretKey,
  secretKeyFromPaserk,
} from '../../../src/adapters/paseto/paserk.js';
import {
  unwrapLocalKey,
  unwrapSecretKey,
  wrapLocalKey,
  wrapSecretKey,
} from '../../../src/adapters/paseto/pie-wrap.js';
import { verificationKeyFromPaserk } from '../../../src/adapters/paseto/verification-key.js';
import { guided } from '../guided.js';
import { hold, type Target } from '../target.js';

const master = makeLocalKey();
const secret = makeSecretKey();
const wraps = [wrapLocalKey(makeLocalKey(), master), wrapSecretKey(secret, master)];
const known = new Set(wraps);

/** A wrap cannot be made again, so its one spelling is the one that it was made in. */
const unwrapped =
  (unwrap: (text: string) => unknown) =>
  (text: string): string | undefined => {
    unwrap(text);
    return known.has(text) ? text : undefined;
  };

/** What each reader makes of a text: the one spelling of the key that it read. */
const READERS: Readonly<Record<string, (text: string) => string | undefined>> = {
  'k4.local.': (text) => paserkFromLocalKey(localKeyFromPaserk(text)),
  'k4.secret.': (text) => paserkFromSecretKey(secretKeyFromPaserk(text)),
  'k4.public.': (text) => verificationKeyFromPaserk(text).publicKey,
  'k4.local-wrap.pie.': unwrapped((text) => unwrapLocalKey(text, master)),
  'k4.secret-wrap.pie.': unwrapped((text) => unwrapSecretKey(text, master)),
};

/** A key is refused, or it is of the one kind that was asked for, in its one spelling, and nobody changed it. */
export const paserkTarget: Target = guided({
  name: 'PASERK strings',
  share: 10,
  seeds: [
    paserkFromLocalKey(master),
    paserkFromSecretKey(secret),
    secret.verificationKey.publicKey,
    ...wraps,
  ],
  words: Object.keys(READERS),
  judge(input) {
    const text = input.toString('latin1');
    for (const [header, read] of Object.entries(READERS)) {
      let again: string | undefined;
      try {
        again = read(text);
      } catch (error) {
        hold(error instanceof InvalidPaserk, `a ${header} failed with ${error}`);
        hold(input.length < 40 || !error.message.includes(text.slice(0, 40)), 'a message repeats a key');
        continue;
      }
      hold(
        text.startsWith(header) && again === text,
        `a ${header} was read in a second spelling, or though it was changed`,
      );
    }
  },
});
