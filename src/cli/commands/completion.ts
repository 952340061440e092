import { Argument, type Command } from 'commander';
import { bashCompletion } from '../completion/bash.js';
import { commandTree } from '../completion/command-tree.js';
import { fishCompletion } from '../completion/fish.js';
import { zshCompletion } from '../completion/zsh.js';
import type { Run } from '../host.js';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** `completion`: a script for the user's shell, made from the commands as they are. */
export function addCompletionCommand(run: Run, program: Command): void {
  program
    .command('completion')
    .description('print a completion script, to be loaded by the shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      `
Examples:
  source <(countersign completion bash)
  source <(countersign completion zsh)
  countersign completion fish | source`,
    )
    .action((shell: keyof typeof SHELLS) => {
      run.host.stdout.write(SHELLS[shell](commandTree(program)));
    });
}
