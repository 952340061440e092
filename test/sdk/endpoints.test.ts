import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { Endpoints, isLoopback } from '../../src/sdk/endpoints.js';
import { isServiceError } from '../../src/sdk/errors.js';
import type { ListVerificationKeysResponse } from '../../src/wire/gen/countersign/v1/token_service.js';
import { FakeService, Refusal } from './fake-service.js';
import { until } from './until.js';

describe('Endpoints', () => {
  let first: FakeService;
  let second: FakeService;
  let endpoints: Endpoints;

  beforeEach(async () => {
    first = await FakeService.start();
    second = await FakeService.start();
    for (const service of [first, second]) service.listKeys = async () => ({ refreshAfterSeconds: 1 });
    endpoints = new Endpoints({ address: [first.address, second.address] });
  });

  afterEach(() => {
    endpoints.close();
    first.stop();
    second.stop();
  });

  const ask = (options: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
    endpoints.call<ListVerificationKeysResponse>(
      (client, metadata, callOptions, done) => client.listVerificationKeys({}, metadata, callOptions, done),
      { timeoutMs: 5000, ...options },
    );

  const statusOf = (promise: Promise<unknown>): Promise<status | undefined> =>
    promise.then(
      () => undefined,
      (err: unknown) => (isServiceError(err) ? err.code : status.UNKNOWN),
    );

  it('stays with an address that answers', async () => {
    await ask();
    await ask();
    expect([first.calls.keys, second.calls.keys]).to.deep.equal([2, 0]);
  });

  it('goes on to the next address when one is unavailable, and stays there', async () => {
    first.listKeys = async () => {
      throw new Refusal(status.UNAVAILABLE);
    };
    await ask();
    await ask();
    expect([first.calls.keys, second.calls.keys]).to.deep.equal([1, 2]);
  });

  it('leaves an address that hangs its share of the time, and no more', async () => {
    first.listKeys = () => new Promise(() => {});
    await ask({ timeoutMs: 1000 });
    expect(second.calls.keys).to.equal(1);
  });

  it('takes a refusal for an answer', async () => {
    first.listKeys = async () => {
      throw new Refusal(status.INVALID_ARGUMENT);
    };
    expect(await statusOf(ask())).to.equal(status.INVALID_ARGUMENT);
    expect(second.calls.keys).to.equal(0);
  });

  it('tries each address once, and then says so', async () => {
    first.stop();
    second.stop();
    expect(await statusOf(ask())).to.equal(status.UNAVAILABLE);
  });

  it('connects anew to an address that only ever times out', async () => {
    endpoints.close();
    endpoints = new Endpoints({ address: first.address });
    await ask();
    const before = first.connections;
    first.listKeys = () => new Promise(() => {});
    for (let time = 0; time < 3; time += 1) {
      expect(await statusOf(ask({ timeoutMs: 10 }))).to.equal(status.DEADLINE_EXCEEDED);
    }
    first.listKeys = async () => ({ refreshAfterSeconds: 1 });
    await ask();
    expect(first.connections).to.equal(before + 1);
  });

  it('ends a call when its caller gives up', async () => {
    first.listKeys = () => new Promise(() => {});
    const caller = new AbortController();
    const asking = statusOf(ask({ signal: caller.signal }));
    await until(() => first.calls.keys === 1);
    caller.abort();
    expect(await asking).to.equal(status.CANCELLED);
  });

  it('speaks plainly to this machine alone', () => {
    for (const address of ['localhost', '127.0.0.1:50051', 'dns:///localhost:1', '[::1]:1', 'unix:/run/x']) {
      expect(isLoopback(address), address).to.equal(true);
    }
    for (const address of [
      'localhost.example:1',
      '10.0.0.1:1',
      'ipv4:127.0.0.1:1,10.0.0.1:1',
      'dns://10.0.0.1/localhost:1',
      '127.0.0.1.example:1',
    ]) {
      expect(isLoopback(address), address).to.equal(false);
    }
  });
});
