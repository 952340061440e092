/**
 * What by its nature is not a client's: it works on the store or the master key, or is the server itself. The rest of
 * this room reaches it by `import()` alone, so that the plain client loads neither a server nor a store.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type OpenKeyRing, openKeyRing } from '../adapters/paseto/key-ring.js';
import {
  type LocalKey,
  makeLocalKey,
  paserkFromLocalKey,
  secretKeyFromPaserk,
} from '../adapters/paseto/paserk.js';
import { wrapSecretKey } from '../adapters/paseto/pie-wrap.js';
import {
  InvalidPaserk,
  parsePublicToken,
  verificationKeyFromPaserk,
  verifyPublicToken,
} from '../adapters/paseto/public-token.js';
import { contentOfRing, type MasterKeys, masterKeyOf } from '../adapters/paseto/ring-content.js';
import { connectRedisStore } from '../adapters/redis/connect.js';
import { secretGenerator } from '../adapters/secrets/secret-generator.js';
import { makeSecretHasher } from '../adapters/secrets/secret-hasher.js';
import { makeRandomIds, systemClock } from '../adapters/system.js';
import { type Config, ConfigError, loadConfig } from '../config/load-config.js';
import { AuthError } from '../domain/errors.js';
import { importIntoRing } from '../domain/import-signing-key.js';
import { makeMintSecret } from '../domain/mint-secret.js';
import { type AuditEntry, type Store, StoreUnusable } from '../domain/ports.js';
import { recoverAdministrator as recover } from '../domain/recover-administrator.js';
import { signingKeysOf } from '../domain/signing-key.js';
import type { SettingsFacts, StoreContents, StoreFacts } from './doctor/facts.js';
import { EXIT, EXIT_OF_CODE } from './exit-code.js';
import { CliFailure, settingsFailure, usageFailure } from './failure.js';

/** Somebody waits for this command; a server at its start may be more patient. */
const START_TIMEOUT_MS = 2000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs the server until it is told to stop; it then ends the process by itself. */
export async function serve(): Promise<void> {
  await import('../main.js');
}

/** A fresh master key, with the id by which it can be told from others. */
export function generateMasterKey(): { readonly masterKey: string; readonly keyId: string } {
  const key = makeLocalKey();
  return { masterKey: paserkFromLocalKey(key), keyId: key.keyId };
}

/** Whether this key signed the token and its claims have our form; undefined where the key is no usable `k4.public`. */
export async function isSignedBy(token: string, paserk: string): Promise<boolean | undefined> {
  try {
    const key = verificationKeyFromPaserk(paserk);
    const parsed = parsePublicToken(token);
    return parsed !== undefined && (await verifyPublicToken(parsed, key)) !== undefined;
  } catch (err) {
    if (err instanceof InvalidPaserk) return undefined;
    throw err;
  }
}

/**
 * Makes an administrator, or gives the one by this id a fresh secret, in the store that the server's settings name.
 * Fails as `CliFailure`.
 */
export const recoverAdministrator = (
  env: Environment,
  clientId: string,
): Promise<{ readonly clientId: string; readonly secret: string; readonly existed: boolean }> =>
  withKeyRing(env, ({ store, ring, issuer }) =>
    recover(
      {
        clients: store.clients,
        mintSecret: makeMintSecret({
          generator: secretGenerator,
          hasher: makeSecretHasher(ring),
          ids: makeRandomIds(),
        }),
        clock: { ...systemClock, now: ring.now },
        issuer,
      },
      { clientId, requestId: randomUUID() },
    ),
  );

/** Publishes a signing key brought from elsewhere. Answers its id, and false where the ring had it already. */
export function importSigningKey(
  env: Environment,
  paserk: string,
): Promise<{ readonly keyId: string; readonly imported: boolean; readonly signsFromMs: number | undefined }> {
  return withKeyRing(env, async ({ ring, config, masterKeys }) => {
    const key = secretKeyOrFail(paserk);
    const { keyId, publicKey } = key.verificationKey;
    let imported = false;
    const { keys } = await ring.change((stored, storeTimeMs) => {
      const wrappedSecret = wrapSecretKey(key, masterKeyOf(stored, masterKeys));
      const next = importIntoRing(stored, { keyId, publicKey, wrappedSecret }, storeTimeMs, config.keyPolicy);
      imported = next !== undefined;
      return next && { ring: next, audit: keyAudit('ImportSigningKey', keyId) };
    });
    return { keyId, imported, signsFromMs: keys.find((one) => one.keyId === keyId)?.activateTimeMs };
  });
}

/** Wraps everything anew under the current master key; answers its id, and false when it was under that one already. */
export const rewrapKeys = (
  env: Environment,
): Promise<{ readonly masterKeyId: string; readonly rewrapped: boolean }> =>
  withKeyRing(env, async ({ ring, masterKeys }) => {
    const masterKeyId = masterKeys.current.keyId;
    return { masterKeyId, rewrapped: await ring.rewrap(keyAudit('RewrapKeys', masterKeyId)) };
  });

/** What can be said of the server's settings without asking anyone. */
export function examineSettings(env: Environment): SettingsFacts {
  try {
    const config = configFrom(env);
    return {
      faults: [],
      tls: config.tls,
      forgetful: config.store.kind === 'memory',
      plaintextBeyondLoopback: config.tls === undefined && env.COUNTERSIGN_ALLOW_PLAINTEXT === 'true',
    };
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    return { faults: err.faults, tls: undefined, forgetful: false, plaintextBeyondLoopback: false };
  }
}

