import { all, granted, header, noStore, refused } from '../expectation.js';
import { basic, GRANT, type Probe } from '../probe.js';
import type { Answer } from '../raw-http.js';
import { type Row, row } from '../row.js';

const throttled = all(refused(429, 'slow_down'), header('retry-after', /^\d+$/), noStore);
const MOST_GUESSES = 60;

/** Guesses until the answer is another than at first; answers that. */
async function guessing(guess: () => Promise<Answer>): Promise<Answer> {
  let last = await guess();
  for (let count = 1; count < MOST_GUESSES && last.status === 401; count += 1) last = await guess();
  return last;
}

const wrongSecret = (probe: Probe) => basic({ id: probe.client('victim').id, secret: 'wrong' });

/** Brute force (T35 and I12). They come last: what they wake would answer rows that fail on purpose. */
export const guessingRows: readonly Row[] = [
  row(
    'T35',
    'RFC 6749 2.3.1',
    'guessing at a secret',
    throttled,
    (p) => guessing(() => p.post('token', GRANT, wrongSecret(p))),
    ['victim', 'throttles'],
  ),
  row(
    'T35b',
    'ours',
    'a right secret is never refused for the guesses',
    granted,
    async (p) => {
      await guessing(() => p.post('token', GRANT, wrongSecret(p)));
      return p.post('token', GRANT, basic(p.client('victim')));
    },
    ['victim', 'throttles'],
  ),
  row(
    'I12',
    'RFC 7662 4',
    'guessing at a caller is throttled too',
    throttled,
    (p) => guessing(() => p.post('introspection', { token: 'x' }, wrongSecret(p))),
    ['victim', 'throttles'],
  ),
];
