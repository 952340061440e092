import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { footerFor, signedBytes } from '../../src/adapters/paseto/public-token.js';
import { verificationKeyFromBytes } from '../../src/adapters/paseto/verification-key.js';
import { IntrospectTokenResponse } from '../../src/wire/gen/countersign/v1/token_service.js';
import { type FakeService, type Script, startFakeService } from './support/fake-service.js';
import { inFolder, runCli } from './support/run-cli.js';

const CREDENTIAL = { COUNTERSIGN_CLIENT_ID: 'orders', COUNTERSIGN_CLIENT_SECRET: 'x' };
const NOW = Date.parse('2026-05-01T12:00:00Z');

/** A key, and a token that it signed. */
function signedToken(claims: object) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = verificationKeyFromBytes(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
  const message = Buffer.from(JSON.stringify(claims));
  const footer = Buffer.from(footerFor(key.keyId));
  const signature = sign(null, signedBytes(message, footer), privateKey);
  const token = `v4.public.${Buffer.concat([message, signature]).toString('base64url')}.${footer.toString('base64url')}`;
  return { key, token };
}

const CLAIMS = {
  iss: 'https://auth.example',
  sub: 'orders',
  aud: 'https://stock.example',
  iat: '2026-05-01T11:55:00Z',
  nbf: '2026-05-01T11:55:00Z',
  exp: '2026-05-01T12:10:00Z',
  jti: 'token-1',
  client_id: 'orders',
  scope: 'stock:read',
  sub_kind: 'service',
  gen: 0,
};

