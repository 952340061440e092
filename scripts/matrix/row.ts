import { type Expectation, everyAnswer } from './expectation.js';
import { Probe } from './probe.js';
import { type Answer, jsonOf } from './raw-http.js';
import { type Endpoint, type Need, offers, type Target } from './target.js';

/** One edge of the protocol: what is sent, and what has to come back. */
export interface Row {
  /** Its number: a letter for the endpoint and a count; a letter behind it tells cases of one row apart. */
  readonly id: string;
  /** Where it is written; `ours` where the RFC leaves the choice. */
  readonly section: string;
  readonly what: string;
  readonly needs: readonly Need[];
  readonly expect: Expectation;
  /** Sends it, and whatever has to come before; answers the answer that counts. */
  ask(probe: Probe): Promise<Answer>;
}

/** How a row went. */
export interface RowResult {
  readonly row: Row;
  readonly verdict: 'pass' | 'fail' | 'skipped';
  /** What was answered, in short, with what is wrong about it; or why it was not asked. */
  readonly answered: string;
}

/** The endpoint that a row is about, by its letter. */
const ABOUT: Readonly<Record<string, Endpoint>> = {
  T: 'token',
  V: 'revocation',
  I: 'introspection',
  M: 'metadata',
  H: 'token',
};

export const needsOf = (row: Row): readonly Need[] => [ABOUT[row.id.charAt(0)] ?? 'token', ...row.needs];

/** Runs one row against a target; never fails. */
export async function runRow(row: Row, target: Target): Promise<RowResult> {
  const lacks = needsOf(row).filter((need) => !offers(target, need));
  if (lacks.length > 0) return { row, verdict: 'skipped', answered: `no ${lacks.join(', ')}` };
  try {
    const answer = await row.ask(new Probe(target));
    const faults = [...row.expect.faults(answer), ...(target.strict ? everyAnswer.faults(answer) : [])];
    const answered = [inShort(answer), ...faults].join('; ');
    return { row, verdict: faults.length === 0 ? 'pass' : 'fail', answered };
  } catch (error) {
    return { row, verdict: 'fail', answered: error instanceof Error ? error.message : String(error) };
  }
}

function inShort(answer: Answer): string {
  const content = jsonOf(answer);
  if (content === undefined) return `${answer.status}${answer.body === '' ? '' : ' (no JSON)'}`;
  if (typeof content.error === 'string') return `${answer.status} ${content.error}`;
  if (typeof content.active === 'boolean') return `${answer.status} active ${content.active}`;
  return `${answer.status}${'access_token' in content ? ' a token' : ''}`;
}

/** A row in one line; the first need is nearly always the client that asks. */
export const row = (
  id: string,
  section: string,
  what: string,
  expect: Expectation,
  ask: (probe: Probe) => Promise<Answer>,
  needs: Row['needs'] = ['client'],
): Row => ({ id, section, what, expect, ask, needs });
