import { execFileSync } from 'node:child_process';

/** A network namespace of its own, with one link that can be cut and one that stays, to look at it from outside. */
export interface FarSide {
  /** What runs a command there. */
  readonly prefix: readonly string[];
  /** Its address on the link that can be cut, and ours. */
  readonly address: string;
  readonly ourAddress: string;
  /** Its address on the link that stays. */
  readonly watchedAt: string;
  cut(): void;
  heal(): void;
  remove(): void;
}

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
};

/** Makes one. Needs root; throws one clear line without. The addresses are of a range kept for benchmarks. */
export function makeFarSide(): FarSide {
  if (process.getuid?.() !== 0) throw new Error('the partition needs root, to make a network namespace');
  const name = `countersign-${process.pid}`;
  const short = `cs${process.pid % 100_000}`;
  const net = `198.18.${process.pid % 250}`;
  const link = (kind: string, offset: number): void => {
    const [ours, theirs] = [`${short}${kind}0`, `${short}${kind}1`];
    ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', name);
    ip('addr', 'add', `${net}.${offset + 1}/30`, 'dev', ours);
    ip('link', 'set', ours, 'up');
    ip('-n', name, 'addr', 'add', `${net}.${offset + 2}/30`, 'dev', theirs);
    ip('-n', name, 'link', 'set', theirs, 'up');
  };
  const remove = (): void => {
    // The links go with the namespace.
    ip('netns', 'del', name);
  };
  ip('netns', 'add', name);
  try {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    link('d', 0);
    link('w', 4);
  } catch (error) {
    remove();
    throw error;
  }
  return {
    prefix: ['ip', 'netns', 'exec', name],
    address: `${net}.2`,
    ourAddress: `${net}.1`,
    watchedAt: `${net}.6`,
    cut: () => ip('-n', name, 'link', 'set', `${short}d1`, 'down'),
    heal: () => ip('-n', name, 'link', 'set', `${short}d1`, 'up'),
    remove,
  };
}
