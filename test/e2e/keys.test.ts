import { type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { VerifyError } from '../../src/sdk/verifier.js';
import {
  AuditServiceService,
  ListAuditEventsRequest,
} from '../../src/wire/gen/countersign/v1/audit_service.js';
import { KeyServiceService } from '../../src/wire/gen/countersign/v1/key_service.js';
import { KeyState } from '../../src/wire/gen/countersign/v1/token_service.js';
import { keyIdOf, stockReader } from '../support/connection.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE } from '../support/trial-settings.js';
import { KeyScene } from './key-scene.js';

const LEAD_MS = 2000;

const refusal = (call: Promise<unknown>): Promise<readonly [status, string]> =>
  call.then(
    () => [status.OK, ''],
    (err: ServiceError) => [err.code, String(err.metadata.get('countersign-error')[0])],
  );

const reasonOf = (verdict: Promise<unknown>): Promise<string> =>
  verdict.then(
    () => 'accepted',
    (err) => (err instanceof VerifyError ? err.reason : String(err)),
  );

const { KEY_STATE_PUBLISHED, KEY_STATE_ACTIVE, KEY_STATE_RETIRED, KEY_STATE_REVOKED } = KeyState;

for (const store of ['memory', 'redis'] as const) {
  describe(`signing keys over gRPC, on ${store === 'memory' ? 'the embedded store' : 'two servers on Redis'}`, function () {
    this.timeout(30_000);
    let scene: KeyScene;
    beforeEach(async () => {
      scene = await KeyScene.open(store);
    });
    afterEach(() => scene?.close());

    it('a rotation publishes the next key to every verifier first, and only after the lead does it sign', async () => {
      const old = await scene.first.issue(scene.orders);
      const next = await scene.rotate(false);
      expect(next.state).to.equal(KEY_STATE_PUBLISHED);
      expect((next.activateTime?.getTime() ?? 0) - (next.createTime?.getTime() ?? 0)).to.equal(LEAD_MS);
      expect(await scene.states()).to.deep.equal([KEY_STATE_PUBLISHED, KEY_STATE_ACTIVE]);
      expect(await scene.published()).to.have.members([keyIdOf(old), next.keyId]);
      expect((await scene.rotate(false)).keyId, 'asked again').to.equal(next.keyId);

      await eventually(async () => {
        const askedAtMs = Date.now();
        const tokens = await scene.issueEverywhere();
        for (const token of tokens) {
          for (const verifier of scene.verifiers) await verifier.verify(token);
          if (keyIdOf(token) === next.keyId) {
            expect(Date.now()).to.be.at.least(next.activateTime?.getTime() ?? Number.NaN);
          } else expect(askedAtMs).to.be.at.most(next.activateTime?.getTime() ?? Number.NaN);
        }
        expect(tokens.map(keyIdOf)).to.deep.equal(scene.servers.map(() => next.keyId));
      });
      await eventually(async () =>
        expect(await scene.states()).to.deep.equal([KEY_STATE_ACTIVE, KEY_STATE_RETIRED]),
      );
      expect(await scene.introspect(old)).not.to.include(false);
      for (const verifier of scene.verifiers) await verifier.verify(old);
    });

    it('an immediate rotation is in force at every server with the answer, and old tokens live on', async () => {
      const old = await scene.first.issue(scene.orders);
      const next = await scene.rotate(true);
      expect(next.state).to.equal(KEY_STATE_ACTIVE);
      const tokens = await scene.issueEverywhere();
      expect(tokens.map(keyIdOf)).to.deep.equal(scene.servers.map(() => next.keyId));
      for (const token of [old, ...tokens]) {
        expect(await scene.introspect(token)).not.to.include(false);
        // The price: a verifier that has just fetched the keys does not know this one before it does so again.
        for (const verifier of scene.verifiers) await eventually(() => verifier.verify(token));
      }
    });

    it('with the answer to a revocation every token of the key is dead at every server, and another key signs', async () => {
      const token = await scene.first.issue(scene.orders);
      for (const verifier of scene.verifiers) await verifier.verify(token);
      const active = await scene.revoke(keyIdOf(token), 'seen on a forum');
      expect(await scene.introspect(token)).not.to.include(true);
      expect(active.state).to.equal(KEY_STATE_ACTIVE);
      expect(active.keyId).not.to.equal(keyIdOf(token));
      expect(await scene.states()).to.deep.equal([KEY_STATE_ACTIVE, KEY_STATE_REVOKED]);
      expect(await scene.published()).to.deep.equal([active.keyId]);

      const fresh = await scene.issueEverywhere();
      expect(fresh.map(keyIdOf)).to.deep.equal(scene.servers.map(() => active.keyId));
      for (const verifier of scene.verifiers) {
        await eventually(async () => expect(await reasonOf(verifier.verify(token))).to.equal('key_revoked'));
        for (const one of fresh) await verifier.verify(one);
      }
      for (const one of fresh) expect(await scene.introspect(one)).not.to.include(false);
    });

    it('the revocation of a retired key ends its tokens and no others, and the active one goes on', async () => {
      const old = await scene.first.issue(scene.orders);
      await scene.rotate(true);
      const current = await scene.last.issue(scene.orders);
      expect((await scene.revoke(keyIdOf(old))).keyId).to.equal(keyIdOf(current));
      expect(await scene.introspect(old)).not.to.include(true);
      expect(await scene.introspect(current)).not.to.include(false);
    });

    it('a key that was revoked before it signed never signs', async () => {
      const [active] = await scene.issueEverywhere();
      const next = await scene.rotate(false);
      expect((await scene.revoke(next.keyId)).keyId).to.equal(keyIdOf(active ?? ''));
      const again = await scene.rotate(false);
      expect(again.keyId).not.to.equal(next.keyId);
      await eventually(async () =>
        expect((await scene.issueEverywhere()).map(keyIdOf)).to.include(again.keyId),
      );
    });

    it('rotating and revoking leave their names in the trail, and a repeat of a revocation succeeds', async () => {
      const [token] = await scene.issueEverywhere();
      const keyId = keyIdOf(token ?? '');
      const next = await scene.rotate(true);
      await scene.revoke(keyId, 'leaked');
      await scene.revoke(keyId, 'leaked');
      const asked = ListAuditEventsRequest.fromPartial({ pageSize: 3 });
      const { events } = await scene.last.call(AuditServiceService.listAuditEvents, asked);
      expect(events.map(({ action, actor, target }) => [action, actor, target])).to.deep.equal([
        ['RevokeSigningKey', 'root', keyId],
        ['RevokeSigningKey', 'root', keyId],
        ['RotateSigningKey', 'root', next.keyId],
      ]);
    });

    it('are shown and changed only to and by who has countersign:keys', async () => {
      const settings = { ...stockReader(AUDIENCE), allowedScopes: ['countersign:keys', 'stock:read'] };
      const keeper = await scene.first.register('keeper', settings);
      const token = await scene.first.issue(scene.orders);
      const { listSigningKeys, rotateSigningKey, revokeSigningKey } = KeyServiceService;
      const revoked = { keyId: keyIdOf(token), reason: '' };
      for (const [caller, answer] of [
        [keeper, [status.OK, '']],
        [scene.orders, [status.PERMISSION_DENIED, 'insufficient_scope']],
        [{ id: 'orders', secret: 'wrong' }, [status.UNAUTHENTICATED, 'invalid_client']],
      ] as const) {
        const calls = [
          scene.last.call(listSigningKeys, {}, { caller }),
          scene.last.call(rotateSigningKey, { immediate: false }, { caller }),
          scene.last.call(revokeSigningKey, revoked, { caller }),
        ];
        for (const call of calls) expect(await refusal(call)).to.deep.equal(answer);
      }
    });

    it('that never were, or are no key ids, are refused', async () => {
      const unknown = scene.revoke(`k4.pid.${'A'.repeat(44)}`);
      expect(await refusal(unknown)).to.deep.equal([status.NOT_FOUND, 'not_found']);
      expect(await refusal(scene.revoke('k4.pid.no'))).to.deep.equal([
        status.INVALID_ARGUMENT,
        'invalid_request',
      ]);
    });
  });
}
