import { residentMb } from '../support/process-facts.js';
import { SecretSearch } from '../support/secret-search.js';
import type { ServerProcess } from '../support/server-process.js';

/** What a server took in memory, from when it was ready to when it was last seen. */
export interface MemorySpan {
  readonly server: string;
  readonly beganMb: number;
  readonly mostMb: number;
}

/** A secret where none belongs. */
export interface Leak {
  /** A log, an answer, a page of metrics. */
  readonly where: string;
  /** What was found and in which form; never the secret itself. */
  readonly secret: string;
}

/** What was seen besides the calls: judged like them. */
export interface Testimony {
  readonly memory: readonly MemorySpan[];
  readonly leaks: readonly Leak[];
  /** How much was looked at for how many secrets, in words. */
  readonly looked: string;
}

interface Watched {
  readonly name: string;
  readonly server: ServerProcess;
  readonly beganMb: number;
  mostMb: number;
}

const LOOK_MS = 100;
const PAGES = ['metrics', 'readyz', 'livez'] as const;
const PAGE_DEADLINE_MS = 1000;

/**
 * Watches the servers of a scenario in what no call shows: how much memory they take, and whether a secret that was made
 * or used here stands in their logs, their metrics or their answers.
 */
export class Witness {
  readonly #secrets = new SecretSearch();
  readonly #servers: Watched[] = [];
  /** By where it was heard. What was said twice is kept once. */
  readonly #heard = new Map<string, Set<string>>();
  readonly #timer = setInterval(() => this.#look(), LOOK_MS).unref();

  /** Watches a server from now on, also past its end. */
  watch(name: string, server: ServerProcess): void {
    const beganMb = residentMb(server.pid);
    this.#servers.push({ name, server, beganMb, mostMb: beganMb });
  }

  /** A secret that must not stand anywhere; of a token, its signature, without which it is of no use. */
  note(name: string, secret: string | Uint8Array): void {
    this.#secrets.add(name, secret);
  }

  noteToken(token: string): void {
    this.note('token', Buffer.from(token.split('.')[2] ?? '', 'base64url').subarray(-64));
  }

  /** Something that a server said to whoever called it, without what it was asked to hand out. */
  hear(where: string, text: string): void {
    const said = this.#heard.get(where) ?? new Set();
    this.#heard.set(where, said.add(text));
  }

  /** Asks the servers that live for what they tell anybody; to be called while they do. */
  async readPages(): Promise<void> {
    for (const { name, server } of this.#servers) {
      for (const page of PAGES) {
        const address = `http://127.0.0.1:${server.ports.ops}/${page}`;
        const answer = await fetch(address, { signal: AbortSignal.timeout(PAGE_DEADLINE_MS) }).catch(
          () => undefined,
        );
        const text = await answer?.text().catch(() => undefined);
        if (text !== undefined) this.hear(`${page} of ${name}`, text);
      }
    }
  }

  /** Everything so far; it watches no longer. */
  testify(): Testimony {
    this.#look();
    clearInterval(this.#timer);
    const texts = [
      ...this.#servers.map(({ name, server }) => [`log of ${name}`, server.output()] as const),
      ...[...this.#heard].map(([where, said]) => [where, [...said].join('\n')] as const),
    ];
    const leaks = texts.flatMap(([where, text]) =>
      this.#secrets.find(Buffer.from(text)).map((secret) => ({ where, secret })),
    );
    const kilobytes = Math.ceil(texts.reduce((sum, [, { length }]) => sum + length, 0) / 1024);
    return {
      memory: this.#servers.map(({ name, beganMb, mostMb }) => ({ server: name, beganMb, mostMb })),
      leaks,
      looked: `${this.#secrets.size} secrets in ${kilobytes} kB of logs, answers and metrics`,
    };
  }

  #look(): void {
    for (const one of this.#servers) one.mostMb = Math.max(one.mostMb, residentMb(one.server.pid));
  }
}
