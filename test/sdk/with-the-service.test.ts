import { expect } from 'chai';
import { createVerifier, type Verifier } from '../../src/sdk/create-verifier.js';
import { VerifyError } from '../../src/sdk/errors.js';
import { createTokenSource, type TokenSource, type TokenSourceOptions } from '../../src/sdk/token-source.js';
import { type RealService, startRealService } from './real-service.js';
import { until } from './until.js';

const AUDIENCE = 'https://orders.test';

describe('the library with the service itself', () => {
  let service: RealService;
  let open: { close(): void }[];
  let verifierSecret: string;
  let callerSecret: string;

  beforeEach(async () => {
    open = [];
    service = await startRealService();
    callerSecret = await service.createClient({
      clientId: 'caller',
      allowedScopes: ['orders:read', 'orders:write'],
      defaultScopes: ['orders:read'],
      allowedAudiences: [AUDIENCE],
      ext: { tenant: 'acme' },
    });
    verifierSecret = await service.createClient({
      clientId: 'orders',
      introspectionOnly: true,
      allowedScopes: ['countersign:introspect'],
      servesAudiences: [AUDIENCE],
    });
  });

  afterEach(async () => {
    for (const each of open) each.close();
    await service.stop();
  });

  async function readyVerifier(): Promise<Verifier> {
    const verifier = createVerifier({
      address: service.address,
      issuer: service.issuer,
      audience: AUDIENCE,
      credential: { clientId: 'orders', clientSecret: verifierSecret },
    });
    open.push(verifier);
    await verifier.ready();
    return verifier;
  }

  function sourceOf(options: Partial<TokenSourceOptions> = {}): TokenSource {
    const { address } = service;
    const source = createTokenSource({ address, clientId: 'caller', clientSecret: callerSecret, ...options });
    open.push(source);
    return source;
  }

  const reasonOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'accepted',
      (err: unknown) => (err instanceof VerifyError ? err.reason : String(err)),
    );

  it('accepts a token that it got over gRPC or over HTTP, without asking about it', async () => {
    const verifier = await readyVerifier();
    const overHttp = { address: undefined, tokenEndpoint: service.tokenEndpoint, scopes: ['orders:write'] };
    const [grpc, http] = await Promise.all([sourceOf().token(), sourceOf(overHttp).token()]);
    const principal = await verifier.verify(grpc);
    expect(principal).to.include({ kind: 'service', clientId: 'caller', audience: AUDIENCE });
    expect(principal.scopes).to.deep.equal(['orders:read']);
    expect(principal.ext).to.deep.equal({ tenant: 'acme' });
    expect((await verifier.verify(http)).scopes).to.deep.equal(['orders:write']);
    expect(verifier.metrics().accepted).to.deep.equal({ warm: 0, cold: 2, introspected: 0, stale: 0 });
  });

  it('refuses what is revoked, by client, by token and by key, and accepts what comes after', async () => {
    const verifier = await readyVerifier();
    const first = await sourceOf().token();
    const { tokenId } = await verifier.verify(first);
    await service.revokeToken('caller', tokenId);
    await until(() => verifier.check(first) === undefined);
    expect(await reasonOf(verifier.verify(first))).to.equal('token_revoked');

    const second = await sourceOf().token();
    await verifier.verify(second);
    await service.revokeClient('caller');
    await until(() => verifier.check(second) === undefined);
    expect(await reasonOf(verifier.verify(second))).to.equal('client_revoked');

    await service.reinstateClient('caller');
    const third = await sourceOf().token();
    await verifier.verify(third);
    expect(await reasonOf(verifier.verify(second))).to.equal('client_revoked');

    await service.revokeSigningKey();
    await until(() => verifier.check(third) === undefined);
    expect(await reasonOf(verifier.verify(third))).to.equal('key_revoked');
    expect(await reasonOf(verifier.verify(await sourceOf().token()))).to.equal('accepted');
  });

  it('learns in its snapshot what was revoked before it came', async () => {
    const token = await sourceOf().token();
    await service.revokeClient('caller');
    const verifier = await readyVerifier();
    expect(await reasonOf(verifier.verify(token))).to.equal('client_revoked');
  });

  it('is unsure, and no more, once the service is gone', async () => {
    const verifier = await readyVerifier();
    const token = await sourceOf().token();
    await verifier.verify(token);
    await service.stop();
    await until(() => verifier.check(token) === undefined);
    expect(verifier.staleness()).to.be.above(1500);
    expect(await reasonOf(verifier.verify(token))).to.equal('stale');
  });
});
