import { expect } from 'chai';
import fc from 'fast-check';
import type { KeyId } from '../../src/domain/ids.js';
import {
  type KeyPolicy,
  keyStateOf,
  planRing,
  revokeInRing,
  rotateRing,
  signerOf,
  successorOf,
} from '../../src/domain/key-life.js';
import { defaultKeyLife, keyLifeFaults, keyPolicyFrom } from '../../src/domain/key-policy.js';
import type { MakeSigningKey, StoredKeyRing } from '../../src/domain/ports.js';

const POLICY: KeyPolicy = { periodMs: 1000, leadMs: 100, overlapMs: 300 };

/** A ring over time; keys are called k1, k2 and so on as they are made. */
class Trial {
  ring: StoredKeyRing = { version: 1, masterKeyId: 'm', keys: [], peppers: [] };
  now: number;
  private made = 0;

  constructor(now = 0) {
    this.now = now;
    this.plan();
  }
  readonly makeKey: MakeSigningKey = () => {
    this.made += 1;
    return { keyId: `k${this.made}` as KeyId, publicKey: `p${this.made}`, wrappedSecret: `w${this.made}` };
  };
  plan(): boolean {
    const planned = planRing(this.ring, this.now, POLICY, this.makeKey);
    this.ring = planned ?? this.ring;
    return planned !== undefined;
  }
  rotate(immediate: boolean): void {
    this.ring = rotateRing(this.ring, this.now, POLICY, this.makeKey, immediate);
  }
  revoke(name: string): boolean {
    const revoked = revokeInRing(this.ring, name as KeyId, this.now, POLICY, this.makeKey);
    this.ring = revoked ?? this.ring;
    return revoked !== undefined;
  }
  /** Moves on in time, and plans as servers would. */
  at(now: number): this {
    this.now = now;
    this.plan();
    return this;
  }
  get signer(): string | undefined {
    return signerOf(this.ring.keys, this.now)?.keyId;
  }
  get states(): Record<string, string> {
    return Object.fromEntries(
      this.ring.keys.map((key) => [key.keyId, keyStateOf(key, this.ring.keys, this.now)]),
    );
  }
}

