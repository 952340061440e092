import type { Command } from 'commander';
import { KeyServiceService, type SigningKey } from '../../wire/gen/countersign/v1/key_service.js';
import { confirm } from '../confirm.js';
import type { Run } from '../host.js';
import { instant, printable } from '../printable.js';
import { type RemoteSession, remote, yesOption } from '../session.js';
import { type Cell, table } from '../table.js';
import { keyState, keyView } from '../views.js';
import { addMasterKeyCommands } from './keys-master.js';

interface KeyOptions {
  readonly immediate?: boolean;
  readonly reason?: string;
  readonly yes?: boolean;
}

/** `countersign keys …`: the keys that sign tokens, and the master key that wraps them. */
export function addKeyCommands(run: Run, program: Command): void {
  const keys = program
    .command('keys')
    .description('list, rotate and revoke signing keys; make and change the master key');

  const list = keys
    .command('list')
    .description('list the signing keys, newest first, with where each is in its life');
  remote(run, list, async ({ service, out }) => {
    const { keys: found } = await service.call(KeyServiceService.listSigningKeys, {});
    out.document({ keys: found.map(keyView) }, () => keyTable(found, out.colour));
  });

  const rotate = keys
    .command('rotate')
    .description('begin the change to a new key: published now, signing once every verifier has it')
    .option(
      '--immediate',
      'sign with it at once; verifiers that do not fetch unknown keys refuse tokens meanwhile',
    )
    .addOption(yesOption());
  remote<KeyOptions>(run, rotate, async (session, { immediate = false, yes }) => {
    if (immediate) {
      await confirm(session.host, 'Tokens will be signed by a key that verifiers have not fetched yet.', yes);
    }
    const { key } = await session.service.call(KeyServiceService.rotateSigningKey, { immediate });
    tell(session, key, 'signs, or will sign next');
  });

  const revoke = keys
    .command('revoke')
    .description('an emergency: every token that the key signed dies; another key takes over')
    .argument('<key-id>', 'which, k4.pid.…')
    .option('--reason <text>', 'why, for people; kept in the audit', '')
    .addOption(yesOption());
  remote<KeyOptions>(run, revoke, async (session, { reason = '', yes }, keyId: string) => {
    await confirm(session.host, `Every token that ${keyId} signed will die, of whatever client.`, yes);
    const { activeKey } = await session.service.call(KeyServiceService.revokeSigningKey, { keyId, reason });
    tell(session, activeKey, 'signs now');
  });

  addMasterKeyCommands(run, keys);
}

function tell({ out }: RemoteSession, key: SigningKey | undefined, role: string): void {
  out.document({ key: key === undefined ? null : keyView(key) }, () =>
    key === undefined ? '' : `${printable(key.keyId)} ${role}, from ${instant(key.activateTime)}.\n`,
  );
}

const STATE_COLOURS = { ACTIVE: 'green', REVOKED: 'red', PUBLISHED: 'yellow' } as const;

function keyTable(keys: readonly SigningKey[], colour: boolean): string {
  const stateCell = (key: SigningKey): Cell => {
    const text = keyState(key);
    return text === 'ACTIVE' || text === 'REVOKED' || text === 'PUBLISHED'
      ? { text, colour: STATE_COLOURS[text] }
      : text;
  };
  return table(
    ['KEY', 'STATE', 'MADE', 'SIGNS FROM', 'UNTIL', 'LEAVES', 'REVOKED'],
    keys.map((key) => [
      key.keyId,
      stateCell(key),
      instant(key.createTime),
      instant(key.activateTime),
      instant(key.retireTime),
      instant(key.removeTime),
      instant(key.revokeTime),
    ]),
    colour,
  );
}
