import type { StoreFinding } from '../../domain/ports.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import { withoutArguments } from './redis-fault.js';

const MIN_VERSION = [6, 2] as const;

/**
 * What an operator should know of the Redis behind a connection: an eviction policy that drops revocations, a version
 * too old, no append-only file, or one that is written to disk only after the answer. `INFO` says all but the last, also
 * where `CONFIG` is denied or renamed; then nothing is said of that.
 */
export async function inspectRedis(link: Link, keys: Keys): Promise<readonly StoreFinding[]> {
  link.enter();
  // The marker goes first to send the rest to the node of our keys, on Cluster.
  const replies = await link
    .run([
      ['exists', keys.marker],
      ['info', 'server'],
      ['info', 'memory'],
      ['info', 'persistence'],
      ['config', 'get', 'appendfsync'],
    ])
    .finally(() => link.leave(1));
  const told = replies.slice(0, -1);
  const denied = told.find((reply) => reply instanceof Error);
  if (denied !== undefined) {
    const reason = withoutArguments(denied).message;
    return [
      {
        severity: 'refuse',
        message: `Redis does not let this user run INFO, which the revocation feed needs: ${reason}`,
      },
    ];
  }
  const info = told.slice(1).join('\n');
  return [versionFinding(info), evictionFinding(info), persistenceFinding(info, replies.at(-1))].filter(
    (finding) => finding !== undefined,
  );
}

const fieldOf = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

function versionFinding(info: string): StoreFinding | undefined {
  const version = fieldOf(info, 'redis_version') ?? 'unknown';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > MIN_VERSION[0] || (major === MIN_VERSION[0] && minor >= MIN_VERSION[1])) return undefined;
  return { severity: 'refuse', message: `Redis is of version ${version}, but 6.2 is needed at least.` };
}

function evictionFinding(info: string): StoreFinding | undefined {
  const policy = fieldOf(info, 'maxmemory_policy');
  if (policy === 'noeviction') return undefined;
  if (policy === undefined) {
    return { severity: 'warn', message: 'Redis does not say its maxmemory-policy. It must be noeviction.' };
  }
  return {
    severity: 'refuse',
    message: `Redis has the maxmemory-policy ${policy}: when memory runs out it would silently drop revocations. Set it to noeviction.`,
  };
}

function persistenceFinding(info: string, flush: unknown): StoreFinding | undefined {
  if (fieldOf(info, 'aof_enabled') !== '1') {
    return {
      severity: 'warn',
      message:
        'Redis keeps no append-only file: a crash loses revocations that were answered with OK. Set appendonly yes.',
    };
  }
  const [, policy] = Array.isArray(flush) ? flush : [];
  if (typeof policy !== 'string' || policy === 'always') return undefined;
  return {
    severity: 'warn',
    message: `Redis has appendfsync ${policy}: what it answers is not on disk yet, so a power cut loses the last revocations that were answered with OK. Set it to always.`,
  };
}
