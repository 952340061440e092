import { temporarilyUnavailable } from '../../domain/errors.js';
import { isMoved, type Link, type RedisCommand, withoutErrors } from './link.js';
import { type Script, type ScriptName, scriptNamed } from './lua-files.js';
import { redisFault } from './redis-fault.js';

interface Call {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  readonly resolve: (reply: string) => void;
  readonly reject: (reason: unknown) => void;
}

/** How long Redis may wait for replicas. Shorter than the link's deadline, so that the count is known in time. */
const WAIT_MS = 200;

/**
 * Runs scripts on one connection, and waits for replicas where asked.
 *
 * All calls of one turn of the event loop go out together, with one WAIT behind them: a WAIT holds up the connection,
 * so one for each would make calls queue for one another's round trips. It has to be in the same pipeline, because it
 * counts for what its own connection wrote, and on Cluster a WAIT by itself goes to any node.
 */
export class ScriptRunner {
  readonly #link: Link;
  readonly #waitReplicas: number;
  #collected: Call[] = [];

  constructor(link: Link, waitReplicas: number) {
    this.#link = link;
    this.#waitReplicas = waitReplicas;
  }

  /**
   * Answers what the script returned. Fails with `temporarily_unavailable` when it is not known to have run, or when
   * it said OK but too few replicas have it: it may be undone by a failover, and repeating it is safe.
   */
  run(name: ScriptName, keys: readonly string[], args: readonly (string | number)[]): Promise<string> {
    const script = scriptNamed(name);
    return new Promise((resolve, reject) => {
      this.#link.enter();
      if (this.#collected.length === 0) setImmediate(() => void this.#flush());
      this.#collected.push({ script, keys, args, resolve, reject });
    });
  }

  async #flush(): Promise<void> {
    const calls = this.#collected;
    this.#collected = [];
    try {
      const again = await this.#send(calls, 'evalsha');
      if (again.length > 0) await this.#send(again, 'eval');
    } finally {
      this.#link.leave(calls.length);
    }
  }

  /** Sends calls and settles them; answers those that Redis did not run and that should be sent again in full. */
  async #send(calls: readonly Call[], command: 'evalsha' | 'eval'): Promise<readonly Call[]> {
    const commands: RedisCommand[] = calls.map(({ script, keys, args }) => [
      command,
      command === 'eval' ? script.source : script.sha1,
      keys.length,
      ...keys,
      ...args,
    ]);
    if (this.#waitReplicas > 0) commands.push(['wait', this.#waitReplicas, WAIT_MS]);
    let replies: readonly unknown[];
    try {
      replies = await this.#link.run(commands);
      if (this.#waitReplicas > 0) withoutErrors(replies.slice(calls.length));
    } catch (error) {
      for (const call of calls) call.reject(redisFault(error));
      return [];
    }
    const isHeld = this.#waitReplicas === 0 || Number(replies[calls.length]) >= this.#waitReplicas;
    const notRun = calls.filter((call, index) => {
      const reply = replies[index];
      if (command === 'evalsha' && reply instanceof Error && wasNotRun(reply)) return true;
      settle(call, reply, isHeld);
      return false;
    });
    if (replies.some(isMoved)) await this.#link.findNodes();
    return notRun;
  }
}

/** NOSCRIPT: Redis forgot its scripts. MOVED: with a WAIT behind it, ioredis does not follow that by itself. */
const wasNotRun = (error: Error): boolean => error.message.startsWith('NOSCRIPT') || isMoved(error);

function settle(call: Call, reply: unknown, isHeld: boolean): void {
  if (reply instanceof Error) call.reject(redisFault(reply));
  else if (typeof reply !== 'string') call.reject(redisFault(new Error('a script returned no text')));
  else if (reply.startsWith('OK') && !isHeld) {
    call.reject(temporarilyUnavailable(new Error('too few replicas hold the change')));
  } else call.resolve(reply);
}