describe('the life of a signing key', () => {
  it('is published a lead before it signs, signs for a period, and stays for the overlap', () => {
    const trial = new Trial();
    expect(trial.states).to.deep.equal({ k1: 'active' });
    expect(trial.at(899).states).to.deep.equal({ k1: 'active' });
    expect(trial.at(900).states).to.deep.equal({ k1: 'active', k2: 'published' });
    expect(trial.at(999).states).to.deep.equal({ k1: 'active', k2: 'published' });
    expect(trial.at(1000).states).to.deep.equal({ k1: 'retired', k2: 'active' });
    expect(trial.at(1299).states).to.deep.equal({ k1: 'retired', k2: 'active' });
    expect(trial.at(1300).states).to.deep.equal({ k2: 'active' });
    expect(trial.at(1900).states).to.deep.equal({ k2: 'active', k3: 'published' });
  });

  it('changes hands by the time alone, before any server has written so', () => {
    const trial = new Trial().at(900);
    trial.now = 1000;
    expect(trial.states).to.deep.equal({ k1: 'retired', k2: 'active' });
  });

  it('loses its secret half as soon as a server notes that it has been succeeded', () => {
    const trial = new Trial().at(900).at(1000);
    expect(trial.ring.keys[0]).to.deep.include({
      wrappedSecret: undefined,
      retireTimeMs: 1000,
      removeTimeMs: 1300,
    });
  });

  it('gives the next key its whole lead when every server slept through the end of the period', () => {
    const trial = new Trial().at(5000);
    expect(trial.states).to.deep.equal({ k1: 'active', k2: 'published' });
    expect(trial.at(5099).signer).to.equal('k1');
    expect(trial.at(5100).signer).to.equal('k2');
  });

  it('is ended by a rotation only after the lead, and asking twice makes one successor', () => {
    const trial = new Trial(500);
    trial.rotate(false);
    trial.rotate(false);
    expect(trial.states).to.deep.equal({ k1: 'active', k2: 'published' });
    expect(trial.at(599).signer).to.equal('k1');
    expect(trial.at(600).signer).to.equal('k2');
  });

  it('is ended at once by an immediate rotation, by the successor that was on its way if there is one', () => {
    const trial = new Trial();
    trial.rotate(true);
    expect(trial.states).to.deep.equal({ k1: 'retired', k2: 'active' });
    trial.rotate(false);
    trial.rotate(true);
    expect(trial.states).to.deep.equal({ k1: 'retired', k2: 'retired', k3: 'active' });
  });

  it('is ended by an immediate rotation even if the clock of the store went back', () => {
    const trial = new Trial(5000);
    trial.now = 1000;
    trial.rotate(true);
    expect(trial.at(6000).states).to.include({ k2: 'active' });
  });

  it('ends with its revocation, and another key signs in the same step', () => {
    const trial = new Trial();
    trial.revoke('k1');
    expect(trial.states).to.deep.equal({ k1: 'revoked', k2: 'active' });
    expect(trial.ring.keys[0]?.wrappedSecret).to.equal(undefined);
    trial.rotate(false);
    trial.revoke('k2');
    expect(trial.states).to.deep.equal({ k1: 'revoked', k2: 'revoked', k3: 'active' });
  });

  it('leaves the active key signing when its successor is revoked, and makes another in time', () => {
    const trial = new Trial().at(900);
    trial.revoke('k2');
    expect(trial.states).to.deep.equal({ k1: 'active', k2: 'revoked' });
    expect(trial.at(910).states).to.deep.equal({ k1: 'active', k2: 'revoked', k3: 'published' });
    expect(trial.at(1009).signer).to.equal('k1');
    expect(trial.at(1010).signer).to.equal('k3');
  });

  it('is remembered for ever once revoked, since whoever stole it can make tokens for ever', () => {
    const trial = new Trial();
    trial.revoke('k1');
    expect(trial.at(1e9).states).to.include({ k1: 'revoked' });
  });

  it('can be revoked again, which writes again; one that never was cannot', () => {
    const trial = new Trial();
    trial.revoke('k1');
    const { version, keys } = trial.ring;
    expect(trial.revoke('k1')).to.equal(true);
    expect(trial.ring).to.deep.equal({ ...trial.ring, version: version + 1, keys });
    expect(trial.revoke('k9')).to.equal(false);
  });

  const act = fc.oneof(
    fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(700) }),
    fc.record({ kind: fc.constant('rotate' as const), immediate: fc.boolean() }),
    fc.record({ kind: fc.constant('revoke' as const), which: fc.nat(9) }),
  );

  it('always leaves one key active and at most one to come, whatever is done in whatever order', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const trial = new Trial();
        for (const step of acts) {
          const { version } = trial.ring;
          if (step.kind === 'wait') trial.at(trial.now + step.ms);
          else if (step.kind === 'rotate') trial.rotate(step.immediate);
          else trial.revoke(trial.ring.keys[step.which % trial.ring.keys.length]?.keyId ?? '');
          const states = Object.values(trial.states);
          expect(states.filter((state) => state === 'active')).to.have.length(1);
          expect(states.filter((state) => state === 'published').length).to.be.at.most(1);
          expect(trial.ring.version - version).to.be.within(0, 1);
          trial.plan();
          expect(trial.plan(), 'there is nothing left to plan').to.equal(false);
        }
      }),
    );
  });

  it('without an emergency, never lets a key sign that was not published for the lead', () => {
    const calm = fc.oneof(
      fc.record({ ms: fc.nat(400), rotate: fc.constant(false) }),
      fc.record({ ms: fc.constant(0), rotate: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(calm, { maxLength: 60 }), (acts) => {
        const trial = new Trial();
        for (const { ms, rotate } of acts) {
          trial.now += ms;
          const signer = signerOf(trial.ring.keys, trial.now);
          if (signer?.keyId !== 'k1')
            expect(trial.now - (signer?.createTimeMs ?? 0)).to.be.at.least(POLICY.leadMs);
          const next = successorOf(trial.ring.keys, trial.now);
          if (next !== undefined)
            expect(next.activateTimeMs).to.be.at.least(next.createTimeMs + POLICY.leadMs);
          if (rotate) trial.rotate(false);
          else trial.plan();
        }
      }),
    );
  });
});

describe('the settings of key life', () => {
  const bounds = { refreshAfterSeconds: 300, maxTokenTtlSeconds: 86_400 };

  it('are 30 days, an hour and a day by default, and possible whatever the bounds', () => {
    expect(defaultKeyLife(bounds)).to.deep.equal({
      periodSeconds: 2_592_000,
      leadSeconds: 3600,
      overlapSeconds: 86_465,
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 86_400 }),
        fc.integer({ min: 1, max: 31_536_000 }),
        (refresh, ttl) => {
          const wide = { refreshAfterSeconds: refresh, maxTokenTtlSeconds: ttl };
          expect(keyLifeFaults(defaultKeyLife(wide), wide)).to.deep.equal([]);
        },
      ),
    );
  });

  it('are refused with every reason at once', () => {
    const faults = keyLifeFaults({ periodSeconds: 100, leadSeconds: 359, overlapSeconds: 86_464 }, bounds);
    expect(faults.map(({ setting }) => setting)).to.deep.equal(['LEAD', 'OVERLAP', 'PERIOD']);
    expect(faults[0]?.problem).to.contain('at least 360');
    expect(faults[1]?.problem).to.contain('at least 86465');
    expect(faults[2]?.problem).to.contain('longer than the lead');
  });

  it('are taken in seconds and used in milliseconds', () => {
    expect(keyPolicyFrom({ periodSeconds: 3, leadSeconds: 2, overlapSeconds: 1 })).to.deep.equal({
      periodMs: 3000,
      leadMs: 2000,
      overlapMs: 1000,
    });
  });
});
