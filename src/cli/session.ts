import { type Command, Option } from 'commander';
import { connectionFrom } from './connection.js';
import { addConnectionOptions } from './connection-options.js';
import type { ExitCode } from './exit-code.js';
import type { Host, Run } from './host.js';
import { Output } from './output.js';
import { Service } from './service.js';

/** What a command has to work with. */
export interface Session {
  readonly host: Host;
  readonly out: Output;
}

/** As {@link Session}, with the service it calls. */
export interface RemoteSession extends Session {
  readonly service: Service;
}

interface CommonOptions {
  readonly json?: boolean;
}

/** What a command does; it may answer another exit status than 0, for an answer that is a no. */
type Act<S extends Session, Options> = (
  session: S,
  options: Options & CommonOptions,
  ...operands: string[]
) => Promise<ExitCode | undefined> | Promise<void>;

/** Gives a command its action: one that works on this machine alone. */
export function local<Options>(run: Run, command: Command, act: Act<Session, Options>): Command {
  return withJson(command).action(async () => {
    const options = command.opts<Options & CommonOptions>();
    const session = { host: run.host, out: new Output(run.host, options) };
    run.exitCode = (await act(session, options, ...command.args)) ?? run.exitCode;
  });
}

/** Gives a command its action and the options of the connection: one that calls the service. */
export function remote<Options>(run: Run, command: Command, act: Act<RemoteSession, Options>): Command {
  return addConnectionOptions(withJson(command)).action(async () => {
    const options = command.opts<Options & CommonOptions>();
    const service = await Service.open(run.host, connectionFrom(run.host, command.opts()));
    try {
      const session = { host: run.host, out: new Output(run.host, options), service };
      run.exitCode = (await act(session, options, ...command.args)) ?? run.exitCode;
    } finally {
      service.close();
    }
  });
}

const withJson = (command: Command): Command =>
  command.addOption(new Option('--json', 'answer in JSON, for scripts'));

/** `--yes`, for a command that does what cannot be undone. */
export const yesOption = (): Option => new Option('-y, --yes', 'do not ask: this cannot be undone');

/** `--secret-file`, for a command that makes a secret. */
export const secretFileOption = (): Option =>
  new Option('--secret-file <path>', 'write the secret to a new file of mode 0600 instead of showing it');
