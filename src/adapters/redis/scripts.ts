import { AuthError, clientNotFound, conflict, temporarilyUnavailable } from '../../domain/errors.js';
import type { Generation } from '../../domain/ids.js';
import type { AuditEntry } from '../../domain/ports.js';
import type { Keys } from './keys.js';
import type { ScriptName } from './lua-files.js';
import type { ScriptRunner } from './script-runner.js';
import type { StoreBinding } from './store-binding.js';

/** How many entries the streams keep. */
export interface StreamLengths {
  readonly feed: number;
  readonly audit: number;
}

/** What a script is asked for, beside what every script gets. */
export interface Change {
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  readonly audit?: AuditEntry | undefined;
}

/**
 * Runs a script and answers whether it did what it was asked to (`NO` is false), with the generation that it raised
 * to. Fails as the ports say: with `not_found`, `conflict`, `already_exists` or `temporarily_unavailable`.
 */
export type RunChange = (
  name: ScriptName,
  change: Change,
) => Promise<{ readonly done: boolean; readonly generation: Generation }>;

/** The one place that knows what every script gets, and that turns what scripts return into errors. */
export function makeRunChange(
  runner: ScriptRunner,
  keys: Keys,
  binding: StoreBinding,
  kept: StreamLengths,
): RunChange {
  const commonKeys = [keys.marker, keys.standing, keys.feed, keys.audit];

  return async (name, change) => {
    const audit = change.audit === undefined ? '' : JSON.stringify(change.audit);
    const reply = await runner.run(
      name,
      [...commonKeys, ...change.keys],
      [binding.storeId, audit, kept.feed, kept.audit, binding.floor, ...change.args],
    );
    const [tag, generationText] = reply.split(' ');
    switch (tag) {
      case 'OK': {
        const generation = Number(generationText ?? 0) as Generation;
        binding.saw(generation);
        return { done: true, generation };
      }
      case 'NO':
        return { done: false, generation: 0 as Generation };
      case 'NOT_FOUND':
        throw clientNotFound();
      case 'EXISTS':
        throw new AuthError('already_exists', 'There is a client by that id.');
      case 'CONFLICT':
        throw conflict('The client has changed meanwhile. Read it again.');
      case 'WRONG_STORE':
        throw temporarilyUnavailable(
          new Error('this Redis is empty, or another one than the server started on'),
        );
      default:
        throw new Error(`the script ${name} returned something unknown`);
    }
  };
}
