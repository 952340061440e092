import type { Command } from 'commander';
import {
  type Revocation,
  TokenServiceService,
  type WatchRevocationsResponse,
} from '../../wire/gen/countersign/v1/token_service.js';
import { follow } from '../follow.js';
import type { Run } from '../host.js';
import type { Output } from '../output.js';
import { instant, printable } from '../printable.js';
import { type RemoteSession, remote } from '../session.js';
import { revocationView } from '../views.js';

interface WatchOptions {
  readonly cursor?: string;
  readonly ledger?: boolean;
  readonly heartbeats?: boolean;
}

/** The server says something every 500 ms; a silence of so long means that it cannot vouch for its store. */
const SILENCE_MS = 2000;

/** `watch`: every revocation as it happens, until interrupted. */
export function addWatchCommand(run: Run, program: Command): void {
  const command = program
    .command('watch')
    .description('follow revocations as they happen, until interrupted; survives restarts of the server')
    .option('--cursor <cursor>', 'go on after this one, as --json shows it', '')
    .option('--ledger', 'show the whole ledger, and end')
    .option('--heartbeats', 'show heartbeats too');
  remote<WatchOptions>(run, command, watch);
}

async function watch(
  session: RemoteSession,
  { cursor = '', ledger = false, heartbeats = false }: WatchOptions,
): Promise<void> {
  const { service, out } = session;
  let last = cursor;
  let entries = 0;
  const silence = makeSilenceNote(out);
  try {
    await follow<WatchRevocationsResponse>(session, {
      open: () => service.stream(TokenServiceService.watchRevocations, { cursor: ledger ? '' : last }),
      receive: ({ cursor: now, event }) => {
        last = now;
        silence.heard();
        switch (event?.$case) {
          case 'snapshot': {
            const { revocations, first, last: whole } = event.value;
            entries = (first ? 0 : entries) + revocations.length;
            const view = {
              cursor: now,
              event: 'snapshot',
              revocations: revocations.map(revocationView),
              first,
              last: whole,
            };
            out.line(view, () => (ledger ? revocations.map(revocationText).join('') : ''));
            if (whole && !ledger)
              out.note(
                `The ledger holds ${entries} ${entries === 1 ? 'entry' : 'entries'}; what comes now is new.`,
              );
            return whole && ledger;
          }
          case 'change': {
            const change = event.value;
            out.line(
              { cursor: now, event: 'change', ...revocationView(change) },
              () => `${instant(new Date(session.host.now()))}  ${revocationText(change)}`,
            );
            return false;
          }
          case 'heartbeat': {
            if (!heartbeats) return false;
            out.line(
              { cursor: now, event: 'heartbeat' },
              () => `${instant(new Date(session.host.now()))}  heartbeat ${printable(now)}\n`,
            );
            return false;
          }
          default:
            return false;
        }
      },
    });
  } finally {
    silence.stop();
  }
}

function revocationText({ kind }: Revocation): string {
  switch (kind?.$case) {
    case 'clientGeneration':
      return `client  ${printable(kind.value.clientId)}  tokens below generation ${kind.value.generation} are dead\n`;
    case 'token':
      return `token   ${printable(kind.value.tokenId)}  is dead\n`;
    case 'key':
      return `key     ${printable(kind.value.keyId)}  is revoked with every token it signed\n`;
    default:
      return '';
  }
}

/** Tells once of a silence, however long it lasts, so that quiet is not mistaken for peace. */
function makeSilenceNote(out: Output): { heard: () => void; stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    heard: () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        out.warn('no word from the server: it cannot confirm its store, and revocations may be missing here');
      }, SILENCE_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
