import { randomBytes } from 'node:crypto';
import type { Clock, Store } from '../../domain/ports.js';
import { makeSharedThrottle } from '../throttle/shared-throttle.js';
import { makeRedisAuditTrail } from './audit-trail.js';
import { takeCensus } from './census.js';
import { makeRedisClientStore } from './client-store.js';
import { timeToText } from './client-text.js';
import { makeRedisFeedSource } from './feed-source.js';
import { inspectRedis } from './inspect-redis.js';
import { makeRedisKeyRingStore } from './key-ring-store.js';
import { type Keys, keysUnder } from './keys.js';
import { Link } from './link.js';
import { LookBatcher } from './look-batcher.js';
import { type ConnectionKind, openClient } from './open-client.js';
import { Pulse } from './pulse.js';
import { makeRedisRevocationLedger } from './revocation-ledger.js';
import { ScriptRunner } from './script-runner.js';
import { makeRunChange, type RunChange } from './scripts.js';
import { watchSentinels } from './sentinel-watch.js';
import { StoreBinding } from './store-binding.js';
import type { RedisTarget } from './store-url.js';
import { TouchLog } from './touch-log.js';

export interface RedisStoreOptions {
  readonly target: RedisTarget;
  /** Certificate authority for TLS, PEM; undefined: the system's. */
  readonly ca?: string | undefined;
  /** The hash tag that every key begins with. */
  readonly keyPrefix: string;
  /** How many replicas must hold a change before it is answered. */
  readonly waitReplicas: number;
  readonly clock: Clock;
  /** How long to wait for Redis at the start, in ms; 5000 by default. */
  readonly startTimeoutMs?: number;
  /** About how many entries the feed keeps; 1 000 000 by default. */
  readonly feedLength?: number;
  readonly onEvent?: (event: RedisEvent) => void;
}

/** Something for the log. Holds no secret and no arguments of a command. */
export type RedisEvent =
  | { readonly kind: 'connected'; readonly connection: ConnectionKind }
  | { readonly kind: 'lost'; readonly connection: ConnectionKind; readonly reason: Error };

const DEADLINE_MS = 250;
/** Longer than the wait for replicas, so that their count is known, and shorter than what callers are promised. */
const WRITER_DEADLINE_MS = 280;
const FEED_DEADLINE_MS = 500;
const MAX_IN_FLIGHT = 1000;
const AUDIT_LENGTH = 100_000;
const FEED_LENGTH = 1_000_000;

/**
 * Opens the store of one issuer in Redis; see `domain/ports.ts` for what it then promises.
 *
 * @throws {Error} when Redis cannot be reached in time, refuses the credentials, or has too few replicas that confirm
 *   what it holds; names the place, never the password
 */
export async function connectRedisStore(options: RedisStoreOptions): Promise<Store> {
  const { target, clock, waitReplicas, onEvent = () => undefined } = options;
  const linkOf = (kind: ConnectionKind, deadlineMs: number): Link =>
    new Link(openClient(kind, { target, ca: options.ca }), { deadlineMs, maxInFlight: MAX_IN_FLIGHT });
  const ordinary = linkOf('ordinary', DEADLINE_MS);
  const writer = linkOf('writer', waitReplicas > 0 ? WRITER_DEADLINE_MS : DEADLINE_MS);

  const keys = keysUnder(options.keyPrefix);
  const binding = new StoreBinding(clock, { needsBeat: waitReplicas > 0 });
  const listeners: ((ready: boolean) => void)[] = [];
  const closing = new AbortController();
  const isReady = (): boolean =>
    !closing.signal.aborted &&
    ordinary.usable &&
    writer.usable &&
    pulse.answers &&
    binding.epoch !== undefined &&
    binding.isRightStore &&
    binding.isRestored &&
    binding.isFresh;
  let wasReady = false;
  const onTurn = (): void => {
    const ready = isReady();
    if (ready === wasReady) return;
    wasReady = ready;
    for (const listener of listeners) listener(ready);
  };
  const pulse = new Pulse({
    ordinary,
    writer,
    keys,
    binding,
    clock,
    serverId: randomBytes(8).toString('hex'),
    waitReplicas,
    onTurn,
  });
  binding.onTurn = onTurn;
  for (const [connection, link] of [['ordinary', ordinary] as const, ['writer', writer] as const]) {
    link.watch(
      () => {
        onEvent({ kind: 'connected', connection });
        pulse.hurry();
      },
      (reason) => {
        onEvent({ kind: 'lost', connection, reason });
        pulse.doubt();
      },
    );
  }

  const startTimeoutMs = options.startTimeoutMs ?? 5000;
  const sentinels = await watchSentinels({ target, ca: options.ca }, () => {
    ordinary.renew();
    writer.renew();
  });
  try {
    await Promise.all([ordinary.connected(startTimeoutMs), writer.connected(startTimeoutMs)]);
    if (!(await pulse.start(startTimeoutMs))) {
      throw new Error(`fewer than ${waitReplicas} of its replicas confirm what it holds`);
    }
  } catch (error) {
    pulse.stop();
    sentinels.close();
    ordinary.close();
    writer.close();
    throw new Error(`Redis at ${placeOf(target)} cannot be used: ${(error as Error).message}`);
  }

  const kept = { feed: options.feedLength ?? FEED_LENGTH, audit: AUDIT_LENGTH };
  const change = makeRunChange(new ScriptRunner(writer, waitReplicas), keys, binding, kept);
  const looks = new LookBatcher(ordinary, keys, binding);
  const touches = touchLogOver(keys, makeRunChange(new ScriptRunner(ordinary, 0), keys, binding, kept));
  const keyRings = makeRedisKeyRingStore({ keys, link: ordinary, binding, change });

  return {
    clients: makeRedisClientStore({ keys, link: ordinary, binding, looks, change, touches, clock }),
    ledger: makeRedisRevocationLedger({ keys, looks, change, clock }),
    keyRings,
    feed: makeRedisFeedSource({
      keys,
      link: ordinary,
      binding,
      change,
      keyRings,
      clock,
      openLink: () => linkOf('feed', FEED_DEADLINE_MS),
      closed: closing.signal,
    }),
    audit: makeRedisAuditTrail({ keys, link: ordinary, binding, closed: closing.signal }),
    throttle: makeSharedThrottle({ ask: (commands) => ordinary.ask(commands), keyOf: keys.failures, clock }),
    census: () => takeCensus({ keys, link: ordinary, binding }),
    ready: isReady,
    onReadyChange: (listener) => void listeners.push(listener),
    inspect: () => inspectRedis(ordinary, keys),
    close: async () => {
      if (closing.signal.aborted) return;
      await touches.flush();
      closing.abort();
      pulse.stop();
      sentinels.close();
      onTurn();
      ordinary.close();
      writer.close();
    },
  };
}

const touchLogOver = (keys: Keys, change: RunChange): TouchLog =>
  new TouchLog(async (touches) => {
    await change('touch-secrets', {
      keys: touches.map(({ clientId }) => keys.client(clientId)),
      args: touches.flatMap(({ secretId, timeMs }) => [secretId, timeToText(timeMs)]),
    });
  });

/** Where a target is, in words, without its credentials. */
function placeOf(target: RedisTarget): string {
  const addresses =
    target.kind === 'standalone' ? [target] : target.kind === 'cluster' ? target.nodes : target.sentinels;
  return addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
}
