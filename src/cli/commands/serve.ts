import type { Command } from 'commander';
import type { Run } from '../host.js';

/** `serve`: the server itself, as `npm start` runs it. */
export function addServeCommand(_run: Run, program: Command): void {
  program
    .command('serve')
    .description('run the server; its settings come from the environment alone (see README)')
    .action(async () => {
      const { serve } = await import('../local.js');
      await serve();
    });
}
