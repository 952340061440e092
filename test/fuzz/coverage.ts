import { type Profiler, Session } from 'node:inspector/promises';

/**
 * Which blocks of our source have run, as V8 counts them itself. So the fuzzer is guided by coverage on any Node, and
 * needs neither an addon nor instrumented code (`@jazzer.js/core` 4 wants a newer glibc than Debian 12 has, and earlier
 * ones fetch theirs in an install script).
 */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.note(await this.take());
  }

  /** Blocks that have run so far. */
  get blocks(): number {
    return this.#seen.size;
  }

  /** The blocks that ran since the last time and had not run before. */
  async take(): Promise<readonly string[]> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    return result.filter(({ url }) => url.includes('/src/')).flatMap((script) => this.#news(script));
  }

  /** From now on these are not new any more. */
  note(blocks: readonly string[]): void {
    for (const block of blocks) this.#seen.add(block);
  }

  stop(): void {
    this.#session.disconnect();
  }

  #news({ url, functions }: Profiler.ScriptCoverage): readonly string[] {
    return functions
      .flatMap(({ ranges }) => ranges)
      .filter(({ count }) => count > 0)
      .map(({ startOffset, endOffset }) => `${url}:${startOffset}:${endOffset}`)
      .filter((block) => !this.#seen.has(block));
  }
}
