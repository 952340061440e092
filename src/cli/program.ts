import { Command } from 'commander';
import { addAdminCommands } from './commands/admin.js';
import { addAuditCommands } from './commands/audit.js';
import { addClientCommands } from './commands/client.js';
import { addCompletionCommand } from './commands/completion.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addKeyCommands } from './commands/keys.js';
import { addServeCommand } from './commands/serve.js';
import { addTokenCommands } from './commands/token.js';
import { addWatchCommand } from './commands/watch.js';
import { EXIT_MEANINGS } from './exit-code.js';
import type { Run } from './host.js';

const DESCRIPTION = `The operator's command of Countersign, a machine-to-machine token service.

Settings come from options, the environment or a profile in $XDG_CONFIG_HOME/countersign/profiles.json (mode 0600).
No secret is ever taken as an argument: give a file, standard input (-) or an environment variable.`;

/** The whole tree of commands. Parsing fails with commander's own error; actions fail with `CliFailure`. */
export function makeProgram(run: Run, version: string): Command {
  const program = new Command('countersign')
    .description(DESCRIPTION)
    .version(version, '-V, --version')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => run.host.stdout.write(text),
      writeErr: (text) => run.host.stderr.write(text),
      // Said once, by whoever runs the program, in the form of every other failure.
      outputError: () => undefined,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('afterAll', ({ error }) => (error ? '' : exitTable()));

  addServeCommand(run, program);
  addClientCommands(run, program);
  addTokenCommands(run, program);
  addKeyCommands(run, program);
  addAdminCommands(run, program);
  addWatchCommand(run, program);
  addAuditCommands(run, program);
  addDoctorCommand(run, program);
  addCompletionCommand(run, program);
  return program;
}

const exitTable = (): string =>
  `\nExit status:\n${Object.entries(EXIT_MEANINGS)
    .map(([code, meaning]) => `  ${code}  ${meaning}\n`)
    .join('')}`;
