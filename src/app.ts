/**
 * The wiring: the one file that knows every room. What is opened registers its closer on the next line; a start that
 * fails closes what it had opened.
 */

import { startCheckingThread } from './adapters/paseto/checking-thread.js';
import { openKeyRing } from './adapters/paseto/key-ring.js';
import { makeLocalKey } from './adapters/paseto/paserk.js';
import { selfTest } from './adapters/paseto/self-test.js';
import { startSigningThread } from './adapters/paseto/signing-thread.js';
import { makeTokenCodec } from './adapters/paseto/token-codec.js';
import { secretGenerator } from './adapters/secrets/secret-generator.js';
import { makeSecretHasher } from './adapters/secrets/secret-hasher.js';
import { makeRandomIds, systemClock } from './adapters/system.js';
import { makeLocalQuota } from './adapters/throttle/local-quota.js';
import { makeCallLog } from './call-log.js';
import { type Closers, makeClosers } from './closers.js';
import type { Config } from './config/load-config.js';
import { FeedHub } from './domain/feed-hub.js';
import { bootstrapAdministrator, type FirstAdministrator } from './domain/first-administrator.js';
import type { IssueQuota } from './domain/issue-quota.js';
import { makeMintSecret } from './domain/mint-secret.js';
import { StoreUnusable } from './domain/ports.js';
import { makeHoldAdmission } from './domain/standing-admission.js';
import type { TimedClock } from './domain/timers.js';
import { makeUseCases } from './domain/use-cases.js';
import type { Logger } from './log.js';
import { openStore, refuseUnsafeStore } from './open-store.js';
import { allObservers } from './ops/all-observers.js';
import { makeCallSpans } from './ops/call-spans.js';
import { type MetricsSnapshot, makeMetrics } from './ops/metrics.js';
import { startOpsServer } from './ops/ops-server.js';
import { timeStore } from './ops/store-metrics.js';
import { reservePort } from './reserve-port.js';
import { TlsFilesUnusable, type WatchedTlsFiles, watchTlsFiles } from './tls/watch-tls-files.js';
import { Crowd } from './wire/crowd.js';
import { feedMessages } from './wire/grpc/feed-messages.js';
import { startGrpcServer } from './wire/grpc/server.js';
import { makeWatchRevocations } from './wire/grpc/watch-revocations.js';
import { type HttpGateway, startHttpGateway } from './wire/http/server.js';
import { makeSourceAddress } from './wire/http/source-address.js';

export interface AppDeps {
  readonly log: Logger;
  /** This machine's clocks. */
  readonly clock?: TimedClock;
  /**
   * The time that tokens and secrets go by, in ms since 1970. By default the store's, so that servers agree whose own
   * clocks do not.
   */
  readonly sharedTime?: () => number;
  /** What the threads for signatures run; for when the sources are not compiled. */
  readonly workers?: { readonly signing: URL; readonly checking: URL };
  /** Is told whether this server would answer calls for sure, once it serves and whenever that changes. */
  readonly onReadyChange?: (ready: boolean) => void;
}

export interface RunningApp {
  /** The real ports; undefined for a door that is off. */
  readonly ports: {
    readonly grpc: number;
    readonly http: number | undefined;
    readonly ops: number | undefined;
  };
  readonly issuer: string;
  /** The first administrator, where this start made it. */
  readonly administrator: FirstAdministrator | undefined;
  /** This process's metrics, for whoever serves them for several. */
  metrics(): Promise<MetricsSnapshot>;
  /** Drains and closes everything, once; answers the names of what did not close in time. */
  stop(): Promise<readonly string[]>;
}

/** Store or certificates cannot be served as they are; its words are for the operator, and the exit status is 2. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

const DRAIN_MS = 10_000;
const CLOSE_MS = 2_000;
const KEY_UPKEEP_MS = 1_000;

/** Opens the store, then the keys, then the doors. Rejects with {@link StartRefused} or with what went wrong. */
export async function startApp(config: Config, deps: AppDeps): Promise<RunningApp> {
  const closers = makeClosers();
  try {
    return await start(config, deps, closers);
  } catch (err) {
    await closers.closeAll();
    throw err instanceof StoreUnusable || err instanceof TlsFilesUnusable
      ? new StartRefused(err.message)
      : err;
  }
}

