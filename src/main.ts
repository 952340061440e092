#!/usr/bin/env node
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { systemClock } from './adapters/system.js';
import { StartRefused, startApp } from './app.js';
import { type Config, ConfigError, loadConfig } from './config/load-config.js';
import { makeLogger } from './log.js';
import { descriptorSink } from './log-sink.js';
import { welcome } from './welcome.js';
import { answerFirst, tellFirst } from './worker.js';
import { startWorkers, WorkerFailed } from './workers.js';

/**
 * The process: reads the environment, starts the app or the workers that run it, turns signals into an orderly stop,
 * and sets the exit status. 0 after an orderly stop, 2 when settings or store cannot be used as they are, 1 for
 * everything else.
 */
// V8 lets a heap of 25 MB in use grow to four times that before it looks what is still used, and what the calls of a
// busy server held outside of the heap grows with it: 265 MB resident after a million tokens, and rising. Looking when
// the heap has doubled keeps it at 165 MB from the start, at no cost that could be measured.
setFlagsFromString('--heap-growing-percent=100');

const STDOUT = 1;
const sink = descriptorSink(STDOUT);

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
let service: { stop(): Promise<readonly string[]> } | undefined;
let stopping = false;

async function stop(reason: string, status: number): Promise<void> {
  if (stopping) exit(1);
  stopping = true;
  log.info({ reason }, 'stopping');
  const failed = (await service?.stop()) ?? [];
  log.info({ ...(failed.length === 0 ? {} : { not_closed_in_time: failed }) }, 'stopped');
  exit(status);
}

/** The whole service in this process. */
async function serveAlone(): Promise<void> {
  const app = await startApp(config, { log });
  service = app;
  tellListening(app.ports, app.issuer);
  const text = welcome(app, config);
  if (text !== undefined) sink.write(text);
}

/** The service in several processes, of which this is the first. */
async function serveWithWorkers(): Promise<void> {
  const workers = await startWorkers(config, { log, clock: systemClock });
  service = workers;
  tellListening(workers.ports, config.issuer);
}

/** The service in this process, which is one of several. The first one speaks to operators. */
async function serveAsWorker(): Promise<void> {
  const app = await startApp(config, { log, onReadyChange: (ready) => tellFirst({ kind: 'ready', ready }) });
  service = app;
  answerFirst(app, () => {
    if (!stopping) void stop('the first process', 0);
  });
}

function tellListening(
  ports: { readonly grpc: number; readonly http: number | undefined; readonly ops: number | undefined },
  issuer: string | undefined,
): void {
  log.info({ grpc_port: ports.grpc, http_port: ports.http, ops_port: ports.ops, issuer }, 'listening');
}

process.on('SIGTERM', () => {
  if (!(cluster.isWorker && stopping)) void stop('SIGTERM', 0);
});
// A terminal sends it to the workers too, and it is for the first process to end them.
process.on('SIGINT', () => {
  if (!cluster.isWorker) void stop('SIGINT', 0);
});
// Nothing is known of the state that such an error leaves behind: finish what is under way, then let a fresh process
// take over.
process.on('uncaughtException', (err) => {
  log.fatal({ err }, 'an error that nobody caught');
  void stop('error', 1);
});

try {
  if (cluster.isWorker) await serveAsWorker();
  else if (config.workers > 1) await serveWithWorkers();
  else await serveAlone();
} catch (err) {
  if (err instanceof WorkerFailed) exit(err.status);
  if (err instanceof StartRefused) {
    process.stderr.write(`${err.message}\n`);
    exit(2);
  }
  log.fatal({ err }, 'could not start');
  exit(1);
}
