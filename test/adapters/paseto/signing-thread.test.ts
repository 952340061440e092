import { expect } from 'chai';
import { makeSecretKey } from '../../../src/adapters/paseto/paserk.js';
import { type SigningThread, startSigningThread } from '../../../src/adapters/paseto/signing-thread.js';
import { makePoolSigner } from '../../../src/adapters/paseto/token-signer.js';
import { refusal } from '../../support/refusal.js';
import { WORKERS } from '../../support/workers.js';

const payload = (n: number): string => JSON.stringify({ n, text: 'naïve \n ✓', pad: 'x'.repeat(n) });

describe('the signing thread', () => {
  let thread: SigningThread;
  const deaths: Error[] = [];

  beforeEach(() => {
    deaths.length = 0;
    thread = startSigningThread({ onDeath: (err) => deaths.push(err), worker: WORKERS.signing });
  });
  afterEach(() => thread.close());

  it('makes the very tokens that the thread pool makes, each for its own payload, however many at once', async () => {
    const key = makeSecretKey();
    const payloads = Array.from({ length: 50 }, (_, n) => payload(n));
    const theirs = await Promise.all(payloads.map((text) => makePoolSigner().sign(text, key)));
    expect(await Promise.all(payloads.map((text) => thread.sign(text, key)))).to.deep.equal(theirs);
  });

  it('signs each payload with the key it was handed in with, also where the key changes within a turn', async () => {
    const [a, b] = [makeSecretKey(), makeSecretKey()];
    const keys = [a, a, b, a, b, b];
    const pool = makePoolSigner();
    const expected: string[] = [];
    for (const [n, key] of keys.entries()) expected.push(await pool.sign(payload(n), key));
    expect(await Promise.all(keys.map((key, n) => thread.sign(payload(n), key)))).to.deep.equal(expected);
  });

  it('goes on with another thread after one died, and fails what that one had as an outage', async () => {
    const died: Error[] = [];
    const worker = new URL('./dying-worker.mjs', import.meta.url);
    const mortal = startSigningThread({ onDeath: (err) => died.push(err), worker });
    const key = makeSecretKey();
    expect(await mortal.sign('one', key)).to.equal('one');
    const last = await refusal(mortal.sign('die', key), 'temporarily_unavailable');
    expect(last.cause).to.have.property('message', 'died as told');
    expect(died).to.have.length(1);
    expect(await mortal.sign('two', key)).to.equal('two');
    await mortal.close();
    expect(died).to.have.length(1);
  });

  it('refuses what comes after it was closed', async () => {
    await thread.close();
    expect(deaths).to.have.length(0);
    await refusal(thread.sign(payload(1), makeSecretKey()), 'temporarily_unavailable');
  });
});
