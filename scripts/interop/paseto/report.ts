import {
  localKeyFromPaserk,
  paserkFromLocalKey,
  paserkFromSecretKey,
  secretIdOf,
  secretKeyFromPaserk,
} from '../../../src/adapters/paseto/paserk.js';
import { unwrapLocalKey, unwrapSecretKey } from '../../../src/adapters/paseto/pie-wrap.js';
import { parsePublicToken, verifyPublicToken } from '../../../src/adapters/paseto/public-token.js';
import { claimsFromPayload } from '../../../src/adapters/paseto/token-claims.js';
import type { Material } from './material.js';

/** What a library tells of itself once everything of ours was as it should be; what it does not offer is left out. */
export interface Report {
  readonly library: string;
  readonly version: string;
  readonly language: string;
  readonly made: {
    readonly token: string;
    readonly secret?: string;
    readonly pid?: string;
    readonly sid?: string;
    readonly local?: string;
    readonly lid?: string;
    readonly secretWrapped?: string;
    readonly localWrapped?: string;
  };
}

const CHECKS = [
  'tokens',
  'k4.secret, k4.local',
  'k4.pid, k4.sid, k4.lid',
  'secret-wrap.pie',
  'local-wrap.pie',
];

export const HEADER = ['library', 'language', 'version', ...CHECKS];

/** Checks with our code what a library made; answers its line of the table. Throws what is not as it should be. */
export async function judge(
  { library, version, language, made }: Report,
  material: Material,
): Promise<string[]> {
  const { fresh } = material;
  const secret = secretKeyFromPaserk(fresh.secret);
  const local = localKeyFromPaserk(fresh.local);
  const master = localKeyFromPaserk(material.masterKey);

  const parsed = parsePublicToken(made.token);
  const claims = parsed && (await verifyPublicToken(parsed, secret.verificationKey));
  same('token', JSON.stringify(claims), JSON.stringify(claimsFromPayload(Buffer.from(fresh.payload))));
  same('k4.secret', made.secret, fresh.secret);
  same('k4.local', made.local, fresh.local);
  same('k4.pid', made.pid, secret.verificationKey.keyId);
  same('k4.sid', made.sid, secretIdOf(secret));
  same('k4.lid', made.lid, local.keyId);
  const { secretWrapped, localWrapped } = made;
  if (secretWrapped !== undefined) {
    same('secret-wrap.pie', paserkFromSecretKey(unwrapSecretKey(secretWrapped, master)), fresh.secret);
  }
  if (localWrapped !== undefined) {
    same('local-wrap.pie', paserkFromLocalKey(unwrapLocalKey(localWrapped, master)), fresh.local);
  }
  const offered = [made.token, made.secret, made.pid, secretWrapped, localWrapped];
  return [library, language, version, ...offered.map((one) => (one === undefined ? '–' : 'both ways'))];
}

function same(what: string, theirs: string | undefined, ours: string): void {
  if (theirs !== undefined && theirs !== ours) throw new Error(`${what}: theirs is ${theirs}, ours ${ours}`);
}
