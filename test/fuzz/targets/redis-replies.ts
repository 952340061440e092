import { recordFromText, recordToText } from '../../../src/adapters/redis/client-text.js';
import { revocationFromEntry, type StreamEntry } from '../../../src/adapters/redis/feed-reader.js';
import { ringFromText } from '../../../src/adapters/redis/ring-text.js';
import { generationFromText, standingFromText } from '../../../src/adapters/redis/standing-text.js';
import { parseStoreUrl } from '../../../src/adapters/redis/store-url.js';
import { clientId, clientRecord, keyRing, storedSecret } from '../../support/records.js';
import { guided } from '../guided.js';
import { hold, type Target } from '../target.js';

/** What it reads, or undefined where it fails with any error: that is an outage, and no verdict. */
function readOr<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    hold(error instanceof Error, 'something else than an error was thrown');
    return undefined;
  }
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** A damaged reply is an error: nothing may come of it that compares as if it were a generation or a time. */
export const redisReplyTarget: Target = guided({
  name: 'replies of Redis',
  share: 15,
  seeds: [
    recordToText(
      clientRecord('a', {
        secrets: [storedSecret('s1'), storedSecret('s2', { expireTimeMs: 1_900_000_000_000 })],
      }),
    ),
    '1900000000000 {"t":1900000000000,"b":"admin","r":"why"}',
    '7',
    JSON.stringify(keyRing()),
    'c\norders\ng\n1900000000000',
    't\nAAAA\nf\n1900000000',
    'k\nk4.pid.x',
    'redis-sentinel://user:pw@a:1,b:2/name',
  ],
  words: [
    '{"t":',
    '"keys":[',
    '"peppers":',
    '\n',
    ' ',
    '-',
    'c\n',
    't\n',
    'NaN',
    '-1',
    '1.5',
    'redis://',
    'rediss-cluster://',
  ],
  judge(input) {
    const text = input.toString('utf8');
    const generation = readOr(() => generationFromText(text));
    hold(generation === undefined || isCount(generation), 'a damaged generation was read');
    const standing = readOr(() => standingFromText(text));
    hold(standing === undefined || isCount(standing.generation), 'a damaged standing was read');
    hold(
      standing === undefined || !text.includes(' ') || typeof standing.mark?.timeMs === 'number',
      'a damaged mark was read as none',
    );
    const record = readOr(() => recordFromText(clientId('a'), text));
    if (record !== undefined) {
      hold(isCount(record.version), 'a record of a damaged version was read');
      for (const { expireTimeMs } of record.secrets) {
        hold(expireTimeMs === undefined || isCount(expireTimeMs), 'a damaged expiry was read');
      }
    }
    const ring = readOr(() => ringFromText(text));
    hold(ring === undefined || isCount(ring.version), 'a ring of a damaged version was read');
    const entry: StreamEntry = ['1-0', text.split('\n')];
    const revocation = readOr(() => revocationFromEntry(entry));
    if (revocation?.kind === 'client')
      hold(isCount(revocation.generation), 'a damaged generation came from the feed');
    if (revocation?.kind === 'token')
      hold(isCount(revocation.forgetAtSeconds), 'a damaged time came from the feed');
    readOr(() => parseStoreUrl(text));
  },
});
