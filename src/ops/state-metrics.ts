import { Gauge, type Registry } from 'prom-client';
import { keyStateOf, signerOf } from '../domain/key-life.js';
import type { KeyRingStore, StoreCensus } from '../domain/ports.js';

/** What is asked at each scrape. All of it settles within the store's own 300 ms. */
export interface StateSources {
  /** Whether this server would answer calls for sure now. */
  readonly ready: () => boolean;
  /** Whether the bound store would. */
  readonly storeReady: () => boolean;
  readonly keyRings: Pick<KeyRingStore, 'read'>;
  readonly census: () => Promise<StoreCensus>;
  /** When the certificate in use expires; undefined: there is none. */
  readonly tlsExpiresAtMs?: (() => number) | undefined;
  /** Who watches the feed here, and for how long it has not been confirmed; undefined: never yet. */
  readonly feed: () => { readonly watchers: number; readonly unconfirmedMs: number | undefined };
}

const KEY_STATES = ['published', 'active', 'retired', 'revoked'] as const;

/**
 * Shows how things stand. What the store holds is the same for every server on it, so of several processes the largest
 * counts; while the store does not answer, the last that it said stays.
 */
export function showState(registry: Registry, sources: StateSources): void {
  const registers = [registry];
  const flag = (name: string, help: string, value: () => boolean): void => {
    new Gauge({
      name,
      help,
      aggregator: 'min',
      registers,
      collect() {
        this.set(value() ? 1 : 0);
      },
    });
  };
  flag('countersign_ready', 'Whether this server would answer calls for sure now: 1 or 0.', sources.ready);
  flag('countersign_store_ready', 'Whether the store would answer for sure now: 1 or 0.', sources.storeReady);

  new Gauge({
    name: 'countersign_feed_watchers',
    help: 'Streams that follow the revocation feed here.',
    registers,
    collect() {
      this.set(sources.feed().watchers);
    },
  });
  new Gauge({
    name: 'countersign_feed_unconfirmed_seconds',
    help: 'For how long the feed has not been confirmed by the store: what verifiers see as staleness.',
    aggregator: 'max',
    registers,
    collect() {
      const { unconfirmedMs } = sources.feed();
      if (unconfirmedMs !== undefined) this.set(unconfirmedMs / 1000);
    },
  });
  const { tlsExpiresAtMs } = sources;
  if (tlsExpiresAtMs !== undefined) {
    new Gauge({
      name: 'countersign_tls_certificate_expiry_timestamp_seconds',
      help: 'When the certificate in use expires, in seconds since 1970.',
      aggregator: 'min',
      registers,
      collect() {
        this.set(tlsExpiresAtMs() / 1000);
      },
    });
  }
  showCensus(registers, sources.census);
  showKeys(registers, sources.keyRings);
}

function showCensus(registers: Registry[], census: StateSources['census']): void {
  const held = sharedWhilePending(census);
  new Gauge({
    name: 'countersign_ledger_entries',
    help: 'What the ledger holds, by kind.',
    labelNames: ['kind'],
    aggregator: 'max',
    registers,
    async collect() {
      const counted = await held();
      if (counted === undefined) return;
      this.set({ kind: 'client' }, counted.raisedGenerations);
      this.set({ kind: 'token' }, counted.revokedTokens);
    },
  });
  new Gauge({
    name: 'countersign_clients',
    help: 'Clients registered.',
    aggregator: 'max',
    registers,
    async collect() {
      const counted = await held();
      if (counted !== undefined) this.set(counted.clients);
    },
  });
  new Gauge({
    name: 'countersign_audit_events',
    help: 'Events in the capped audit trail.',
    aggregator: 'max',
    registers,
    async collect() {
      const counted = await held();
      if (counted !== undefined) this.set(counted.auditEvents);
    },
  });
}

function showKeys(registers: Registry[], keyRings: StateSources['keyRings']): void {
  const found = sharedWhilePending(() => keyRings.read());
  new Gauge({
    name: 'countersign_signing_keys',
    help: 'Signing keys, by state.',
    labelNames: ['state'],
    aggregator: 'max',
    registers,
    async collect() {
      const read = await found();
      if (read === undefined) return;
      const { keys } = read.ring;
      const states = keys.map((key) => keyStateOf(key, keys, read.storeTimeMs));
      for (const state of KEY_STATES) this.set({ state }, states.filter((one) => one === state).length);
    },
  });
  new Gauge({
    name: 'countersign_signing_key_age_seconds',
    help: 'For how long the active key has signed.',
    aggregator: 'max',
    registers,
    async collect() {
      const read = await found();
      if (read === undefined) return;
      const since = signerOf(read.ring.keys, read.storeTimeMs)?.activateTimeMs;
      if (since !== undefined) this.set((read.storeTimeMs - since) / 1000);
    },
  });
}

/** One question for all who ask at once; undefined when it was not answered. */
function sharedWhilePending<T>(ask: () => Promise<T>): () => Promise<T | undefined> {
  let pending: Promise<T | undefined> | undefined;
  return () => {
    pending ??= ask()
      .catch(() => undefined)
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };
}
