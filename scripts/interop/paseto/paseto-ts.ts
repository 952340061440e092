import { readFileSync } from 'node:fs';
import { sign, verify } from 'paseto-ts/v4';
import { secretKeyFromPaserk } from '../../../src/adapters/paseto/paserk.js';
import type { Material, TokenPiece } from './material.js';
import type { Report } from './report.js';

/** Its package.json is no part of what it exports, and is found from what is. */
const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.resolve('paseto-ts/v4')), 'utf8'),
) as { version: string };

/** paseto-ts, within this process. It reads and writes tokens and knows neither key ids nor wraps. */
export function checkWithPasetoTs(material: Material): Report {
  for (const { payload, footer, ...piece } of material.tokens) {
    const opened = verify(piece.public, piece.token);
    if (JSON.stringify(opened.payload) !== payload) throw new Error('paseto-ts reads another payload');
    if (JSON.stringify(opened.footer) !== footer) throw new Error('paseto-ts reads another footer');
  }
  for (const forged of material.forged) if (passes(forged)) throw new Error('a forged token passed');

  const { secret, payload } = material.fresh;
  const { keyId } = secretKeyFromPaserk(secret).verificationKey;
  const token = sign(secret, payload, {
    footer: JSON.stringify({ kid: keyId }),
    addIat: false,
    addExp: false,
  });
  return { library: 'paseto-ts', version, language: 'TypeScript', made: { token } };
}

function passes({ token, public: key }: TokenPiece): boolean {
  try {
    verify(key, token);
    return true;
  } catch {
    return false;
  }
}
