import { expect } from 'chai';
import type { ServerProcess } from '../support/server-process.js';
import { type Bounds, check, checkTestimony, DEFAULT_BOUNDS } from './checker.js';
import type { Operation, Outcome } from './history.js';
import { Witness } from './witness.js';

const OK: Outcome = { kind: 'ok' };
const ACTIVE: Outcome = { kind: 'ok', verdict: 'active' };
const INACTIVE: Outcome = { kind: 'ok', verdict: 'inactive' };
const UNKNOWN: Outcome = { kind: 'unknown', why: 'time-out' };

let count = 0;
/** An operation on client `c` and token `t`, from one time to another. */
const op = (
  kind: Operation['kind'],
  sentMs: number,
  answeredMs: number,
  outcome: Outcome = OK,
  tokenId = 't',
): Operation => {
  count += 1;
  return { kind, id: count, at: 'one', clientId: 'c', tokenId, sentMs, answeredMs, outcome } as Operation;
};

const broken = (operations: Operation[], bounds: Bounds = DEFAULT_BOUNDS): string[] =>
  check({ seed: 0, operations, faults: [] }, bounds).map(({ invariant }) => invariant);

const ISSUED = op('issue', 0, 1);

describe('the oracle', () => {
  for (const kind of ['revokeClient', 'revokeClientTokens', 'revokeToken'] as const) {
    it(`catches a token that introspection calls active after ${kind} was answered`, () => {
      expect(broken([ISSUED, op(kind, 2, 3), op('introspect', 4, 5, ACTIVE)])).to.deep.equal(['I1']);
    });

    it(`allows either answer while ${kind} is under way, or when its outcome is not known`, () => {
      for (const verdict of [ACTIVE, INACTIVE]) {
        expect(broken([ISSUED, op(kind, 2, 6), op('introspect', 3, 5, verdict)])).to.deep.equal([]);
        expect(broken([ISSUED, op(kind, 2, 3, UNKNOWN), op('introspect', 4, 5, verdict)])).to.deep.equal([]);
      }
    });

    it(`catches an answered ${kind} that is missing in the final pass`, () => {
      const history = [ISSUED, op(kind, 2, 3), op('introspect', 100, 101, ACTIVE)];
      expect(broken(history, { ...DEFAULT_BOUNDS, finalFromMs: 50 })).to.deep.equal(['I3']);
    });
  }

  it('gives a verifier its bound and not a millisecond more', () => {
    expect(broken([ISSUED, op('revokeClient', 2, 3), op('verify', 1503, 1503, ACTIVE)])).to.deep.equal([]);
    expect(broken([ISSUED, op('revokeClient', 2, 3), op('verify', 1504, 1504, ACTIVE)])).to.deep.equal([
      'I2',
    ]);
  });

  it('catches a token called dead that nothing revoked', () => {
    expect(broken([ISSUED, op('introspect', 2, 3, INACTIVE)])).to.deep.equal(['I4']);
    expect(broken([ISSUED, op('verify', 2, 3, INACTIVE)])).to.deep.equal(['I4']);
    expect(
      broken([ISSUED, op('revokeToken', 2, 3, OK, 'other'), op('introspect', 4, 5, INACTIVE)]),
    ).to.deep.equal(['I4']);
  });

  it('catches a token issued after a revocation that the revocation kills all the same', () => {
    const history = [
      op('revokeClient', 0, 1),
      op('reinstateClient', 2, 3),
      op('issue', 4, 5),
      op('introspect', 6, 7, INACTIVE),
    ];
    expect(broken(history)).to.deep.equal(['I4']);
  });

  it('lets a token go either way that was issued while the revocation was under way', () => {
    for (const verdict of [ACTIVE, INACTIVE]) {
      expect(
        broken([op('revokeClient', 0, 5), op('issue', 1, 4), op('introspect', 6, 7, verdict)]),
      ).to.deep.equal([]);
    }
  });

  it('catches a failure that does not say that it is one, and a call that does not settle', () => {
    expect(broken([op('introspect', 0, 1, { kind: 'refused', code: 'internal' })])).to.deep.equal(['I5']);
    expect(broken([op('introspect', 0, 1, { kind: 'refused', code: 'invalid_client' })])).to.deep.equal([
      'I5',
    ]);
    expect(
      broken([op('introspect', 0, 1, { kind: 'refused', code: 'temporarily_unavailable' })]),
    ).to.deep.equal([]);
    expect(broken([op('introspect', 0, 2001, UNKNOWN)])).to.deep.equal(['I6']);
  });

  it('catches a token given to a revoked client, unless a reinstatement may have come between', () => {
    const revoked = op('revokeClient', 2, 3);
    expect(broken([revoked, op('issue', 4, 5)])).to.deep.equal(['I1']);
    expect(broken([op('reinstateClient', 0, 1), revoked, op('issue', 4, 5)])).to.deep.equal(['I1']);
    expect(broken([revoked, op('reinstateClient', 4, 6), op('issue', 5, 7)])).to.deep.equal([]);
    expect(broken([revoked, op('reinstateClient', 4, 5, UNKNOWN), op('issue', 6, 7)])).to.deep.equal([]);
    expect(broken([revoked, op('issue', 2.5, 5)])).to.deep.equal([]);
  });

  it('catches a client refused that nothing revoked', () => {
    const refused = op('issue', 4, 5, { kind: 'refused', code: 'invalid_client' });
    expect(broken([refused])).to.deep.equal(['I4']);
    expect(broken([op('revokeClient', 2, 3, UNKNOWN), refused])).to.deep.equal([]);
  });

  describe('of what no call shows', () => {
    /** A server that wrote something, as the witness sees it; in memory it is this process. */
    const serverThatWrote = (log: string): ServerProcess =>
      ({
        pid: process.pid,
        output: () => log,
        ports: { grpc: 0, http: 0, ops: 1 },
      }) as unknown as ServerProcess;
    const SECRET = `cs_${'Zq3xT7bL9vKc2WmR8yNd'.repeat(2)}`;
    const SIGNATURE = Buffer.from(Array.from({ length: 64 }, (_, index) => (index * 37 + 11) % 256));
    const TOKEN = `v4.public.${Buffer.concat([Buffer.from('{"jti":"x"}'), SIGNATURE]).toString('base64url')}`;
    const testimonyOf = (tell: (witness: Witness) => void) => {
      const witness = new Witness();
      witness.note('client secret', SECRET);
      witness.noteToken(TOKEN);
      tell(witness);
      return witness.testify();
    };
    const leaking = (tell: (witness: Witness) => void): string[] =>
      checkTestimony(testimonyOf(tell), Number.POSITIVE_INFINITY).map(
        ({ invariant, what }) => `${invariant}: ${what}`,
      );

    it('catches a server that takes more memory than it may, and not one that takes as much', () => {
      const memory = [
        { server: 'modest', beganMb: 100, mostMb: 150 },
        { server: 'greedy', beganMb: 100, mostMb: 151 },
      ];
      const violations = checkTestimony({ memory, leaks: [], looked: '' }, 50);
      expect(violations.map(({ invariant, what }) => `${invariant}: ${what}`)).to.deep.equal([
        'I7: greedy grew from 100 to 151 MB',
      ]);
    });

    it('sees the memory of a server while it lives', () => {
      const { memory } = testimonyOf((witness) => witness.watch('server-0', serverThatWrote('')));
      expect(memory[0]?.mostMb)
        .to.be.at.least(memory[0]?.beganMb ?? 0)
        .and.greaterThan(10);
    });

    for (const [form, written] of [
      ['as it is', SECRET],
      ['in JSON', JSON.stringify({ msg: `could not use ${SECRET}` })],
      ['as Basic credentials', `Basic ${Buffer.from(`client-0:${SECRET}`).toString('base64')}`],
      ['in hex', Buffer.from(SECRET).toString('hex')],
    ] as const) {
      it(`catches a secret ${form}, in a log, an answer and a page of metrics`, () => {
        expect(leaking((witness) => witness.watch('server-0', serverThatWrote(`{"a":1}\n${written}\n`))))
          .to.have.length.of.at.least(1)
          .and.satisfy((all: string[]) =>
            all.every((one) => /^I8: client secret .*log of server-0$/.test(one)),
          );
        for (const where of ['answers of server-0', 'metrics of server-0']) {
          expect(leaking((witness) => witness.hear(where, written)).join()).to.contain(where);
        }
      });
    }

    it('catches a token, and finds nothing in what holds none', () => {
      expect(leaking((witness) => witness.hear('answers', `refused: ${TOKEN}`)).join()).to.match(/I8: token/);
      expect(leaking((witness) => witness.hear('answers', TOKEN.slice(0, 40)))).to.deep.equal([]);
      expect(
        leaking((witness) => witness.watch('s', serverThatWrote('{"client_id":"client-0"}'))),
      ).to.deep.equal([]);
    });
  });
});
