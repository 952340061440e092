import type { Command } from 'commander';
import { type DecodedToken, decodeToken } from '../decode-token.js';
import { EXIT } from '../exit-code.js';
import { usageFailure } from '../failure.js';
import type { Run } from '../host.js';
import { instant } from '../printable.js';
import { local } from '../session.js';
import { type Cell, facts } from '../table.js';
import { readToken, tokenFileArgument } from '../token-input.js';

type Signature = 'not checked' | 'good' | 'bad';

/** `token inspect`: what a token says, offline. With a key, whether it signed it: exit status 1 when it did not. */
export function addInspectCommand(run: Run, parent: Command): void {
  const command = parent
    .command('inspect')
    .description('take a token apart, offline; checks nothing, but its signature where --key is given')
    .addArgument(tokenFileArgument())
    .option('--key <k4.public>', 'check the signature with this public key (PASERK)');

  local<{ key?: string }>(run, command, async ({ host, out }, { key }, file?: string) => {
    const token = await readToken(host, file);
    const decoded = decodeToken(token);
    if (decoded === undefined) throw usageFailure('This is no PASETO.', 'a token begins with v4.public.');
    const signature = await signatureOf(token, key);
    out.document(
      {
        kind: decoded.kind,
        key_id: decoded.keyId ?? null,
        claims: decoded.claims ?? null,
        footer: decoded.footer ?? null,
        signature: signature.replace(' ', '_'),
      },
      () => textOf(decoded, signature, host.now(), out.colour),
    );
    return signature === 'bad' ? EXIT.refused : EXIT.ok;
  });
}

async function signatureOf(token: string, key: string | undefined): Promise<Signature> {
  if (key === undefined) return 'not checked';
  const { isSignedBy } = await import('../local.js');
  const good = await isSignedBy(token, key);
  if (good === undefined)
    throw usageFailure('The key is no k4.public that can be used.', 'see: countersign keys list --json');
  return good ? 'good' : 'bad';
}

const SIGNATURE_CELLS: Readonly<Record<Signature, Cell>> = {
  'not checked': { text: 'not checked', colour: 'yellow' },
  good: { text: 'good', colour: 'green' },
  bad: { text: 'bad', colour: 'red' },
};

function textOf(
  { kind, keyId, claims }: DecodedToken,
  signature: Signature,
  nowMs: number,
  colour: boolean,
): string {
  const claimed = claims === undefined ? [['claims', 'cannot be read'] as const] : Object.entries(claims);
  const verdict =
    signature === 'good'
      ? 'The key signed this. Whether it is revoked, and whether its time, issuer and audience are right, was not checked.'
      : signature === 'bad'
        ? 'The key did not sign this: believe none of it.'
        : 'Nothing was checked: anyone may have written this. To know, use: countersign token introspect';
  return `${facts(
    [
      ['kind', kind],
      ['key id', keyId ?? '-'],
      ['signature', SIGNATURE_CELLS[signature]],
      ...claimed.map(([name, value]) => [name, claimText(name, value, nowMs)] as const),
    ],
    colour,
  )}\n${verdict}\n`;
}

function claimText(name: string, value: unknown, nowMs: number): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const time = new Date(value);
  if (!/^(?:iat|nbf|exp)$/.test(name) || Number.isNaN(time.getTime())) return value;
  return `${instant(time)} (${distance(time.getTime() - nowMs)})`;
}

/** How far away an instant is, such as `in 12 min` or `3 h ago`. */
function distance(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  const [unit, size] =
    seconds < 120 ? ['s', 1] : seconds < 7200 ? ['min', 60] : seconds < 172_800 ? ['h', 3600] : ['d', 86_400];
  const text = `${Math.round(seconds / Number(size))} ${unit}`;
  return ms < 0 ? `${text} ago` : `in ${text}`;
}
