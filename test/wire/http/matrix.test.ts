import { credentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { castTarget } from '../../../scripts/matrix/cast.js';
import { needsOf, type Row, runRow } from '../../../scripts/matrix/row.js';
import { ROWS } from '../../../scripts/matrix/rows/index.js';
import type { Abilities, Target } from '../../../scripts/matrix/target.js';
import { systemClock } from '../../../src/adapters/system.js';
import { type RunningApp, startApp } from '../../../src/app.js';
import { loadConfig } from '../../../src/config/load-config.js';
import type { TimedClock } from '../../../src/domain/timers.js';
import { makeLogger } from '../../../src/log.js';
import { ClientServiceClient } from '../../../src/wire/gen/countersign/v1/client_service.js';
import { eventually } from '../../support/eventually.js';
import { startRedis, type TestRedis } from '../../support/redis.js';
import { freshMasterKey } from '../../support/server-process.js';

/** PROTOCOL.md's numbers that are HTTP's; the rows beside them are ours. R rows are the verifier's, and tested there. */
const PROTOCOL_ROWS = [
  ...'T1 T2 T3 T4 T5 T6 T7 T8 T9 T10 T12 T14 T15 T16 T18 T19 T20 T21 T22 T23 T24 T26 T27 T28 T30 T31 T32 T33'.split(
    ' ',
  ),
  ...'T34 T35 T36 T42 V1 V2 V3 V5 V6 V8 V9 V10 V11 I1 I2 I3 I4 I5 I7 I9 I10 I12 M1 M2 M3 M4 M5 M6 M7'.split(
    ' ',
  ),
];

const SECRET = 'the-first-administrator-of-the-matrix';
const ISSUER_WITH_PATH = 'https://issuer.example/tenant/one';

/** A whole server in this process, on this clock. */
async function start(settings: Record<string, string>, clock: TimedClock): Promise<RunningApp> {
  const config = loadConfig(
    {
      COUNTERSIGN_GRPC_LISTEN: '127.0.0.1:0',
      COUNTERSIGN_HTTP_LISTEN: '127.0.0.1:0',
      COUNTERSIGN_OPS_LISTEN: 'off',
      COUNTERSIGN_BOOTSTRAP_CLIENT_ID: 'admin',
      COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: SECRET,
      ...settings,
    },
    { readFile: () => '', cores: 1 },
  );
  return startApp(config, {
    log: makeLogger('silent', { write: () => undefined, flush: () => undefined }),
    clock,
  });
}

const originOf = (app: RunningApp): string => `http://127.0.0.1:${app.ports.http}`;

/** What its tests need of a server: the target, and how to end it. */
interface Stage {
  readonly target: Target;
  end(): Promise<void>;
}

async function stage(
  settings: Record<string, string>,
  outage: Pick<Abilities, 'duringOutage'>,
): Promise<Stage> {
  let aheadMs = 0;
  const clock: TimedClock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const app = await start(settings, clock);
  const pathed = await start({ COUNTERSIGN_ISSUER: ISSUER_WITH_PATH }, clock);
  const administration = new ClientServiceClient(`127.0.0.1:${app.ports.grpc}`, credentials.createInsecure());
  const target = await castTarget({
    origin: originOf(app),
    issuer: app.issuer,
    administration,
    administrator: { id: 'admin', secret: SECRET },
    abilities: {
      ...outage,
      throttles: true,
      issuerWithPath: { issuer: ISSUER_WITH_PATH, origin: originOf(pathed) },
      wait: async (seconds) => {
        aheadMs += seconds * 1000;
      },
    },
  });
  return {
    target,
    end: async () => {
      administration.close();
      await Promise.all([app.stop(), pathed.stop()]);
    },
  };
}

/** Redis stops answering, and is back before the next row. */
const pausing =
  (redis: TestRedis, ready: () => Promise<void>): NonNullable<Abilities['duringOutage']> =>
  async (act) => {
    redis.pause();
    try {
      return await act();
    } finally {
      redis.resume();
      await ready();
    }
  };

const title = ({ id, what, expect: { says } }: Row): string => `${id}: ${what}: ${says}`;

describe('the protocol matrix', () => {
  it('has a row for each of PROTOCOL.md, and no number twice', () => {
    const ids = ROWS.map(({ id }) => id);
    expect(ids).to.include.members(PROTOCOL_ROWS);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  describe('on the embedded store', () => {
    let staged: Stage;
    before(async () => {
      staged = await stage({}, {});
    });
    after(() => staged?.end());

    for (const row of ROWS.filter((row) => !needsOf(row).includes('duringOutage'))) {
      it(title(row), async () => expectPass(row, staged.target));
    }
  });

  describe('on Redis', () => {
    let staged: Stage;
    let redis: TestRedis;
    before(async () => {
      redis = await startRedis();
      const settings = {
        COUNTERSIGN_STORE: redis.url,
        COUNTERSIGN_ISSUER: 'https://issuer.example',
        COUNTERSIGN_MASTER_KEY: freshMasterKey(),
      };
      const recovered = () =>
        eventually(async () => {
          const answer = await runRow(ROWS.find(({ id }) => id === 'T30')!, staged.target);
          expect(answer.verdict).to.equal('pass');
        });
      staged = await stage(settings, { duringOutage: pausing(redis, async () => void (await recovered())) });
    });
    after(async () => {
      await staged?.end();
      await redis?.stop();
    });

    for (const row of ROWS) it(title(row), async () => expectPass(row, staged.target));
  });
});

async function expectPass(row: Row, target: Target): Promise<void> {
  const { verdict, answered } = await runRow(row, target);
  expect(`${verdict}: ${answered}`).to.match(/^pass/);
}
