import { expect } from 'chai';
import type { ManualClock } from '../support/manual-clock.js';
import { manualClock } from '../support/manual-clock.js';
import { refusal } from '../support/refusal.js';
import { callWith, makeService, type Service } from '../support/service.js';

describe('the life of a token', () => {
  let clock: ManualClock;
  let service: Service;
  let token: string;
  let credential: Service['admin'];

  beforeEach(async () => {
    clock = manualClock();
    service = await makeService({ clock });
    credential = await service.register('orders');
    token = await service.issue(credential);
  });
  afterEach(() => service.close());

  const admin = () => callWith(service.admin);
  const isActive = async (text = token): Promise<boolean> =>
    (await service.useCases.introspectToken({ token: text }, admin())) !== undefined;

  it('ends 5 s after its expiry, and not before', async () => {
    clock.advance(3_604_999);
    expect(await isActive()).to.equal(true);
    clock.advance(1);
    expect(await isActive()).to.equal(false);
  });

  it('begins no more than 5 s before its issue, on a clock that is behind', async () => {
    clock.setNow(clock.now() - 5000);
    expect(await isActive()).to.equal(true);
    clock.setNow(clock.now() - 1);
    expect(await isActive()).to.equal(false);
  });

  it('is over with the revocation of its client, and reinstating does not bring it back', async () => {
    await service.useCases.revokeClient({ clientId: 'orders', reason: '' }, admin());
    expect(await isActive()).to.equal(false);
    await service.useCases.reinstateClient({ clientId: 'orders' }, admin());
    expect(await isActive()).to.equal(false);
    expect(await isActive(await service.issue(credential))).to.equal(true);
  });

  it('is over with the revocation of its client’s tokens, though the client goes on', async () => {
    await service.useCases.revokeClientTokens({ clientId: 'orders', reason: '' }, admin());
    expect(await isActive()).to.equal(false);
    expect(await isActive(await service.issue(credential))).to.equal(true);
  });

  it('is over with its own revocation, and no other token’s', async () => {
    const other = await service.issue(credential);
    await service.useCases.revokeToken({ token }, admin());
    expect([await isActive(), await isActive(other)]).to.deep.equal([false, true]);
  });

  it('is over with the revocation of the key that signed it', async () => {
    expect(await isActive()).to.equal(true);
    const [key] = await service.useCases.listSigningKeys({}, admin());
    await service.useCases.revokeSigningKey({ keyId: key?.keyId ?? '', reason: '' }, admin());
    expect(await isActive()).to.equal(false);
  });

  it('cannot begin with a secret that has expired, from that very instant', async () => {
    const rotation = {
      clientId: 'orders',
      overlapSeconds: 60,
      revokeTokens: false,
      requestId: '',
      importedSecret: '',
    };
    await service.useCases.rotateClientSecret(rotation, admin());
    clock.advance(59_999);
    expect(await isActive(await service.issue(credential))).to.equal(true);
    clock.advance(1);
    await refusal(service.issue(credential), 'invalid_client');
  });

  it('cannot begin while its client is revoked, with the secret that was right', async () => {
    await service.useCases.revokeClient({ clientId: 'orders', reason: '' }, admin());
    await refusal(service.issue(credential), 'invalid_client');
  });
});
