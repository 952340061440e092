/**
 * Holds the protocol matrix against other servers, started here on loopback, and writes RESULTS.md beside this file.
 *
 * usage: npm run matrix:peers (installs them into scripts/peers/node_modules first)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { foreignTarget } from '../matrix/foreign-target.js';
import { startOwnServer } from '../matrix/own-server.js';
import { runMatrix } from '../matrix/report.js';
import type { RowResult } from '../matrix/row.js';
import type { Target } from '../matrix/target.js';
import { AUDIENCE, CLIENTS, SCOPE, SECOND_AUDIENCE, SECOND_SCOPE } from './clients.mjs';
import { resultsDocument } from './results-document.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PEERS = [
  { name: 'oidc-provider', file: 'oidc-provider.mjs', resources: true },
  { name: '@node-oauth/oauth2-server', file: 'oauth2-server.mjs', resources: false },
] as const;

const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join(HERE, 'node_modules', name, 'package.json'), 'utf8')) as { version: string })
    .version;

/** Starts a peer and answers where it listens. */
async function startPeer(file: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [join(HERE, file)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, url: `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}` };
}

async function resultsOf({ file, resources }: (typeof PEERS)[number]): Promise<readonly RowResult[]> {
  const { child, url } = await startPeer(file);
  try {
    const target: Target = await foreignTarget({
      url,
      clients: CLIENTS,
      scope: SCOPE,
      secondScope: SECOND_SCOPE,
      audience: AUDIENCE,
      secondAudience: SECOND_AUDIENCE,
      resources,
    });
    return await runMatrix(target);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

const own = await startOwnServer();
const servers = [{ name: 'Countersign', version: '', results: await runMatrix(own.target).finally(own.end) }];
for (const peer of PEERS) {
  servers.push({ name: peer.name, version: versionOf(peer.name), results: await resultsOf(peer) });
}
const { document, counts } = resultsDocument(servers, new Date());
writeFileSync(join(HERE, 'RESULTS.md'), document);
console.log(counts);
