import type { StoredKeyRing, StoredSigningKey } from '../../domain/ports.js';

/** The key ring as JSON; secrets in it are wrapped already. */
export const ringToText = (ring: StoredKeyRing): string => JSON.stringify(ring);

/** The ring that {@link ringToText} wrote, its optional fields in their places again; an `Error` for any other text. */
export function ringFromText(text: string): StoredKeyRing {
  const { version, masterKeyId, keys, peppers } = JSON.parse(text) as StoredKeyRing;
  if (!Number.isSafeInteger(version) || version < 0) throw new Error('the key ring in Redis is damaged');
  return { version, masterKeyId, keys: keys.map(completed), peppers };
}

/** JSON knows no undefined and leaves such fields out. */
const completed = (key: Partial<StoredSigningKey> & StoredSigningKey): StoredSigningKey => ({
  ...key,
  wrappedSecret: key.wrappedSecret,
  activateTimeMs: key.activateTimeMs,
  retireTimeMs: key.retireTimeMs,
  removeTimeMs: key.removeTimeMs,
  revokeTimeMs: key.revokeTimeMs,
});
