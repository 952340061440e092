import { readFile } from 'node:fs/promises';
import { CountersignError } from './errors.js';

/** A client's credential: the secret itself, or a file that holds it. */
export interface ClientCredential {
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  /** Read at each use, so that a rotated secret takes effect without a restart. One trailing line end is dropped. */
  readonly clientSecretFile?: string | undefined;
}

/** Reads the secret. Rejects with `invalid_client` where its file cannot be read or is empty. */
export type ReadSecret = () => Promise<string>;

/** How to get at the secret of a credential. Throws where it names none, or two. */
export function secretReader(credential: ClientCredential): ReadSecret {
  const { clientId, clientSecret, clientSecretFile } = credential;
  if (!clientId) throw new TypeError('clientId is missing.');
  if ((clientSecret === undefined) === (clientSecretFile === undefined)) {
    throw new TypeError('Give either clientSecret or clientSecretFile.');
  }
  if (clientSecret === '') throw new TypeError('clientSecret is empty.');
  if (clientSecretFile === undefined) return async () => clientSecret ?? '';
  return async () => {
    const text = await readFile(clientSecretFile, 'utf8').catch((cause: unknown) => {
      throw new CountersignError('invalid_client', 'The file of the client secret cannot be read.', {
        cause,
      });
    });
    const secret = text.replace(/\r?\n$/, '');
    if (secret === '')
      throw new CountersignError('invalid_client', 'The file of the client secret is empty.');
    return secret;
  };
}

/** `Basic …` as RFC 6749 section 2.3.1 has it: both parts form-encoded before they are joined. */
export const basicAuthorization = (clientId: string, secret: string): string =>
  `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(secret)}`).toString('base64')}`;

const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