/** What can be said of the store that faultless settings name. Writes nothing. Undefined: it is in the server's memory. */
export async function examineStore(env: Environment): Promise<StoreFacts | undefined> {
  const config = configFrom(env);
  if (config.store.kind === 'memory') return undefined;
  let store: Store;
  try {
    store = await openStore(config, config.store);
  } catch (err) {
    return { kind: 'unreachable', reason: err instanceof Error ? err.message : String(err) };
  }
  try {
    const findings = await store.inspect();
    try {
      return { kind: 'reached', findings, contents: await contentsOf(store, config), unusable: undefined };
    } catch (err) {
      if (!(err instanceof StoreUnusable)) throw err;
      return { kind: 'reached', findings, contents: undefined, unusable: err.message };
    }
  } finally {
    await store.close();
  }
}

async function contentsOf(store: Store, config: Config): Promise<StoreContents | undefined> {
  const askedAtMs = Date.now();
  const found = await store.keyRings.read();
  const answeredAtMs = Date.now();
  if (found === undefined) return undefined;
  const { marker, ring, storeTimeMs } = found;
  const masterKeys = masterKeysOf(config);
  const wrappedBy = (key: LocalKey | undefined): boolean => key?.keyId === ring.masterKeyId;
  const masterKey = wrappedBy(masterKeys.current)
    ? 'current'
    : wrappedBy(masterKeys.previous)
      ? 'previous'
      : 'unknown';
  // Unwraps everything, and so finds what is damaged.
  if (masterKey !== 'unknown') contentOfRing(ring, masterKeys);
  return {
    clockAheadMs: (askedAtMs + answeredAtMs) / 2 - storeTimeMs,
    clockErrorMs: (answeredAtMs - askedAtMs) / 2,
    issuer: marker.issuer,
    issuerWanted: config.issuer,
    masterKey,
    previousMasterKeySet: masterKeys.previous !== undefined,
    keys: signingKeysOf({ keys: ring.keys, storeTimeMs }, config.keyPolicy),
    keyPeriodMs: config.keyPolicy.periodMs,
    storeTimeMs,
  };
}

interface KeyRingRoom {
  readonly config: Config;
  readonly store: Store;
  readonly ring: OpenKeyRing;
  readonly masterKeys: MasterKeys;
  readonly issuer: string;
}

/** Works on the store that the settings name, as the server would: same issuer, same master key, or not at all. */
async function withKeyRing<T>(env: Environment, work: (room: KeyRingRoom) => Promise<T>): Promise<T> {
  const config = configOrFail(env);
  const { store: target, issuer } = config;
  if (target.kind === 'memory' || issuer === undefined) {
    throw settingsFailure(
      'The embedded store is in the memory of its server, out of reach of this command.',
      "set COUNTERSIGN_STORE to the server's Redis, with the server's other settings",
    );
  }
  const store = await openStore(config, target).catch((err: Error) => {
    throw new CliFailure(
      'temporarily_unavailable',
      EXIT.unavailable,
      err.message,
      'countersign doctor tells more',
      err,
    );
  });
  try {
    const masterKeys = masterKeysOf(config);
    // Opening the ring would found a blank store, and this command is for one that is there.
    if ((await store.keyRings.read()) === undefined) {
      throw settingsFailure(
        'The store is blank.',
        'start a server on it first; are address and key prefix right?',
      );
    }
    const ring = await openKeyRing({
      store: store.keyRings,
      masterKeys,
      issuer,
      clock: systemClock,
      policy: config.keyPolicy,
    });
    return await work({ config, store, ring, masterKeys, issuer });
  } catch (err) {
    if (err instanceof StoreUnusable) throw settingsFailure(err.message, 'countersign doctor tells more');
    if (err instanceof AuthError)
      throw new CliFailure(err.code, EXIT_OF_CODE[err.code], err.message, undefined, err);
    throw err;
  } finally {
    await store.close();
  }
}

const openStore = (config: Config, target: Exclude<Config['store'], { kind: 'memory' }>): Promise<Store> =>
  connectRedisStore({
    target,
    ca: config.redisCa,
    keyPrefix: config.keyPrefix,
    waitReplicas: config.waitReplicas,
    clock: systemClock,
    startTimeoutMs: START_TIMEOUT_MS,
  });

const configFrom = (env: Environment): Config =>
  loadConfig(env, { readFile: (path) => readFileSync(path, 'utf8'), cores: availableParallelism() });

function configOrFail(env: Environment): Config {
  try {
    return configFrom(env);
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    const faults = err.faults.map(({ setting, problem }) => `${setting} ${problem}`).join('; ');
    throw settingsFailure(
      `The server's settings cannot be used: ${faults}.`,
      'this command needs those of the server',
    );
  }
}

/** An ephemeral key stands in where none is set, as it does in the server. */
const masterKeysOf = ({ masterKey, previousMasterKey }: Config): MasterKeys => ({
  current: masterKey ?? makeLocalKey(),
  previous: previousMasterKey,
});

function secretKeyOrFail(paserk: string): ReturnType<typeof secretKeyFromPaserk> {
  try {
    return secretKeyFromPaserk(paserk);
  } catch (err) {
    if (err instanceof InvalidPaserk) throw usageFailure('The key is no k4.secret that can be used.');
    throw err;
  }
}

const keyAudit = (action: string, target: string): AuditEntry => ({
  action,
  actor: 'recover',
  target,
  sourceAddress: 'local',
  requestId: randomUUID(),
});
