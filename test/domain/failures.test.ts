import { expect } from 'chai';
import { createMemoryStore } from '../../src/adapters/memory/memory-store.js';
import { makeAdmit } from '../../src/domain/admit.js';
import { makeAuthenticateClient } from '../../src/domain/authenticate-client.js';
import type { Call, Credential } from '../../src/domain/call.js';
import type { FailureThrottle } from '../../src/domain/failure-throttle.js';
import { requireQuota } from '../../src/domain/issue-quota.js';
import type { SecretHasher, TokenCodec } from '../../src/domain/ports.js';
import { manualClock } from '../support/manual-clock.js';
import {
  auditEntry,
  authenticToken,
  clientId,
  clientRecord,
  generation,
  keyRing,
  storedSecret,
  storeMarker,
} from '../support/records.js';
import { refusal } from '../support/refusal.js';

const hasher: SecretHasher = {
  hash: (secret) => ({ hash: secret, pepperId: 'p1' }),
  find: (secret, stored) => stored.find(({ hash }) => hash === secret),
};

/** Remembers who failed, and asks for what it is told to ask for. */
class RecordingThrottle implements FailureThrottle {
  readonly failures: [string | undefined, string][] = [];
  wait: number | undefined;

  async failed(id: string | undefined, source: string): Promise<number | undefined> {
    this.failures.push([id, source]);
    return this.wait;
  }
}

const callWith = (credential: Credential): Call => ({
  requestId: 'r',
  door: 'http',
  sourceAddress: '192.0.2.1',
  credential,
  facts: {},
});

describe('failed credentials', () => {
  const clock = manualClock();
  const audit = auditEntry('Test');
  let throttle: RecordingThrottle;
  let store: ReturnType<typeof createMemoryStore>;
  const noCall = callWith({ kind: 'none' });

  beforeEach(async () => {
    throttle = new RecordingThrottle();
    store = createMemoryStore({ clock });
    await store.keyRings.found(storeMarker(), keyRing());
    const secrets = [
      storedSecret('s1', { hash: 'right' }),
      storedSecret('s2', { hash: 'ended', expireTimeMs: clock.now() - 1 }),
    ];
    for (const id of ['good', 'revoked']) {
      await store.clients.create(clientRecord(id, { secrets }), generation(0), audit);
    }
    await store.clients.revoke(clientId('revoked'), { by: 'x', reason: '' }, audit);
  });

  const authenticate = (id: string, secret: string) =>
    makeAuthenticateClient({ clients: store.clients, hasher, throttle, clock })(id, secret, noCall);

  it('are counted once each, whether unknown, malformed, wrong, expired or revoked', async () => {
    for (const [id, secret] of [
      ['nobody', 'right'],
      ['not an id', 'right'],
      ['good', 'wrong'],
      ['good', 'ended'],
      ['revoked', 'right'],
    ] as const) {
      await refusal(authenticate(id, secret), 'invalid_client');
      expect(throttle.failures.pop()).to.deep.equal([id, '192.0.2.1']);
    }
    expect(throttle.failures).to.deep.equal([]);
  });

  it('cost the same, whether unknown, wrong, expired or revoked: one look at the store and one at the hashes', async () => {
    let looks = 0;
    let searches = 0;
    const authenticated = makeAuthenticateClient({
      clients: {
        ...store.clients,
        look: (id) => {
          looks += 1;
          return store.clients.look(id);
        },
      },
      hasher: {
        ...hasher,
        find: (...args) => {
          searches += 1;
          return hasher.find(...args);
        },
      },
      throttle,
      clock,
    });
    const costs = [];
    for (const [id, secret] of [
      ['nobody', 'right'],
      ['good', 'wrong'],
      ['good', 'ended'],
      ['revoked', 'right'],
    ] as const) {
      looks = searches = 0;
      await refusal(authenticated(id, secret, noCall), 'invalid_client');
      costs.push(`${looks} look, ${searches} search`);
    }
    expect(new Set(costs)).to.deep.equal(new Set(['1 look, 1 search']));
  });

  it('in excess are answered slow_down with the time to wait, all alike', async () => {
    throttle.wait = 8;
    const answers = await Promise.all([
      refusal(authenticate('nobody', 'right'), 'slow_down'),
      refusal(authenticate('good', 'wrong'), 'slow_down'),
      refusal(authenticate('revoked', 'right'), 'slow_down'),
    ]);
    expect(new Set(answers.map((answer) => answer.message)).size).to.equal(1);
    expect(answers.map((answer) => answer.retryAfterSeconds)).to.deep.equal([8, 8, 8]);
  });

  it('of others never keep out a right secret, which is not even counted', async () => {
    throttle.wait = 60;
    expect((await authenticate('good', 'right')).client.clientId).to.equal('good');
    expect(throttle.failures).to.deep.equal([]);
  });

  it('are no failures while the store does not answer', async () => {
    await store.close();
    await refusal(authenticate('good', 'wrong'), 'temporarily_unavailable');
    expect(throttle.failures).to.deep.equal([]);
  });

  describe('of bearers', () => {
    const authentic = authenticToken({ clientId: clientId('good'), audience: 'https://issuer.example' });
    const codec: TokenCodec = {
      sign: () => Promise.reject(new Error('nothing is signed here')),
      open: async (token) => (token === 'ours' ? authentic : undefined),
      read: () => ({ claimed: undefined, prove: () => undefined }),
    };
    const admit = (token: string) =>
      makeAdmit({
        authenticateClient: () => Promise.reject(new Error('nobody authenticates here')),
        codec,
        isAlive: async () => false,
        clients: store.clients,
        throttle,
        issuer: 'https://issuer.example',
      })('IntrospectToken', callWith({ kind: 'bearer', token }));

    it('are counted against the address when they are forged', async () => {
      await refusal(admit('forged'), 'invalid_token');
      expect(throttle.failures).to.deep.equal([[undefined, '192.0.2.1']]);
      throttle.wait = 4;
      expect(await refusal(admit('forged'), 'slow_down')).to.have.property('retryAfterSeconds', 4);
    });

    it('are not counted when the token was ours and has run out: its bearer must learn that', async () => {
      throttle.wait = 4;
      await refusal(admit('ours'), 'invalid_token');
      expect(throttle.failures).to.deep.equal([]);
    });
  });
});

describe('a quota on issuing', () => {
  it('refuses with slow_down and the time to wait', async () => {
    const act = async () => requireQuota({ take: () => 7 }, clientId('a'));
    expect(await refusal(act(), 'slow_down')).to.have.property('retryAfterSeconds', 7);
    requireQuota({ take: () => undefined }, clientId('a'));
  });
});
