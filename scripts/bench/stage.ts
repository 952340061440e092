/** How a section is to run, and where it says how far it is. */
export interface Stage {
  readonly smoke: boolean;
  readonly rounds: number;
  /** A number of requests, or less where it only has to be shown that all works. */
  count(full: number, smoke: number): number;
  progress(text: string): void;
}

/** Runs a part with what it needs, and takes that down again in reverse, whatever happens. */
export async function withThings<T>(
  run: (
    add: <Thing extends { stop(): Promise<unknown> }>(thing: Promise<Thing>) => Promise<Thing>,
  ) => Promise<T>,
): Promise<T> {
  const things: { stop(): Promise<unknown> }[] = [];
  try {
    return await run(async (starting) => {
      const thing = await starting;
      things.push(thing);
      return thing;
    });
  } finally {
    for (const thing of things.reverse()) await thing.stop();
  }
}
