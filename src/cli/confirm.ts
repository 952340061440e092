import { ask } from './ask.js';
import { EXIT } from './exit-code.js';
import { CliFailure } from './failure.js';
import type { Host } from './host.js';
import { printable } from './printable.js';

/**
 * Goes on only if the user wants what cannot be undone: because of `--yes`, or by a yes on the terminal. Without a
 * terminal there is nobody to ask, so it fails with `not_confirmed`.
 */
export async function confirm(host: Host, question: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  const consequence = printable(question);
  if (!host.stdin.isTTY) {
    throw new CliFailure(
      'not_confirmed',
      EXIT.usage,
      `${consequence} This cannot be undone.`,
      'give --yes if that is meant',
    );
  }
  const answer = await ask(host, `${consequence} This cannot be undone. Go on? [y/N] `, { hidden: false });
  if (!/^y(es)?$/i.test(answer.trim())) {
    throw new CliFailure('not_confirmed', EXIT.refused, 'Nothing was done.');
  }
}
