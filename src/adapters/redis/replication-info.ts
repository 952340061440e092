import { redisFault } from './redis-fault.js';

/**
 * The epoch of a master, from `INFO replication`: its replication id. That changes when Redis restarts or fails over,
 * which is when acknowledged changes may be gone and sequences be used again; so it must not be kept in Redis itself.
 * Fails with `temporarily_unavailable` when this is no master.
 */
export function epochOf(info: string): string {
  const id = /^master_replid:([0-9a-f]+)\r?$/m.exec(info)?.[1];
  if (id === undefined || !/^role:master\r?$/m.test(info)) {
    throw redisFault(new Error('this Redis is no master'));
  }
  return id;
}
