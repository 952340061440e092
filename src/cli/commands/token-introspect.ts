import type { Command } from 'commander';
import { TokenServiceService } from '../../wire/gen/countersign/v1/token_service.js';
import { EXIT } from '../exit-code.js';
import type { Run } from '../host.js';
import { instant, words } from '../printable.js';
import { remote } from '../session.js';
import { type Cell, facts } from '../table.js';
import { readToken, tokenFileArgument } from '../token-input.js';
import { verdictView } from '../views.js';

/** `token introspect`: what the service says of a token. Exit status 1 when it is not active. */
export function addIntrospectCommand(run: Run, parent: Command): void {
  const command = parent
    .command('introspect')
    .description('ask the service whether a token is good now; exit status 1 when it is not')
    .addArgument(tokenFileArgument());

  remote(run, command, async ({ host, out, service }, _options, file?: string) => {
    const verdict = await service.call(TokenServiceService.introspectToken, {
      token: await readToken(host, file),
    });
    out.document(verdictView(verdict), () => {
      const active: [string, Cell] = verdict.active
        ? ['active', { text: 'yes', colour: 'green' }]
        : ['active', { text: 'no', colour: 'red' }];
      if (!verdict.active) return facts([active], out.colour);
      return facts(
        [
          active,
          ['client id', verdict.clientId],
          ['audience', verdict.audience],
          ['scopes', words(verdict.scopes)],
          ['token id', verdict.tokenId],
          ['issuer', verdict.issuer],
          ['key id', verdict.keyId],
          ['issued', instant(verdict.issuedAt)],
          ['expires', instant(verdict.expiresAt)],
          ...(verdict.ext === undefined ? [] : [['extra claims', JSON.stringify(verdict.ext)] as const]),
        ],
        out.colour,
      );
    });
    return verdict.active ? EXIT.ok : EXIT.refused;
  });
}
