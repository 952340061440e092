#!/usr/bin/env node
import { homedir } from 'node:os';
import process from 'node:process';
import { runCommand } from './run-command.js';

// What a dependency will have to change one day is no concern of whoever runs a command.
process.noDeprecation = true;

// A reader that has seen enough, such as `head`, is no failure and no reason to go on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (err: NodeJS.ErrnoException) => process.exit(err.code === 'EPIPE' ? 0 : 1));
}

process.exitCode = await runCommand(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => Date.now(),
  homeFolder: homedir(),
  onInterrupt(listener) {
    process.once('SIGINT', listener).once('SIGTERM', listener);
    return () => {
      process.off('SIGINT', listener).off('SIGTERM', listener);
    };
  },
});