async function start(config: Config, deps: AppDeps, closers: Closers): Promise<RunningApp> {
  const { log, clock = systemClock } = deps;

  const metrics = makeMetrics();
  closers.add('metrics', CLOSE_MS, metrics.close);
  const callLog = makeCallLog(log, { linesPerSecond: config.logCallsPerSecond, monotonic: clock.monotonic });
  const observer = allObservers(callLog, metrics.observer, makeCallSpans());
  const tls = config.tls && watchCertificates(config.tls, log, clock);
  if (tls !== undefined) closers.add('certificates', CLOSE_MS, tls.close);

  const plainStore = await openStore(config, clock, log);
  closers.add('store', CLOSE_MS, plainStore.close);
  await refuseUnsafeStore(plainStore, log);
  const store = timeStore(plainStore, metrics.store);

  // On the embedded store the issuer is where HTTP really listens, which has to be known before anything is made of it.
  const httpListen = config.httpListen && (await reservePort(config.httpListen));
  const issuer = config.issuer ?? addressOf(httpListen ?? config.grpcListen, tls !== undefined);

  const keys = await openKeyRing({
    store: store.keyRings,
    masterKeys: masterKeysOf(config),
    issuer,
    clock,
    policy: config.keyPolicy,
    maintainEveryMs: KEY_UPKEEP_MS,
    onMaintenanceError: (err) =>
      log.warn({ err }, 'the upkeep of the signing keys failed and is tried again'),
  });
  closers.add('keys', CLOSE_MS, keys.close);

  const sharedClock: TimedClock = { ...clock, now: deps.sharedTime ?? keys.now };

  const ids = makeRandomIds();
  const hasher = makeSecretHasher(keys);
  const generator = secretGenerator;
  const mintSecret = makeMintSecret({ generator, hasher, ids });
  const administrator = await firstAdministrator(config, {
    clients: store.clients,
    mintSecret,
    clock: sharedClock,
    issuer,
  });
  if (administrator !== undefined) {
    log.info({ client_id: administrator.clientId }, 'made the first administrator');
  }

  await selfTest();
  const threadDied = (err: Error): void =>
    log.error({ err }, 'a thread for signatures died, and another one takes over');
  const signer = startSigningThread({ worker: deps.workers?.signing, onDeath: threadDied });
  closers.add('signing thread', CLOSE_MS, signer.close);
  const checker = startCheckingThread({ worker: deps.workers?.checking, onDeath: threadDied });
  closers.add('checking thread', CLOSE_MS, checker.close);
  const codec = makeTokenCodec({ keys, issuer, signer, checker });
  const useCases = makeUseCases(
    { ...store, keys, codec, hasher, generator, ids, clock: sharedClock, ...quotaFrom(config, clock) },
    {
      issuer,
      life: config.tokenLife,
      refreshAfterSeconds: config.refreshAfterSeconds,
      keyPolicy: config.keyPolicy,
    },
  );

  const hub = new FeedHub({
    source: store.feed,
    clock,
    encoder: feedMessages,
    onEvent: ({ kind, ...details }) => log.info({ feed: kind, ...details }, 'revocation feed'),
  });
  closers.add('feed', CLOSE_MS, () => hub.close());
  const holdAdmission = makeHoldAdmission({ admit: useCases.admit, feed: hub, clock: sharedClock });

  // From when the doors are open until they begin to close. The operations port is open for longer on both sides.
  let serving = false;
  const ready = (): boolean => serving && store.ready() && keys.ready();
  metrics.show({
    ready,
    storeReady: () => store.ready(),
    keyRings: store.keyRings,
    census: () => store.census(),
    feed: () => feedState(hub),
    tlsExpiresAtMs: tls?.expiresAtMs,
  });
  const ops =
    config.opsListen && (await startOpsServer({ listen: config.opsListen, ready, metrics: metrics.render }));
  if (ops !== undefined) closers.add('operations', CLOSE_MS, ops.stop);

  const sourceAddress = makeSourceAddress(config.trustedProxies);
  const crowd = new Crowd();
  const grpc = await startGrpcServer({
    useCases,
    listen: config.grpcListen,
    observer,
    reflection: config.reflection,
    watchRevocations: makeWatchRevocations({ hub, holdAdmission, clock }),
    holdAdmission,
    sourceAddress,
    tls,
    crowd,
    limits: { connectionAgeMs: config.maxConnectionAgeSeconds * 1000 },
  });
  let http: HttpGateway | undefined;
  closers.add('doors', DRAIN_MS + CLOSE_MS, async () => {
    await Promise.all([grpc.stop(DRAIN_MS), http?.stop(DRAIN_MS)]);
  });
  http =
    httpListen &&
    (await startHttpGateway({
      useCases,
      listen: httpListen,
      issuer,
      observer,
      trustedProxies: config.trustedProxies,
      tls,
      crowd,
    }));
  serving = true;

  const tellReadiness = (): void => {
    grpc.setServing(ready());
    deps.onReadyChange?.(ready());
    log.info({ ready: ready() }, 'readiness');
  };
  store.onReadyChange(tellReadiness);
  keys.onReadyChange(tellReadiness);
  grpc.setServing(ready());
  deps.onReadyChange?.(ready());

  return {
    ports: { grpc: grpc.port, http: http?.port, ops: ops?.port },
    issuer,
    administrator,
    metrics: metrics.snapshot,
    stop: async () => {
      serving = false;
      grpc.setServing(false);
      http?.leave();
      await clockRings(clock, config.drainGraceSeconds * 1000);
      return closers.closeAll();
    },
  };
}

