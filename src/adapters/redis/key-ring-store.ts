import { type KeyRingStore, type StoreMarker, StoreUnusable } from '../../domain/ports.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import { ringFromText, ringToText } from './ring-text.js';
import type { RunChange } from './scripts.js';
import type { StoreBinding } from './store-binding.js';

/** Marker and key ring, in Redis. */
export function makeRedisKeyRingStore(room: {
  readonly keys: Keys;
  readonly link: Link;
  readonly binding: StoreBinding;
  readonly change: RunChange;
}): KeyRingStore {
  const { keys, link, binding, change } = room;

  return {
    async read() {
      const [ringText, others, time, fields] = (await link.ask([
        ['get', keys.ring],
        ['exists', keys.standing, keys.revoked, keys.clients, keys.feed],
        ['time'],
        ['hmget', keys.marker, 'store_id', 'schema', 'issuer', 'bootstrap'],
      ])) as [string | null, number, [string, string], (string | null)[]];
      const [storeId = null] = fields;
      binding.verify(storeId);
      if (storeId === null && ringText === null) {
        if (others === 0) return undefined;
        throw new StoreUnusable(
          'Redis holds clients or revocations but neither marker nor key ring: restore it.',
        );
      }
      if (storeId === null) throw new StoreUnusable('Redis holds a key ring but no marker: restore it.');
      if (ringText === null) throw new StoreUnusable('Redis holds a marker but no key ring: restore it.');
      return {
        marker: markerFrom(fields),
        ring: ringFromText(ringText),
        storeTimeMs: Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000),
      };
    },

    async found(marker, ring) {
      const { done } = await change('found-store', {
        keys: [keys.ring, keys.revoked, keys.clients],
        args: [ringToText(ring), ...markerToPairs(marker), 'ring_version', ring.version],
      });
      return done;
    },

    bind: (storeId) => binding.bind(storeId),

    async replace(ring, { revoked, audit }) {
      const { done } = await change('replace-key-ring', {
        keys: [keys.ring],
        args: [ringToText(ring), ring.version, ring.version - 1, revoked ?? ''],
        audit,
      });
      return done;
    },
  };
}

const markerToPairs = (marker: StoreMarker): readonly (string | number)[] => [
  'store_id',
  marker.storeId,
  'schema',
  marker.schemaVersion,
  'issuer',
  marker.issuer,
  'bootstrap',
  marker.bootstrapDone ? 1 : 0,
];

const markerFrom = ([storeId, schema, issuer, bootstrap]: readonly (string | null)[]): StoreMarker => ({
  schemaVersion: Number(schema),
  storeId: storeId ?? '',
  issuer: issuer ?? '',
  bootstrapDone: bootstrap === '1',
});
