import type { Redis } from 'ioredis';
import type { Arena } from '../faults/arena.js';
import { check, DEFAULT_BOUNDS } from '../faults/checker.js';
import { Recorder } from '../faults/history.js';
import { endings, quantile, sleep } from '../faults/judged.js';
import { finalPass } from '../faults/load.js';
import { startVerifiers } from '../faults/verifiers.js';
import type { Door } from './doors.js';
import { startSoakLoad } from './load.js';
import { makeNuisances } from './nuisances.js';
import type { ProxyProcess } from './proxy-process.js';
import { startTrouble } from './trouble.js';
import { startPassingWatchers } from './watchers.js';

/** Few, because they are new in each stretch, and a server may remember those that are gone for a while. */
const CLIENTS = 20;
const CALLERS = 48;
const PASSING_WATCHERS = 6;
/** How many of the latest tokens every server is asked about at the end: what was issued within a few seconds. */
const ASKED_AT_THE_END = 1000;

/** What became of a stretch of calls. */
export interface StretchResult {
  readonly calls: number;
  readonly seconds: number;
  readonly p99Ms: number;
  readonly endings: string;
  readonly unknown: number;
  readonly streams: number;
  /** How often each kind of harm was done. */
  readonly harms: ReadonlyMap<string, number>;
  /** Broken promises, and answers that admit a failure of the server's own. */
  readonly complaints: readonly string[];
}

/**
 * Load on clients of its own, with rude callers among them, passing watchers, verifiers and a store in trouble; judged
 * by itself, so that no history grows for ever. Leaves nothing behind: neither clients nor connections.
 */
export async function stretch(
  arena: Arena,
  room: { readonly doors: readonly Door[]; readonly proxy: ProxyProcess; readonly redis: Redis },
  { number, seed, calls, perSecond }: StretchPlan,
): Promise<StretchResult> {
  const own: Arena = { ...arena, recorder: new Recorder(seed), clients: [] };
  const [first] = arena.stubs;
  await arena.allReady();
  for (let i = 0; i < CLIENTS; i += 1) {
    const client = await first?.register(`s${number}-${i}`);
    if (client !== undefined) own.clients.push(client);
  }
  const nuisances = makeNuisances(own);
  const watchers = startPassingWatchers(own, PASSING_WATCHERS);
  const trouble = startTrouble(arena.random, room);
  const beganMs = performance.now();
  const load = startSoakLoad(own, {
    doors: room.doors,
    calls,
    perSecond,
    callers: CALLERS,
    nuisance: () => nuisances.commit(),
  });
  const crew = await startVerifiers(own, load.issued, { perSecond: 50 });
  await load.done;
  const seconds = (performance.now() - beganMs) / 1000;
  await trouble.stop();
  await Promise.all([watchers.stop(), crew.stop()]);
  nuisances.rest();
  await arena.allReady();
  await sleep(500);
  const finalFromMs = await finalPass(own, load.issued, ASKED_AT_THE_END);
  for (const door of room.doors) door.rest();

  const history = own.recorder.history();
  const violations = check(history, { ...DEFAULT_BOUNDS, finalFromMs });
  for (const { clientId } of own.clients) await first?.deleteClient(clientId);
  const asked = history.operations.filter(({ kind }) => kind !== 'verify');
  return {
    calls,
    seconds,
    p99Ms: quantile(
      asked.map(({ sentMs, answeredMs }) => answeredMs - sentMs),
      0.99,
    ),
    endings: endings(history.operations),
    unknown: asked.filter(({ outcome }) => outcome.kind === 'unknown').length,
    streams: watchers.streams(),
    harms: new Map([...nuisances.done, ...trouble.done]),
    complaints: [...violations.map(({ invariant, what }) => `${invariant}: ${what}`), ...nuisances.failures],
  };
}

export interface StretchPlan {
  readonly number: number;
  readonly seed: number;
  readonly calls: number;
  /** Undefined: as many as go. */
  readonly perSecond: number | undefined;
}