describe('countersign token', () => {
  let service: FakeService | undefined;
  afterEach(() => service?.stop());

  const run = async (script: Script, args: readonly string[], stdin?: string) => {
    service = await startFakeService(script);
    const env = { ...CREDENTIAL, COUNTERSIGN_ADDRESS: service.address };
    return runCli(['token', ...args], { env, ...(stdin === undefined ? {} : { stdin }) });
  };

  describe('issue', () => {
    const issued = {
      accessToken: 'v4.public.abc',
      tokenId: 'token-1',
      tokenType: 'Bearer',
      expiresAt: new Date('2026-05-01T12:10:00Z'),
      expiresInSeconds: 600,
      scopes: ['stock:read'],
      audience: 'https://stock.example',
    };

    it('puts the token alone on stdout, so that $(…) takes it', async () => {
      const { stdout, stderr } = await run({ issueToken: () => issued }, [
        'issue',
        '--scope',
        'stock:read',
        '--ttl',
        '10m',
      ]);
      expect(stdout).to.equal('v4.public.abc\n');
      expect(stderr).to.contain('token-1').and.not.contain('v4.public');
      expect(service?.asked[0]?.request).to.deep.include({
        scopes: ['stock:read'],
        ttlSeconds: 600,
        clientSecret: '',
      });
    });

    it('answers scripts with everything', async () => {
      const { stdout } = await run({ issueToken: () => issued }, ['issue', '--json']);
      expect(JSON.parse(stdout)).to.deep.equal({
        access_token: 'v4.public.abc',
        secret_file: null,
        token_id: 'token-1',
        token_type: 'Bearer',
        expires_at: '2026-05-01T12:10:00.000Z',
        expires_in_seconds: 600,
        scopes: ['stock:read'],
        audience: 'https://stock.example',
      });
    });

    it('writes the token to a 0600 file instead', () =>
      inFolder(async (folder) => {
        const path = join(folder, 'token');
        const { stdout } = await run({ issueToken: () => issued }, ['issue', '--secret-file', path]);
        expect(stdout).to.equal('');
        expect(readFileSync(path, 'utf8')).to.equal('v4.public.abc\n');
        expect(statSync(path).mode & 0o777).to.equal(0o600);
      }));
  });

  describe('introspect', () => {
    it('is exit status 0 for a token that is active, and says whose it is', async () => {
      const active = IntrospectTokenResponse.fromPartial({
        active: true,
        clientId: 'orders',
        scopes: ['stock:read'],
      });
      const { exitCode, stdout } = await run(
        { introspectToken: () => active },
        ['introspect'],
        'v4.public.abc\n',
      );
      expect(exitCode).to.equal(0);
      expect(stdout)
        .to.match(/^active +yes$/m)
        .and.match(/^client id +orders$/m);
      expect(service?.asked[0]?.request).to.deep.equal({ token: 'v4.public.abc' });
    });

    it('is exit status 1 for one that is not', async () => {
      const { exitCode, stdout, stderr } = await run(
        { introspectToken: () => IntrospectTokenResponse.fromPartial({}) },
        ['introspect', '-', '--json'],
        'x',
      );
      expect({ exitCode, stderr }).to.deep.equal({ exitCode: 1, stderr: '' });
      expect(JSON.parse(stdout)).to.deep.equal({ active: false });
    });

    it('reads the token from a file', () =>
      inFolder(async (folder) => {
        const path = join(folder, 'token');
        writeFileSync(path, 'v4.public.abc\n');
        await run({ introspectToken: () => IntrospectTokenResponse.fromPartial({}) }, ['introspect', path]);
        expect(service?.asked[0]?.request).to.deep.equal({ token: 'v4.public.abc' });
      }));

    it('asks for one thing only from standard input', async () => {
      const { exitCode, stderr } = await run(
        { introspectToken: () => IntrospectTokenResponse.fromPartial({}) },
        ['introspect', '--client-id', 'ops', '--client-secret-file', '-'],
        'x',
      );
      expect(exitCode).to.equal(2);
      expect(stderr).to.contain('Standard input is wanted for two things');
    });
  });

  describe('revoke and revoke-by-id', () => {
    it('happen with --yes', async () => {
      const { exitCode } = await run({ revokeToken: () => ({}) }, ['revoke', '--yes'], 'v4.public.abc');
      expect(exitCode).to.equal(0);
      expect(service?.asked[0]?.request).to.deep.equal({ token: 'v4.public.abc' });
    });

    it('name client and token, for those who have a log line', async () => {
      await run({ revokeTokenById: () => ({}) }, ['revoke-by-id', 'orders', 'token-1', '--yes']);
      expect(service?.asked[0]?.request).to.deep.equal({ clientId: 'orders', tokenId: 'token-1' });
    });

    it('do not happen without', async () => {
      const script = { revokeToken: () => ({}), revokeTokenById: () => ({}) };
      expect((await run(script, ['revoke'], 'v4.public.abc')).exitCode).to.equal(2);
      expect(service?.asked).to.deep.equal([]);
      await service?.stop();
      expect((await run(script, ['revoke-by-id', 'orders', 'token-1'])).exitCode).to.equal(2);
      expect(service?.asked).to.deep.equal([]);
    });
  });

  describe('inspect', () => {
    const inspect = (args: readonly string[], stdin: string) =>
      runCli(['token', 'inspect', ...args], { stdin, now: NOW });

    it('shows claims, key id and times, and says that it verified nothing', async () => {
      const { key, token } = signedToken(CLAIMS);
      const { exitCode, stdout } = await inspect([], token);
      expect(exitCode).to.equal(0);
      expect(stdout).to.contain(key.keyId);
      expect(stdout).to.match(/^signature +not checked$/m);
      expect(stdout).to.match(/^exp +2026-05-01 12:10:00Z \(in 10 min\)$/m);
      expect(stdout).to.match(/^iat +2026-05-01 11:55:00Z \(5 min ago\)$/m);
      expect(stdout).to.contain('Nothing was checked: anyone may have written this.');
    });

    it('with the right key, says that it signed this, and what was still not checked', async () => {
      const { key, token } = signedToken(CLAIMS);
      const { exitCode, stdout } = await inspect(['--key', key.publicKey], token);
      expect(exitCode).to.equal(0);
      expect(stdout)
        .to.match(/^signature +good$/m)
        .and.contain('Whether it is revoked');
    });

    it('with another key, or after tampering, is exit status 1', async () => {
      const { key, token } = signedToken(CLAIMS);
      const other = signedToken(CLAIMS).key;
      const foreign = await inspect(['--key', other.publicKey, '--json'], token);
      expect(foreign.exitCode).to.equal(1);
      expect(JSON.parse(foreign.stdout)).to.deep.include({ signature: 'bad' });
      const at = token.indexOf('.', 10) - 3;
      const tampered = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
      expect((await inspect(['--key', key.publicKey], tampered)).exitCode).to.equal(1);
    });

    it('refuses a key that is none', async () => {
      const { exitCode, stderr } = await inspect(['--key', 'k4.public.nope'], signedToken(CLAIMS).token);
      expect(exitCode).to.equal(2);
      expect(stderr).to.match(/^countersign: usage: The key is no k4\.public/);
    });

    it('gets as far as it can with tokens of other kinds, and refuses what is no token', async () => {
      const sealed = await inspect(['--json'], `v4.local.${'A'.repeat(100)}`);
      expect(JSON.parse(sealed.stdout)).to.deep.include({ kind: 'v4.local', claims: null });
      for (const text of [
        'hello',
        'v4.public.',
        'eyJhbGciOiJub25lIn0.e30.',
        `v9.public.${'A'.repeat(100)}`,
      ]) {
        expect((await inspect([], text)).exitCode, text).to.equal(2);
      }
    });
  });
});
