import { Coverage } from './coverage.js';
import { mutate } from './mutate.js';
import { Find, type FuzzRoom, type Target } from './target.js';

/** A part of the source that reads what others wrote. */
export interface GuidedTarget {
  readonly name: string;
  readonly share: number;
  /** What is well-formed, or nearly so. */
  readonly seeds: readonly (string | Uint8Array)[];
  /** Words of the language that is read. */
  readonly words: readonly string[];
  /** Reads one input; fails with anything at all if that was not as it must be. */
  judge(input: Buffer): void | Promise<void>;
}

const BATCH = 256;

/** Feeds it inputs that grow from those which made something run that had not run before. */
export function guided(target: GuidedTarget): Target {
  return { name: target.name, share: target.share, run: (room) => run(target, room) };
}

async function run({ seeds, words, judge }: GuidedTarget, room: FuzzRoom): Promise<void> {
  const corpus: Buffer[] = seeds.map((seed) => Buffer.from(seed as string));
  const coverage = new Coverage();
  await coverage.start();
  try {
    for (const seed of corpus) await judgeOne(judge, seed, room);
    coverage.note(await coverage.take());
    for (let sent = seeds.length; sent < room.inputs; ) {
      const batch: Buffer[] = [];
      for (; batch.length < BATCH && sent < room.inputs; sent += 1) {
        const input = mutate(room.random.pick(corpus), room.random.pick(corpus), words, room.random);
        batch.push(input);
        await judgeOne(judge, input, room);
      }
      const news = await coverage.take();
      if (news.length === 0) continue;
      for (const input of batch) if (await isNew(input, judge, coverage)) corpus.push(input);
      coverage.note(news);
    }
    room.note('inputs kept as new', corpus.length - seeds.length);
    room.note('blocks of source run', coverage.blocks);
  } finally {
    coverage.stop();
  }
}

/** Whether this input, and none before it, runs something. */
async function isNew(input: Buffer, judge: GuidedTarget['judge'], coverage: Coverage): Promise<boolean> {
  try {
    await judge(input);
  } catch {
    // It has been told of already.
  }
  const news = await coverage.take();
  coverage.note(news);
  return news.length > 0;
}

async function judgeOne(judge: GuidedTarget['judge'], input: Buffer, room: FuzzRoom): Promise<void> {
  const start = performance.now();
  try {
    await judge(input);
  } catch (error) {
    room.found(error instanceof Find ? error.message : `it failed with ${error}`, input);
  }
  room.answered(performance.now() - start);
}
