import { type Command, Option } from 'commander';
import { type IssueTokenResponse, TokenServiceService } from '../../wire/gen/countersign/v1/token_service.js';
import type { Run } from '../host.js';
import { instant, words } from '../printable.js';
import { openSecretFile } from '../secret-output.js';
import { remote, secretFileOption } from '../session.js';
import { durationSeconds, gatherWords } from '../values.js';
import { issuedView } from '../views.js';

interface IssueOptions {
  readonly scope?: readonly string[];
  readonly audience?: string;
  readonly ttl?: number;
  readonly secretFile?: string;
}

/** `token issue`: a token for the client that calls, alone on stdout, so that `$(…)` takes it. */
export function addIssueCommand(run: Run, parent: Command): void {
  const command = parent
    .command('issue')
    .description('get a token for the client whose credential is given; stdout is the token alone')
    .addOption(
      new Option('--scope <scopes>', 'a scope wanted; repeat, or part by spaces').argParser(gatherWords),
    )
    .option('--audience <audience>', 'the audience wanted', '')
    .addOption(new Option('--ttl <time>', 'the life wanted, such as 5m').argParser(durationSeconds))
    .addOption(secretFileOption());

  remote<IssueOptions>(run, command, async ({ out, service }, { scope, audience = '', ttl, secretFile }) => {
    const file = secretFile === undefined ? undefined : await openSecretFile(secretFile);
    let issued: IssueTokenResponse;
    try {
      issued = await service.call(TokenServiceService.issueToken, {
        // The credential goes as metadata, as with every other call.
        clientId: '',
        clientSecret: '',
        scopes: [...(scope ?? [])],
        audience,
        ttlSeconds: ttl ?? 0,
      });
    } catch (err) {
      await file?.discard();
      throw err;
    }
    await file?.keep(issued.accessToken);
    out.document(
      {
        access_token: file === undefined ? issued.accessToken : null,
        secret_file: secretFile ?? null,
        ...issuedView(issued),
      },
      () => (file === undefined ? `${issued.accessToken}\n` : ''),
    );
    out.note(
      `token ${issued.tokenId} for ${issued.audience}, scopes ${words(issued.scopes)}, until ${instant(issued.expiresAt)}`,
    );
  });
}
