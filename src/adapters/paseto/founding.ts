import { randomBytes } from 'node:crypto';
import {
  type Clock,
  type KeyRingStore,
  type MakeSigningKey,
  type StoredKeyRing,
  type StoreMarker,
  StoreUnusable,
} from '../../domain/ports.js';
import { type LocalKey, makeLocalKey, makeSecretKey } from './paserk.js';
import { wrapLocalKey, wrapSecretKey } from './pie-wrap.js';

/** The form of what is stored. A server that knows another form leaves the store alone. */
export const SCHEMA_VERSION = 1;

/** What a store holds: its marker, its ring, and its time. */
export type FoundStore = NonNullable<Awaited<ReturnType<KeyRingStore['read']>>>;

/**
 * Reads marker and ring, and founds the store first where it is blank: with a store id, a pepper and a signing key
 * made here. Servers that start together on a blank store all read what the first of them founded.
 *
 * Fails with `StoreUnusable`, in words, when the store is of another schema or of another issuer.
 */
export async function readOrFound(
  store: KeyRingStore,
  { issuer, master, clock }: { readonly issuer: string; readonly master: LocalKey; readonly clock: Clock },
): Promise<FoundStore> {
  let found = await store.read();
  if (found === undefined) {
    await store.found(newMarker(issuer), newRing(master, clock.now()));
    found = await store.read();
  }
  if (found === undefined) throw new StoreUnusable('The store was founded and is blank again.');
  requireOurs(found.marker, issuer);
  return found;
}

/** A maker of signing keys for a ring under this master key. */
export const signingKeyMaker =
  (master: LocalKey): MakeSigningKey =>
  () => {
    const key = makeSecretKey();
    const { keyId, publicKey } = key.verificationKey;
    return { keyId, publicKey, wrappedSecret: wrapSecretKey(key, master) };
  };

function requireOurs({ schemaVersion, issuer }: StoreMarker, ours: string): void {
  if (schemaVersion !== SCHEMA_VERSION) {
    throw new StoreUnusable(
      `The store has schema version ${schemaVersion}, and this server knows only ${SCHEMA_VERSION}.`,
    );
  }
  if (issuer !== ours) {
    throw new StoreUnusable(`The store belongs to the issuer ${issuer}, but COUNTERSIGN_ISSUER is ${ours}.`);
  }
}

const newMarker = (issuer: string): StoreMarker => ({
  schemaVersion: SCHEMA_VERSION,
  storeId: randomBytes(16).toString('hex'),
  issuer,
  bootstrapDone: false,
});

/**
 * The first ring. A blank store cannot be asked for its time, so this machine's stands in; being the only key, it
 * signs whatever the times say, and the first look at the life of keys sets them right.
 */
function newRing(master: LocalKey, nowMs: number): StoredKeyRing {
  const pepper = makeLocalKey();
  return {
    version: 1,
    masterKeyId: master.keyId,
    keys: [
      {
        ...signingKeyMaker(master)(),
        createTimeMs: nowMs,
        activateTimeMs: nowMs,
        retireTimeMs: undefined,
        removeTimeMs: undefined,
        revokeTimeMs: undefined,
      },
    ],
    peppers: [{ pepperId: pepper.keyId, wrapped: wrapLocalKey(pepper, master) }],
  };
}
