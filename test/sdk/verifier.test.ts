import { expect } from 'chai';
import { createVerifier, type Verifier } from '../../src/sdk/create-verifier.js';
import { VerifyError } from '../../src/sdk/errors.js';
import type { VerifierOptions } from '../../src/sdk/verifier-options.js';
import { type FakeFeed, FakeService } from './fake-service.js';
import { AUDIENCE, ISSUER, type MintKey, mint, mintKey } from './mint.js';
import { rejection } from './rejection.js';
import { clientAt, keyGone, tokenUntil } from './revocations.js';
import { type TimedClock, timedClock } from './timed-clock.js';
import { until } from './until.js';

describe('createVerifier', () => {
  let service: FakeService;
  let clock: TimedClock;
  let key: MintKey;
  let verifiers: Verifier[];

  beforeEach(async () => {
    service = await FakeService.start();
    clock = timedClock();
    key = mintKey();
    verifiers = [];
    service.listKeys = async () => ({ keys: [key.published], refreshAfterSeconds: 300 });
    service.onFeed = (feed) => feed.snapshot('e:1', []).heartbeat('e:1');
  });

  afterEach(() => {
    for (const verifier of verifiers) verifier.close();
    service.stop();
  });

  function verifierOf(options: Partial<VerifierOptions> = {}): Verifier {
    const verifier = createVerifier({
      address: service.address,
      issuer: ISSUER,
      audience: AUDIENCE,
      credential: { clientId: 'orders', clientSecret: 'secret' },
      clock,
      random: () => 0,
      ...options,
    });
    verifiers.push(verifier);
    return verifier;
  }

  async function readyVerifier(options: Partial<VerifierOptions> = {}): Promise<[Verifier, FakeFeed]> {
    const verifier = verifierOf(options);
    const feed = await service.nextFeed();
    await verifier.ready();
    return [verifier, feed];
  }

  const token = (claims: Record<string, unknown> = {}, by = key) => mint(by, clock.now(), claims);

  const refusal = async (promise: Promise<unknown>): Promise<VerifyError> => {
    const err = await rejection(promise);
    if (!(err instanceof VerifyError)) throw err;
    return err;
  };
  const reasonOf = async (promise: Promise<unknown>) => (await refusal(promise)).reason;

  describe('while fresh', () => {
    it('answers a frozen principal, without a word to the service', async () => {
      const [verifier] = await readyVerifier();
      const principal = await verifier.verify(token({ jti: 'id', ext: { tenant: { plan: 'a' } } }));
      expect({ ...principal }).to.deep.equal({
        kind: 'service',
        clientId: 'caller',
        scopes: ['orders:read', 'orders:write'],
        audience: AUDIENCE,
        tokenId: 'id',
        expiresAt: new Date(clock.now() + 3_600_000),
        ext: { tenant: { plan: 'a' } },
      });
      for (const part of [principal, principal.scopes, principal.ext, principal.ext?.tenant]) {
        expect(part).to.be.frozen;
      }
      expect(service.calls.introspect).to.equal(0);
    });

    it('refuses what is malformed, forged, of another issuer or audience, or out of its time', async () => {
      const [verifier] = await readyVerifier();
      const other = mintKey();
      const good = token();
      const cases: [string, string][] = [
        ['malformed', 'nonsense'],
        ['malformed', `${good}A`],
        ['unknown_key', token({}, other)],
        ['bad_signature', token({}, { ...other, keyId: key.keyId })],
        ['bad_signature', token({ sub_kind: 'user' })],
        ['wrong_issuer', token({ iss: 'https://auth.test/' })],
        ['wrong_audience', token({ aud: 'https://elsewhere.test' })],
        ['expired', mint(key, clock.now() - 3_605_000)],
        ['not_yet_valid', mint(key, clock.now() + 6000)],
      ];
      for (const [reason, text] of cases) {
        const err = await refusal(verifier.verify(text));
        expect([err.reason, err.code, err.message]).to.deep.equal([
          reason,
          'invalid_token',
          'The access token is not valid.',
        ]);
      }
      await verifier.verify(mint(key, clock.now() - 3_604_000));
      await verifier.verify(mint(key, clock.now() + 5000));
      expect(verifier.metrics().refused).to.include({ malformed: 2, bad_signature: 2, expired: 1 });
    });

    it('checks a signature once, and a token seen before by memory alone', async () => {
      const [verifier] = await readyVerifier();
      const text = token();
      expect(verifier.check(text)).to.equal(undefined);
      const all = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(text)));
      expect(new Set(all).size).to.equal(1);
      expect(verifier.check(text)).to.equal(all[0]);
      expect(await verifier.verify(text)).to.equal(all[0]);
    });

    for (const [what, reason, revocation] of [
      ['its client', 'client_revoked', clientAt('caller', 1)],
      ['its id', 'token_revoked', tokenUntil('the-id', 4_000_000_000)],
      ['its key', 'key_revoked', undefined],
    ] as const) {
      it(`refuses a token that it remembers as soon as ${what} is revoked`, async () => {
        const [verifier, feed] = await readyVerifier();
        const text = token({ jti: 'the-id' });
        await verifier.verify(text);
        feed.change('e:2', revocation ?? keyGone(key.keyId));
        await until(() => verifier.check(text) === undefined);
        expect(await reasonOf(verifier.verify(text))).to.equal(reason);
      });
    }

    it('refuses a token that it remembers once its time is over', async () => {
      const [verifier, feed] = await readyVerifier();
      const text = token({ exp: `${new Date(clock.now() + 1000).toISOString().slice(0, 19)}Z` });
      await verifier.verify(text);
      clock.setNow(clock.now() + 6000);
      feed.heartbeat('e:1');
      expect(verifier.check(text)).to.equal(undefined);
      expect(await reasonOf(verifier.verify(text))).to.equal('expired');
    });

    it('accepts a token issued after its client was reinstated', async () => {
      const [verifier, feed] = await readyVerifier();
      feed.change('e:2', clientAt('caller', 7));
      await until(() => verifier.metrics().ledger.clients === 1);
      expect(await reasonOf(verifier.verify(token({ gen: 6 })))).to.equal('client_revoked');
      await verifier.verify(token({ gen: 7 }));
    });

    it('does not let a token live again when the clock is set back over a forgotten revocation', async () => {
      const [verifier, feed] = await readyVerifier();
      const start = clock.now();
      const text = token({ jti: 'gone' });
      feed.change('e:2', tokenUntil('gone', start / 1000 + 3665));
      await until(() => verifier.metrics().ledger.tokens === 1);
      clock.setNow(start + 4_000_000);
      clock.advance(250);
      expect(verifier.metrics().ledger.tokens).to.equal(0);
      clock.setNow(start);
      expect(await reasonOf(verifier.verify(text))).to.equal('expired');
    });

    it('bounds the memory for tokens by bytes', async () => {
      const [verifier] = await readyVerifier({ cacheBytes: 20_000 });
      for (let index = 0; index < 50; index += 1) await verifier.verify(token());
      const { tokens, bytes } = verifier.metrics().cached;
      expect(tokens).to.be.within(2, 20);
      expect(bytes).to.be.at.most(20_000);
    });
  });

  describe('the key set', () => {
    it('is asked for again for an unknown key, once per interval however many come', async () => {
      const [verifier] = await readyVerifier();
      const next = mintKey();
      clock.advance(5000);
      service.listKeys = async () => ({ keys: [key.published, next.published], refreshAfterSeconds: 300 });
      const feed = await service.nextFeed();
      feed.heartbeat('e:1');
      await until(() => verifier.staleness() < 1000);
      const tokens = Array.from({ length: 10 }, () => token({}, mintKey()));
      const outcomes = await Promise.allSettled(
        [token({}, next), ...tokens].map((text) => verifier.verify(text)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      expect(service.calls.keys).to.equal(2);
      expect(await reasonOf(verifier.verify(token({}, mintKey())))).to.equal('unknown_key');
      expect(service.calls.keys).to.equal(2);
    });

    it('is read anew before its time is over', async () => {
      await readyVerifier();
      clock.advance(209_000);
      expect(service.calls.keys).to.equal(1);
      clock.advance(1001);
      await until(() => service.calls.keys === 2);
    });

    it('is read at once when a key is revoked, for the next one may sign without notice', async () => {
      const [verifier, feed] = await readyVerifier();
      const next = mintKey();
      service.listKeys = async () => ({ keys: [next.published], refreshAfterSeconds: 300 });
      feed.change('e:2', keyGone(key.keyId));
      await until(() => service.calls.keys === 2);
      await verifier.verify(token({}, next));
    });

    it('goes on being used when it cannot be refreshed', async () => {
      const [verifier] = await readyVerifier();
      service.listKeys = async () => {
        throw new Error('down');
      };
      clock.advance(211_000);
      await until(() => service.calls.keys === 2);
      await until(() => {
        clock.advance(10);
        return verifier.staleness() < 500;
      });
      await verifier.verify(token());
    });

    it('takes in no key under a foreign id, and no empty set', async () => {
      const mallory = mintKey();
      service.listKeys = async () => ({
        keys: [{ ...mallory.published, keyId: key.keyId }],
        refreshAfterSeconds: 300,
      });
      const verifier = verifierOf();
      const troubles: string[] = [];
      verifier.on('trouble', (err) => troubles.push(err.message));
      await until(() => troubles.length === 2);
      expect(verifier.metrics().verificationKeys).to.equal(0);
      expect(await reasonOf(verifier.verify(token({}, mallory)))).to.equal('no_keys');
    });

    it('makes a token unsure, not invalid, while it cannot be had', async () => {
      service.listKeys = async () => {
        throw new Error('down');
      };
      const verifier = verifierOf();
      const err = await refusal(verifier.verify(token()));
      expect([err.code, err.reason, err.retryAfterSeconds]).to.deep.equal([
        'temporarily_unavailable',
        'no_keys',
        1,
      ]);
    });
  });

  describe('while stale', () => {
    beforeEach(() => {
      // The feed opens and then says nothing, so nothing is ever known for sure.
      service.onFeed = () => {};
      service.introspectToken = async () => ({
        active: true,
        tokenId: 'id',
        issuer: ISSUER,
        audience: AUDIENCE,
      });
    });

    async function withKeys(options: Partial<VerifierOptions> = {}): Promise<[Verifier, FakeFeed]> {
      const verifier = verifierOf(options);
      const feed = await service.nextFeed();
      await until(() => verifier.metrics().verificationKeys > 0);
      return [verifier, feed];
    }

    it('introspects by default, one question for each token however many ask', async () => {
      const [verifier] = await withKeys();
      const text = token({ jti: 'id' });
      let asked: unknown;
      service.introspectToken = async (request, metadata) => {
        asked = [request.token, metadata.get('authorization')];
        return { active: true, tokenId: 'id' };
      };
      const all = await Promise.all(Array.from({ length: 20 }, () => verifier.verify(text)));
      expect(all[0]?.clientId).to.equal('caller');
      expect(service.calls.introspect).to.equal(1);
      expect(asked).to.deep.equal([text, [`Basic ${btoa('orders:secret')}`]]);
    });

    it('asks again for the next call: an answer is not remembered', async () => {
      const [verifier] = await withKeys();
      const text = token({ jti: 'id' });
      await verifier.verify(text);
      service.introspectToken = async () => ({ active: false });
      expect(await reasonOf(verifier.verify(text))).to.equal('inactive');
    });

    it('asks nothing about a token that is no good by itself, or known to be revoked', async () => {
      const [verifier, feed] = await withKeys();
      feed.snapshot('e:1', [clientAt('caller', 1)]);
      await until(() => verifier.metrics().ledger.clients === 1);
      expect(await reasonOf(verifier.verify('nonsense'))).to.equal('malformed');
      expect(await reasonOf(verifier.verify(token()))).to.equal('client_revoked');
      expect(service.calls.introspect).to.equal(0);
    });

    it('is unsure, not sure of the worst, when the service does not answer', async () => {
      const [verifier] = await withKeys();
      service.introspectToken = async () => {
        throw new Error('down');
      };
      const err = await refusal(verifier.verify(token()));
      expect([err.code, err.reason]).to.deep.equal(['temporarily_unavailable', 'stale']);
    });

    it('bounds the questions that are on the way and those that wait', async () => {
      const [verifier] = await withKeys({ maxIntrospections: 2 });
      const release: (() => void)[] = [];
      service.introspectToken = async ({ token: text }) => {
        await new Promise<void>((resolve) => release.push(resolve));
        return { active: true, tokenId: text };
      };
      const questions = Array.from({ length: 40 }, () => reasonOf(verifier.verify(token())));
      await until(() => verifier.metrics().refused.overloaded === 6 && release.length === 2);
      expect(service.calls.introspect).to.equal(2);
      await until(() => {
        for (const go of release.splice(0)) go();
        return verifier.metrics().introspectionsPending === 0;
      });
      expect(service.calls.introspect).to.equal(34);
      await Promise.all(questions);
    });

    it('denies under deny, though the service would answer', async () => {
      const [verifier] = await withKeys({ onStale: 'deny' });
      const err = await refusal(verifier.verify(token()));
      expect([err.code, err.retryAfterSeconds]).to.deep.equal(['temporarily_unavailable', 1]);
      expect(service.calls.introspect).to.equal(0);
    });

    it('accepts under accept up to its bound and denies past it, and before the first snapshot', async () => {
      const [verifier, feed] = await withKeys({ onStale: 'accept', maxStalenessMs: 3000 });
      const text = token();
      expect(await reasonOf(verifier.verify(text))).to.equal('stale');
      feed.snapshot('e:1', []).heartbeat('e:1');
      await verifier.ready();
      clock.advance(2999);
      await verifier.verify(text);
      clock.advance(2);
      expect(await reasonOf(verifier.verify(text))).to.equal('stale');
      expect(verifier.metrics().accepted).to.include({ stale: 1 });
    });

    it('accepts without bound only under failOpen, and says so each minute', async () => {
      const warnings: string[] = [];
      const listen = (warning: Error & { code?: string }) => warnings.push(String(warning.code));
      process.on('warning', listen);
      try {
        const [verifier] = await withKeys({ onStale: 'failOpen' });
        let told = 0;
        verifier.on('failOpen', () => {
          told += 1;
        });
        for (const waitMs of [0, 59_000, 2000]) {
          clock.advance(waitMs);
          await verifier.verify(token());
        }
        expect(told).to.equal(2);
        await until(() => warnings.length === 2);
        expect(warnings).to.deep.equal(['COUNTERSIGN_FAIL_OPEN', 'COUNTERSIGN_FAIL_OPEN']);
        expect(await reasonOf(verifier.verify('nonsense'))).to.equal('malformed');
      } finally {
        process.off('warning', listen);
      }
    });
  });

  it('decides alone up to 1.5 s and tells when that changes', async () => {
    const verifier = verifierOf({ onStale: 'deny' });
    const told: string[] = [];
    verifier.on('fresh', () => told.push('fresh'));
    verifier.on('stale', () => told.push('stale'));
    await verifier.ready();
    const text = token();
    await verifier.verify(text);
    service.onFeed = () => {};
    clock.advance(1500);
    expect(verifier.check(text)).to.not.equal(undefined);
    clock.advance(1);
    expect(verifier.check(text)).to.equal(undefined);
    expect(await reasonOf(verifier.verify(text))).to.equal('stale');
    expect(told).to.deep.equal(['fresh', 'stale']);
    await until(() => service.feeds.length === 2);
    service.feeds[1]?.heartbeat('e:1');
    await until(() => told.length === 3);
    expect(told.at(-1)).to.equal('fresh');
  });

  it('says in time that it is not ready', async () => {
    service.onFeed = () => {};
    const verifier = verifierOf();
    const waiting = reasonOf(verifier.ready(500));
    await service.nextFeed();
    await until(() => verifier.metrics().verificationKeys > 0);
    clock.advance(500);
    expect(await waiting).to.equal('stale');
  });

  it('leaves nothing running when closed, and refuses from then on', async () => {
    const [verifier, feed] = await readyVerifier();
    const text = token();
    await verifier.verify(text);
    const waiting = reasonOf(verifierOf({ address: '127.0.0.1:1' }).ready());
    for (const open of verifiers) open.close();
    expect(await waiting).to.equal('closed');
    await until(() => feed.ended);
    expect(clock.pending).to.equal(0);
    expect(verifier.check(text)).to.equal(undefined);
    const err = await refusal(verifier.verify(text));
    expect([err.code, err.reason]).to.deep.equal(['temporarily_unavailable', 'closed']);
    expect(await reasonOf(verifier.ready())).to.equal('closed');
  });

  it('refuses options that decide security and are missing or senseless', () => {
    expect(() => verifierOf({ issuer: '' })).to.throw(TypeError, /issuer/);
    expect(() => verifierOf({ audience: '' })).to.throw(TypeError, /audience/);
    expect(() => verifierOf({ onStale: 'allow' as 'accept' })).to.throw(TypeError, /onStale/);
    expect(() => verifierOf({ maxStalenessMs: Number.NaN })).to.throw(TypeError, /maxStalenessMs/);
    expect(() => verifierOf({ address: [] })).to.throw(TypeError, /address/);
  });
});
