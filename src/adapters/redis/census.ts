import type { StoreCensus } from '../../domain/ports.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import type { StoreBinding } from './store-binding.js';

/** Counts what the store holds: lengths that Redis knows without looking. */
export async function takeCensus(room: {
  readonly keys: Keys;
  readonly link: Link;
  readonly binding: StoreBinding;
}): Promise<StoreCensus> {
  const { keys, link, binding } = room;
  const [clients, raisedGenerations, revokedTokens, auditEvents, [storeId]] = (await link.ask([
    ['zcard', keys.clients],
    ['hlen', keys.standing],
    ['zcard', keys.revoked],
    ['xlen', keys.audit],
    ['hmget', keys.marker, 'store_id'],
  ])) as [number, number, number, number, (string | null)[]];
  binding.verify(storeId);
  return { clients, raisedGenerations, revokedTokens, auditEvents };
}