/** Settles after so long; 0 is at once. */
const clockRings = (clock: TimedClock, delayMs: number): Promise<void> =>
  delayMs === 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(delayMs, resolve));

const quotaFrom = ({ issueQuotaPerMinute }: Config, clock: TimedClock): { quota?: IssueQuota } =>
  issueQuotaPerMinute === 0 ? {} : { quota: makeLocalQuota({ perMinute: issueQuotaPerMinute, clock }) };

function feedState(hub: FeedHub<Buffer>): { watchers: number; unconfirmedMs: number | undefined } {
  const { watchers, lagMs } = hub.status();
  return { watchers, unconfirmedMs: Number.isFinite(lagMs) ? lagMs : undefined };
}

function watchCertificates(
  files: NonNullable<Config['tls']>,
  log: Logger,
  clock: TimedClock,
): WatchedTlsFiles {
  return watchTlsFiles({
    files,
    now: clock.now,
    onEvent: (event) => {
      if (event.kind === 'renewed')
        log.info({ expires_at_ms: event.expiresAtMs }, 'took over new certificates');
      else log.error({ faults: event.faults }, 'the new certificates are no good; the old ones stay in use');
    },
  });
}

/** An ephemeral key is enough where the store forgets everything, too. */
function masterKeysOf(config: Config): Parameters<typeof openKeyRing>[0]['masterKeys'] {
  return {
    current: config.masterKey ?? makeLocalKey(),
    previous: config.previousMasterKey,
  };
}

function firstAdministrator(
  config: Config,
  ports: Parameters<typeof bootstrapAdministrator>[0],
): Promise<FirstAdministrator | undefined> {
  if (config.bootstrap !== undefined) return bootstrapAdministrator(ports, config.bootstrap);
  if (config.store.kind !== 'memory') return Promise.resolve(undefined);
  return bootstrapAdministrator(ports, { clientId: 'admin', secret: '' });
}

const addressOf = ({ host, port }: { host: string; port: number }, isTls: boolean): string =>
  `${isTls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
