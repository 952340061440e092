import { expect } from 'chai';
import { pausing } from '../../../scripts/matrix/own-server.js';
import { needsOf, type Row, runRow } from '../../../scripts/matrix/row.js';
import { ROWS } from '../../../scripts/matrix/rows/index.js';
import type { Target } from '../../../scripts/matrix/target.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { freshMasterKey } from '../../support/server-process.js';
import { type StagedServer, stageServer } from './staged-server.js';

/** The numbers that the service promises over HTTP; the rows beside them were added. R rows are the verifier's. */
const PROTOCOL_ROWS = [
  ...'T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T12 T14 T15 T16 T18 T19 T20 T21 T22 T23 T24 T26 T27 T28 T30 T31 T32 T33'.split(
    ' ',
  ),
  ...'T34 T35 T36 T42 V1 V2 V3 V5 V6 V8 V9 V10 V11 I1 I2 I3 I4 I5 I7 I9 I10 I12 M1 M2 M3 M4 M5 M6 M7'.split(
    ' ',
  ),
];

const title = ({ id, what, expect: { says } }: Row): string => `${id}: ${what}: ${says}`;

describe('the protocol matrix', () => {
  it('has a row for each number that was promised, and no number twice', () => {
    const ids = ROWS.map(({ id }) => id);
    expect(ids).to.include.members(PROTOCOL_ROWS);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  describe('on the embedded store', () => {
    let staged: StagedServer;
    before(async () => {
      staged = await stageServer();
    });
    after(() => staged?.end());

    for (const row of ROWS.filter((row) => !needsOf(row).includes('duringOutage'))) {
      it(title(row), async () => expectPass(row, staged.target));
    }
  });

  describe('on Redis', () => {
    let staged: StagedServer;
    let redis: TestRedis;
    before(async () => {
      redis = await startRedis();
      const settings = {
        COUNTERSIGN_STORE: redis.url,
        COUNTERSIGN_ISSUER: 'https://issuer.example',
        COUNTERSIGN_MASTER_KEY: freshMasterKey(),
      };
      staged = await stageServer(settings, { duringOutage: pausing(redis, () => staged.target) });
    });
    after(async () => {
      await staged?.end();
      await redis?.stop();
    });

    for (const row of ROWS) it(title(row), async () => expectPass(row, staged.target));
  });
});

/** A starved machine may have a store answer too late: that is a 503, which asks to be asked again. */
async function expectPass(row: Row, target: Target): Promise<void> {
  const { verdict, answered } = await eventually(async () => {
    const result = await runRow(row, target);
    if (result.verdict === 'fail' && result.answered.startsWith('503')) throw new Error(result.answered);
    return result;
  }, 5000);
  expect(`${verdict}: ${answered}`).to.match(/^pass/);
}
