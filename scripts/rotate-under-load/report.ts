import { LIFE } from './fleet.js';
import type { Fault, KeyHistory } from './key-history.js';
import type { Tally } from './load.js';

/** When a server was stopped, in ms since 1970. */
export interface Stop {
  readonly fromMs: number;
  readonly toMs: number;
}

const FAULTS: Record<Fault, string> = {
  unknown: 'signed by an unknown key',
  early: 'signed before the lead was over',
  late: 'signed after retirement',
};

/** Prints what happened; answers whether all that must hold did. */
export function report(tally: Tally, history: KeyHistory, stops: readonly Stop[], whole: Stop): boolean {
  const seconds = (whole.toMs - whole.fromMs) / 1000;
  const rate = (count: number): string => `${count}, ${Math.round(count / seconds)} a second`;
  const begun = history.begunWithin(whole);
  const faults = tally.issued.map((token) => history.faultOf(token));
  // Asked for before the stop or during it, signed after it.
  const onWaking = tally.issued.filter(({ askedMs, answeredMs }) =>
    stops.some(({ toMs }) => askedMs < toMs - 500 && answeredMs >= toMs),
  );

  say('lasted', `${seconds.toFixed(1)} s`);
  say('keys that began to sign', `${begun}, one every ${(seconds / begun).toFixed(1)} s`);
  for (const stop of stops) {
    const stopped = ((stop.toMs - stop.fromMs) / 1000).toFixed(1);
    say('a server stopped', `for ${stopped} s, across ${history.begunWithin(stop)} changes of key`);
  }
  say('tokens issued', `${rate(tally.issued.length)}; ${onWaking.length} on waking up`);
  say('verified in process', rate(tally.verified));
  say('introspected', rate(tally.introspected));
  say('calls without an answer', String(tally.unanswered));
  say('good tokens refused', String(tally.refused.length));
  for (const refusal of tally.refused.slice(0, 10)) console.log(`  ${JSON.stringify(refusal)}`);
  for (const [fault, words] of Object.entries(FAULTS)) {
    say(words, String(faults.filter((one) => one === fault).length));
  }

  const keptPace = begun >= Math.floor(seconds / LIFE.period) - 1;
  const crossed = stops.every((stop) => history.begunWithin(stop) > 0);
  if (!keptPace) console.log('too few keys began to sign');
  if (!crossed) console.log('a server was stopped across no change of key');
  return keptPace && crossed && tally.refused.length === 0 && faults.every((fault) => fault === undefined);
}

const say = (what: string, figure: string): void => console.log(`${what.padEnd(34)} ${figure}`);
