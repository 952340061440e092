import type { Redis } from 'ioredis';
import { sleep } from '../faults/judged.js';
import type { Random } from '../faults/random.js';
import type { ProxyProcess } from './proxy-process.js';

/** A store that is in trouble for a tenth of a second, again and again. */
export interface Trouble {
  readonly done: ReadonlyMap<string, number>;
  /** Settles once the last is over. */
  stop(): Promise<void>;
}

const LASTS_MS = 100;
/** With a tenth of a second each: about one call in a hundred is made while something is wrong. */
const EVERY_MS = { least: 5000, spread: 5000 };

/** @param proxy through which one of the servers reaches its Redis */
export function startTrouble(
  random: Random,
  { proxy, redis }: { proxy: ProxyProcess; redis: Redis },
): Trouble {
  const done = new Map<string, number>();
  let stopped = false;
  let wake: () => void = () => undefined;
  const acts: Readonly<Record<string, () => Promise<void>>> = {
    'connections to Redis reset': async () => proxy.resetAll(),
    'connections to Redis killed by it': async () => {
      await redis.call('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    },
    'scripts forgotten by Redis': async () => {
      await redis.script('FLUSH');
    },
    'Redis slow by 400 ms': async () => {
      proxy.delayAnswers(400);
      await sleep(LASTS_MS);
      proxy.delayAnswers(0);
    },
    'answers of Redis lost': async () => {
      proxy.swallowAnswers(true);
      await sleep(LASTS_MS);
      proxy.resetAll();
      proxy.swallowAnswers(false);
    },
  };
  const run = async (): Promise<void> => {
    for (;;) {
      await Promise.race([
        sleep(EVERY_MS.least + random.below(EVERY_MS.spread)),
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
      ]);
      if (stopped) return;
      const name = random.pick(Object.keys(acts));
      done.set(name, (done.get(name) ?? 0) + 1);
      await acts[name]?.();
    }
  };
  const running = run();
  return {
    done,
    stop: async () => {
      stopped = true;
      wake();
      await running;
    },
  };
}
