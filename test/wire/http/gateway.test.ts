import { BlockList } from 'node:net';
import { expect } from 'chai';
import { AuthError, type AuthErrorCode, temporarilyUnavailable } from '../../../src/domain/errors.js';
import { HTTP_REFUSALS } from '../../../src/wire/http/status.js';
import { startFakeGateway, tokenRequest } from './fake-gateway.js';

const failing = (error: unknown) => ({
  issueToken: () => Promise.reject(error),
  introspectToken: () => Promise.reject(error),
  revokeToken: () => Promise.reject(error),
  listVerificationKeys: () => Promise.reject(error),
});

describe('the HTTP gateway', () => {
  for (const code of Object.keys(HTTP_REFUSALS) as AuthErrorCode[]) {
    it(`tells ${code} by its own status and word`, async () => {
      const { url } = await startFakeGateway(
        failing(new AuthError(code, 'A sentence.', { retryAfterSeconds: 7 })),
      );
      const answer = await fetch(`${url}/oauth/token`, tokenRequest());
      const { status, challenge } = HTTP_REFUSALS[code];
      expect(answer.status).to.equal(status);
      expect(await answer.json()).to.deep.equal({ error: code, error_description: 'A sentence.' });
      expect(answer.headers.get('cache-control')).to.equal('no-store');
      expect(answer.headers.get('www-authenticate')?.split(' ')[0]).to.equal(challenge);
      expect(answer.headers.get('retry-after')).to.equal(status === 429 || status === 503 ? '7' : null);
    });
  }

  it('says nothing of an unexpected error, and gives the truth to the observer', async () => {
    const secret = new Error('connect redis://user:hunter2@10.0.0.1');
    const { url, told } = await startFakeGateway(failing(secret));
    for (const path of ['token', 'introspect', 'revoke']) {
      const answer = await fetch(`${url}/oauth/${path}`, tokenRequest());
      expect(answer.status).to.equal(500);
      expect(await answer.text()).not.to.match(/redis|hunter2|at /);
    }
    expect((await fetch(`${url}/.well-known/paseto-keys`)).status).to.equal(500);
    expect(told.map(({ outcome }) => [outcome.rpc, outcome.code, outcome.cause])).to.deep.equal([
      ['IssueToken', 'internal', secret],
      ['IntrospectToken', 'internal', secret],
      ['RevokeToken', 'internal', secret],
      ['ListVerificationKeys', 'internal', secret],
    ]);
  });

  it('never says inactive, and never says revoked, while the store is down', async () => {
    const { url } = await startFakeGateway(failing(temporarilyUnavailable()));
    for (const path of ['introspect', 'revoke']) {
      const answer = await fetch(`${url}/oauth/${path}`, tokenRequest());
      expect(answer.status).to.equal(503);
      expect(answer.headers.get('retry-after')).to.equal('1');
      expect(await answer.text()).not.to.include('active');
    }
  });

  it('names a request as its caller did where that is a name, and by itself otherwise', async () => {
    const { url, told } = await startFakeGateway();
    const named = await fetch(`${url}/oauth/token`, tokenRequest({ 'x-request-id': 'trace-1' }));
    expect(named.headers.get('x-request-id')).to.equal('trace-1');
    const odd = await fetch(`${url}/oauth/token`, tokenRequest({ 'x-request-id': 'a b' }));
    expect(odd.headers.get('x-request-id')).to.match(/^[A-Za-z0-9._-]{1,64}$/);
    expect(told.map(({ call }) => call.requestId)).to.deep.equal([
      'trace-1',
      odd.headers.get('x-request-id'),
    ]);
  });

  it('tells the observer of a call refused before its use-case, once', async () => {
    const { url, told } = await startFakeGateway();
    const bodies = ['{}', 'x'.repeat(70_000), 'scope=%zz'];
    const types = [
      'application/json',
      'application/x-www-form-urlencoded',
      'application/x-www-form-urlencoded',
    ];
    for (const [index, body] of bodies.entries()) {
      await fetch(`${url}/oauth/token`, { method: 'POST', body, headers: { 'content-type': types[index]! } });
    }
    expect(told.map(({ outcome }) => [outcome.rpc, outcome.code])).to.deep.equal(
      bodies.map(() => ['IssueToken', 'invalid_request']),
    );
  });

  it('takes the address that a trusted proxy forwarded for the caller’s, and no other', async () => {
    const trustedProxies = new BlockList();
    trustedProxies.addAddress('127.0.0.1');
    const trusting = await startFakeGateway({}, { trustedProxies });
    const wary = await startFakeGateway();
    for (const { url } of [trusting, wary]) {
      await fetch(`${url}/oauth/token`, tokenRequest({ 'x-forwarded-for': '192.0.2.1, 198.51.100.1' }));
    }
    expect(trusting.told[0]?.call.sourceAddress).to.equal('198.51.100.1');
    expect(wary.told[0]?.call.sourceAddress).to.equal('127.0.0.1');
  });

  it('serves an issuer’s endpoints below its path and without it, and its metadata at one place', async () => {
    const issuer = 'https://issuer.example/tenant/one';
    const { url } = await startFakeGateway({}, { issuer });
    for (const path of ['/oauth/token', '/tenant/one/oauth/token']) {
      expect((await fetch(`${url}${path}`, tokenRequest())).status, path).to.equal(200);
    }
    const found = await fetch(`${url}/.well-known/oauth-authorization-server/tenant/one`);
    const document = (await found.json()) as Record<string, unknown>;
    expect(document.issuer).to.equal(issuer);
    expect(document.token_endpoint).to.equal(`${issuer}/oauth/token`);
    expect(document.paseto_keys_uri).to.equal('https://issuer.example/.well-known/paseto-keys/tenant/one');
    expect((await fetch(`${url}/.well-known/oauth-authorization-server`)).status).to.equal(404);
    for (const path of ['/.well-known/paseto-keys', '/.well-known/paseto-keys/tenant/one']) {
      expect((await fetch(`${url}${path}`)).status, path).to.equal(200);
    }
  });
});
