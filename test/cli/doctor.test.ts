import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { StoreContents } from '../../src/cli/doctor/facts.js';
import { judgeCertificates } from '../../src/cli/doctor/judge-certificates.js';
import { judgeNode } from '../../src/cli/doctor/judge-settings.js';
import { judgeStore } from '../../src/cli/doctor/judge-store.js';
import { makeAuthority, type TestAuthority, type TestCertificate } from '../support/certificates.js';
import { inFolder } from './support/run-cli.js';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-05-01T12:00:00Z');

const contents = (changes: Partial<StoreContents> = {}): StoreContents => ({
  clockAheadMs: 20,
  clockErrorMs: 5,
  issuer: 'https://auth.example',
  issuerWanted: 'https://auth.example',
  masterKey: 'current',
  previousMasterKeySet: false,
  keys: [{ keyId: 'k4.pid.a', state: 'active', activateTimeMs: NOW - DAY_MS }],
  keyPeriodMs: 30 * DAY_MS,
  storeTimeMs: NOW,
  ...changes,
});

const judged = (changes: Partial<StoreContents>, check: string) =>
  judgeStore({ kind: 'reached', findings: [], unusable: undefined, contents: contents(changes) }).find(
    (finding) => finding.check === check,
  );

describe('what doctor says', () => {
  it('nothing is to be done about a store as it should be', () => {
    const findings = judgeStore({ kind: 'reached', findings: [], unusable: undefined, contents: contents() });
    expect(findings.filter(({ status }) => status !== 'ok')).to.deep.equal([]);
  });

  it('every finding that is not well has advice', () => {
    const facts = [
      judgeStore({ kind: 'unreachable', reason: 'Redis at x:1 cannot be used: refused' }),
      judgeStore({
        kind: 'reached',
        findings: [
          { severity: 'refuse', message: 'evicts' },
          { severity: 'warn', message: 'no AOF' },
        ],
        contents: undefined,
        unusable: 'half a store',
      }),
    ].flat();
    expect(facts.map(({ status }) => status)).to.deep.equal(['fail', 'fail', 'warn', 'fail']);
    for (const { advice } of facts) expect(advice).to.be.a('string').and.not.equal('');
  });

  it('clocks further apart than verifiers tolerate fail, either way round; what was not measured surely does not', () => {
    expect(judged({ clockAheadMs: 500 }, 'clock')?.status).to.equal('ok');
    expect(judged({ clockAheadMs: -2000 }, 'clock')?.status).to.equal('warn');
    expect(judged({ clockAheadMs: 8000 }, 'clock')?.status).to.equal('fail');
    expect(judged({ clockAheadMs: -8000 }, 'clock')).to.deep.include({ status: 'fail' });
    expect(judged({ clockAheadMs: 8000, clockErrorMs: 7500 }, 'clock')?.status).to.equal('ok');
  });

  it('a master key that is being changed has its next step named', () => {
    expect(judged({ masterKey: 'previous', previousMasterKeySet: true }, 'master key')?.advice).to.contain(
      'keys rewrap',
    );
    expect(judged({ previousMasterKeySet: true }, 'master key')?.advice).to.contain(
      'COUNTERSIGN_MASTER_KEY_PREVIOUS',
    );
    expect(judged({ masterKey: 'unknown' }, 'master key')?.status).to.equal('fail');
  });

  it('a signing key past its period, and none at all, are told', () => {
    const old = [{ keyId: 'k4.pid.a', state: 'active' as const, activateTimeMs: NOW - 31 * DAY_MS }];
    expect(judged({ keys: old }, 'signing key')?.status).to.equal('warn');
    expect(judged({ keys: [] }, 'signing key')?.status).to.equal('fail');
  });

  it('a Node without security fixes is told', () => {
    expect(judgeNode('v20.20.2').status).to.equal('warn');
    expect(judgeNode('v24.1.0').status).to.equal('ok');
  });

  describe('of certificates', () => {
    let authority: TestAuthority;
    let server: TestCertificate;
    before(async function () {
      this.timeout(30_000);
      authority = await makeAuthority();
      server = await authority.issue('server');
    });
    after(() => authority.close());

    /** Statuses and words about a pair of files, some days from now. */
    const about = (pair: { cert: string; key: string }, daysFromNow: number, mode = 0o600) =>
      inFolder(async (folder) => {
        const tls = { certFile: join(folder, 'cert'), keyFile: join(folder, 'key'), clientCaFile: undefined };
        writeFileSync(tls.certFile, pair.cert);
        writeFileSync(tls.keyFile, pair.key);
        chmodSync(tls.keyFile, mode);
        return judgeCertificates(tls, Date.now() + daysFromNow * DAY_MS);
      });

    it('one that is good is told with its end and its names', async () => {
      const findings = await about(server, 0);
      expect(findings.map(({ status }) => status)).to.deep.equal(['ok', 'ok', 'ok']);
      expect(findings[1]?.finding).to.contain('DNS:localhost');
    });

    it('one that ends soon warns, and one that has ended or not begun fails', async () => {
      expect((await about(server, 20))[0]).to.deep.include({ status: 'warn' });
      expect((await about(server, 31))[0]).to.deep.include({ status: 'fail' });
      expect((await about(server, -31))[0]).to.deep.include({ status: 'fail' });
    });

    it('one without a host, a foreign key, junk, and a key for everyone to read are told', async () => {
      expect((await about(authority, 0))[1]).to.deep.include({ status: 'fail' });
      expect((await about({ cert: server.cert, key: authority.key }, 0))[2]).to.deep.include({
        status: 'fail',
      });
      expect((await about({ cert: 'junk', key: server.key }, 0))[0]).to.deep.include({ status: 'fail' });
      expect((await about({ cert: server.cert, key: 'junk' }, 0))[2]).to.deep.include({ status: 'fail' });
      expect((await about(server, 0, 0o644))[2]).to.deep.include({ status: 'warn' });
    });
  });
});
