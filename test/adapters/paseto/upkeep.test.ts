import { expect } from 'chai';
import { startUpkeep } from '../../../src/adapters/paseto/upkeep.js';

describe('upkeep', () => {
  it('goes on after a failure, which it tells, and never runs twice at a time', async () => {
    const errors: unknown[] = [];
    let runs = 0;
    let running = 0;
    await new Promise<void>((resolve) => {
      const stop = startUpkeep(
        async () => {
          runs += 1;
          running += 1;
          expect(running).to.equal(1);
          await new Promise((done) => setImmediate(done));
          running -= 1;
          if (runs === 3) {
            stop();
            resolve();
          }
          throw new Error(`run ${runs}`);
        },
        1,
        (err) => errors.push(err),
      );
    });
    expect(errors.map(String)).to.deep.equal(['Error: run 1', 'Error: run 2']);
  });

  it('does nothing any more once it was ended', async () => {
    let runs = 0;
    const stop = startUpkeep(
      async () => {
        runs += 1;
      },
      0,
      () => undefined,
    );
    stop();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(runs).to.equal(0);
  });
});
