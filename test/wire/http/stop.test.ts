import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { startFakeGateway, tokenRequest } from './fake-gateway.js';

describe('stopping the HTTP gateway', () => {
  it('once it is leaving, still serves, and each answer ends its connection', async () => {
    const { gateway, url } = await startFakeGateway();
    expect((await fetch(`${url}/oauth/token`, tokenRequest())).headers.get('connection')).to.equal(
      'keep-alive',
    );
    gateway.leave();
    const answer = await fetch(`${url}/oauth/token`, tokenRequest());
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('connection')).to.equal('close');
  });

  it('finishes what it took in, closes the connection, and takes no more', async () => {
    let release = (): void => undefined;
    let entered = (): void => undefined;
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const { gateway, url } = await startFakeGateway({
      revokeToken: () =>
        new Promise<void>((resolve) => {
          release = resolve;
          entered();
        }),
    });
    const answer = fetch(`${url}/oauth/revoke`, {
      ...tokenRequest(),
      body: new URLSearchParams({ token: 'x' }),
    });
    await inside;
    const stopped = gateway.stop(60_000);
    const refused = await fetch(`${url}/oauth/token`, tokenRequest()).then(
      () => 'answered',
      () => 'refused',
    );
    expect(refused).to.equal('refused');
    release();
    expect((await answer).status).to.equal(200);
    await stopped;
  });

  it('does not wait for connections that say nothing', async () => {
    const { gateway, url } = await startFakeGateway();
    const silent = connect(gateway.port, '127.0.0.1');
    await once(silent, 'connect');
    // Kept alive by the client, idle by now.
    await fetch(`${url}/oauth/token`, tokenRequest());
    await gateway.stop(60_000);
    silent.destroy();
  });

  it('cuts off at the deadline what will not end', async () => {
    let entered = (): void => undefined;
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const { gateway, url } = await startFakeGateway({
      revokeToken: () => {
        entered();
        return new Promise<never>(() => undefined);
      },
    });
    const cut = fetch(`${url}/oauth/revoke`, {
      ...tokenRequest(),
      body: new URLSearchParams({ token: 'x' }),
    }).then(
      () => 'answered',
      () => 'cut off',
    );
    await inside;
    await gateway.stop(20);
    expect(await cut).to.equal('cut off');
  });
});
