import { expect } from 'chai';
import { assertNoLeaks } from './log-watch.js';
import { startServerProcess } from './server-process.js';

describe('the logs of the whole run', () => {
  it('are looked at, line by line, for secrets and whole tokens', async function () {
    this.timeout(30_000);
    const before = assertNoLeaks();
    const server = await startServerProcess();
    await server.stop();
    expect(assertNoLeaks()).to.be.greaterThan(before + 2);
  });
});
