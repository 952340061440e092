#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type RunningApp, StartRefused, startApp } from './app.js';
import { type Config, ConfigError, loadConfig } from './config/load-config.js';
import { makeLogger, stdoutSink } from './log.js';
import { welcome } from './welcome.js';

/**
 * The process: reads the environment, starts the app, turns signals into an orderly stop, and sets the exit status.
 * 0 after an orderly stop, 2 when settings or store cannot be used as they are, 1 for everything else.
 */
const sink = stdoutSink();

function exit(status: number): never {
  sink.flush();
  process.exit(status);
}

function configOrExit(): Config {
  try {
    return loadConfig(process.env, {
      readFile: (path) => readFileSync(path, 'utf8'),
      cores: availableParallelism(),
    });
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    process.stderr.write(`${err.message}\n`);
    return exit(2);
  }
}

const config = configOrExit();
const log = makeLogger(config.logLevel, sink);
let app: RunningApp | undefined;
let stopping = false;

async function stop(reason: string, status: number): Promise<void> {
  if (stopping) exit(1);
  stopping = true;
  log.info({ reason }, 'stopping');
  const failed = (await app?.stop()) ?? [];
  log.info({ ...(failed.length === 0 ? {} : { not_closed_in_time: failed }) }, 'stopped');
  exit(status);
}

process.on('SIGTERM', () => void stop('SIGTERM', 0));
process.on('SIGINT', () => void stop('SIGINT', 0));
// Nothing is known of the state that such an error leaves behind: finish what is under way, then let a fresh process
// take over.
process.on('uncaughtException', (err) => {
  log.fatal({ err }, 'an error that nobody caught');
  void stop('error', 1);
});

try {
  app = await startApp(config, { log });
  const text = welcome(app, config);
  if (text !== undefined) process.stdout.write(text);
} catch (err) {
  if (err instanceof StartRefused) {
    process.stderr.write(`${err.message}\n`);
    exit(2);
  }
  log.fatal({ err }, 'could not start');
  exit(1);
}
