import { expect } from 'chai';
import { type Touch, TouchLog } from '../../../src/adapters/redis/touch-log.js';
import { clientId, secretId } from '../../support/records.js';

const use = (secret: string, timeMs: number): Touch => ({
  clientId: clientId('a'),
  secretId: secretId(secret),
  timeMs,
});

describe('the times at which secrets were last used', () => {
  it('are written at most once a minute for each secret, however often it is used', async () => {
    const written: Touch[][] = [];
    const log = new TouchLog(async (touches) => void written.push([...touches]));
    for (let ms = 0; ms < 120_000; ms += 10) log.add(use('s1', ms));
    log.add(use('s2', 5));
    await log.flush();
    expect(written).to.deep.equal([[use('s1', 0), use('s1', 60_000), use('s2', 5)]]);
    log.add(use('s1', 119_999));
    await log.flush();
    expect(written).to.have.length(1);
  });

  it('are written by themselves, in the order of use, one bunch after the other', async () => {
    const written: string[] = [];
    let all: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      all = resolve;
    });
    let writing = 0;
    const log = new TouchLog(async (touches) => {
      writing += 1;
      expect(writing).to.equal(1);
      await Promise.resolve();
      written.push(...touches.map((touch) => touch.secretId));
      writing -= 1;
      if (written.length === 250) all();
    });
    const names = Array.from({ length: 250 }, (_, index) => `s${index}`);
    for (const name of names) log.add(use(name, 1));
    await done;
    expect(written).to.deep.equal(names);
  });

  it('that cannot be written are dropped, and hold up neither answers nor what comes after', async () => {
    let failing = true;
    const written: Touch[] = [];
    const log = new TouchLog(async (touches) => {
      if (failing) throw new Error('no Redis');
      written.push(...touches);
    });
    log.add(use('s1', 0));
    await log.flush();
    failing = false;
    log.add(use('s1', 60_000));
    await log.flush();
    expect(written).to.deep.equal([use('s1', 60_000)]);
  });

  it('take bounded memory when nothing can be written', async () => {
    let count = 0;
    const log = new TouchLog(async (touches) => {
      count += touches.length;
    });
    for (let index = 0; index < 50_000; index += 1) log.add(use(`s${index}`, 1));
    await log.flush();
    expect(count).to.equal(2000);
  });
});
