import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { createTokenSource, type TokenSource, type TokenSourceOptions } from '../../src/sdk/token-source.js';
import { FakeService, Refusal, refuseUnavailable } from './fake-service.js';
import { rejection } from './rejection.js';
import { type TimedClock, timedClock } from './timed-clock.js';
import { until } from './until.js';

const SECRET = 'cs_secret-of-the-test';

describe('createTokenSource over gRPC', () => {
  let service: FakeService;
  let clock: TimedClock;
  let sources: TokenSource[];

  beforeEach(async () => {
    service = await FakeService.start();
    service.issueToken = async () => ({ accessToken: `token-${service.calls.issue}`, expiresInSeconds: 100 });
    clock = timedClock();
    sources = [];
  });

  afterEach(() => {
    for (const source of sources) source.close();
    service.stop();
  });

  function sourceFor(options: Partial<TokenSourceOptions> = {}): TokenSource {
    const source = createTokenSource({
      address: service.address,
      clientId: 'caller',
      clientSecret: SECRET,
      clock,
      random: () => 0,
      ...options,
    });
    sources.push(source);
    return source;
  }

  it('asks for exactly the scopes, audience and life it was given', async () => {
    let asked: unknown;
    service.issueToken = async (request) => {
      asked = request;
      return { accessToken: 't', expiresInSeconds: 100 };
    };
    await sourceFor({ scopes: ['a', 'b'], audience: 'https://api.test', ttlSeconds: 60 }).token();
    expect(asked).to.deep.equal({
      clientId: 'caller',
      clientSecret: SECRET,
      scopes: ['a', 'b'],
      audience: 'https://api.test',
      ttlSeconds: 60,
    });
  });

  it('has one request in flight, however many ask', async () => {
    const source = sourceFor();
    const tokens = await Promise.all(Array.from({ length: 50 }, () => source.token()));
    expect(new Set(tokens)).to.deep.equal(new Set(['token-1']));
    expect(service.calls.issue).to.equal(1);
  });

  it('refreshes ahead of expiry while callers go on getting the old token', async () => {
    const source = sourceFor();
    await source.token();
    await source.token();
    let release = () => {};
    service.issueToken = async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return { accessToken: 'fresh', expiresInSeconds: 100 };
    };
    clock.advance(70_000);
    await until(() => service.calls.issue === 2);
    expect(await source.token()).to.equal('token-1');
    release();
    await until(async () => (await source.token()) === 'fresh');
    expect(service.calls.issue).to.equal(2);
  });

  it('spreads the refresh over a part of the life, so that a fleet does not ask at once', async () => {
    const early = sourceFor({ random: () => 0 });
    const late = sourceFor({ random: () => 0.999 });
    for (const source of [early, late]) {
      await source.token();
      await source.token();
    }
    clock.advance(75_000);
    await until(() => service.calls.issue === 3);
    clock.advance(10_000);
    await until(() => service.calls.issue === 4);
  });

  it('leaves the service in peace when nobody has asked since the last token', async () => {
    const source = sourceFor();
    await source.token();
    clock.advance(200_000);
    expect(await source.token()).to.equal('token-2');
    expect(service.calls.issue).to.equal(2);
  });

  it('serves the old token while a refresh fails, for as long as it is good', async () => {
    const source = sourceFor();
    await source.token();
    await source.token();
    service.issueToken = async () => {
      throw refuseUnavailable();
    };
    clock.advance(70_000);
    await until(() => service.calls.issue >= 2);
    expect(await source.token()).to.equal('token-1');
    clock.advance(24_000);
    expect(await source.token()).to.equal('token-1');
    clock.advance(2000);
    const err = await rejection(source.token());
    expect(err.code).to.equal('temporarily_unavailable');
  });

  it('takes a token for ended when the wall clock says so, as after the machine slept', async () => {
    const source = sourceFor();
    await source.token();
    clock.setNow(clock.now() + 101_000);
    expect(await source.token()).to.equal('token-2');
  });

  it('rejects at once between failed attempts, with a growing pause up to its cap', async () => {
    service.issueToken = async () => {
      throw refuseUnavailable();
    };
    const source = sourceFor({ random: () => 0.5, maxBackoffMs: 1000 });
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      await rejection(source.token());
      expect(service.calls.issue).to.equal(attempt);
      const { retryAfterSeconds = 0 } = await rejection(source.token());
      expect(service.calls.issue).to.equal(attempt);
      pauses.push(retryAfterSeconds * 1000);
      clock.advance(retryAfterSeconds * 1000);
    }
    expect(pauses.map(Math.round)).to.deep.equal([188, 375, 750, 750, 750]);
  });

  for (const [key, value] of [
    ['retry-after', '7'],
    ['grpc-retry-pushback-ms', '7000'],
  ] as const) {
    it(`honours the retry hint ${key} as a floor`, async () => {
      service.issueToken = async () => {
        throw new Refusal(status.RESOURCE_EXHAUSTED, 'slow_down', { [key]: value });
      };
      const source = sourceFor();
      expect((await rejection(source.token())).code).to.equal('slow_down');
      clock.advance(6900);
      expect((await rejection(source.token())).retryAfterSeconds).to.be.within(0.05, 0.1001);
      expect(service.calls.issue).to.equal(1);
      clock.advance(101);
      service.issueToken = async () => ({ accessToken: 'back', expiresInSeconds: 100 });
      expect(await source.token()).to.equal('back');
    });
  }

  it('takes up a rotated secret from its file without a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'countersign-'));
    try {
      const file = join(directory, 'secret');
      await writeFile(file, 'old\n');
      const seen: string[] = [];
      service.issueToken = async ({ clientSecret }) => {
        seen.push(clientSecret);
        // The operator rotates at the worst moment: after the file was read.
        if (clientSecret === 'old') await writeFile(file, 'new\n');
        if (clientSecret !== 'new') throw new Refusal(status.UNAUTHENTICATED, 'invalid_client');
        return { accessToken: 'good', expiresInSeconds: 100 };
      };
      const source = sourceFor({ clientSecret: undefined, clientSecretFile: file });
      expect(await source.token()).to.equal('good');
      expect(seen).to.deep.equal(['old', 'new']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('does not ask twice with a secret that was refused', async () => {
    service.issueToken = async () => {
      throw new Refusal(status.UNAUTHENTICATED, 'invalid_client');
    };
    const err = await rejection(sourceFor().token());
    expect(err.code).to.equal('invalid_client');
    expect(service.calls.issue).to.equal(1);
  });

  it('goes on to the next address when one does not answer', async () => {
    const other = await FakeService.start();
    const dead = other.address;
    other.stop();
    expect(await sourceFor({ address: [dead, service.address] }).token()).to.equal('token-1');
  });

  it('gives up a token that was refused, though not one that is barely a second old', async () => {
    const source = sourceFor();
    const token = await source.token();
    source.invalidate(token);
    expect(await source.token()).to.equal('token-1');
    clock.advance(1000);
    source.invalidate('another');
    expect(await source.token()).to.equal('token-1');
    source.invalidate(token);
    expect(await source.token()).to.equal('token-2');
  });

  it('leaves no timer behind when closed, and fails what was under way', async () => {
    const source = sourceFor();
    await source.token();
    source.close();
    expect(clock.pending).to.equal(0);
    expect((await rejection(source.token())).code).to.equal('temporarily_unavailable');
    service.issueToken = () => new Promise(() => {});
    const waiting = sourceFor();
    const pending = rejection(waiting.token());
    await until(() => service.calls.issue === 2);
    waiting.close();
    expect((await pending).message).to.match(/closed/);
    expect(clock.pending).to.equal(0);
  });

  it('says no secret in its errors', async () => {
    service.issueToken = async () => {
      throw new Refusal(status.UNAUTHENTICATED, 'invalid_client');
    };
    const err = await rejection(sourceFor().token());
    expect(`${err.message} ${err.stack}`).not.to.contain(SECRET);
  });

  it('refuses options that name no service, two, no secret, or two', () => {
    expect(() => sourceFor({ address: undefined })).to.throw(TypeError, /address/);
    expect(() => sourceFor({ tokenEndpoint: 'https://auth.test/' })).to.throw(TypeError, /either/);
    expect(() => sourceFor({ clientSecret: undefined })).to.throw(TypeError, /clientSecret/);
    expect(() => sourceFor({ clientSecretFile: '/x' })).to.throw(TypeError, /clientSecret/);
  });
});
