/**
 * A server's certificate is renewed again and again under load, over gRPC and HTTPS, on connections that stay and on
 * ever new ones; between the good ones it is offered a key that does not belong to the certificate. Prints what the
 * callers got and what the server logged; ends with status 1 if a single call failed.
 *
 * Usage: npm run cert-swap (takes about 30 s)
 */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { TokenServiceClient } from '../src/wire/gen/countersign/v1/token_service.js';
import { makeAuthority } from '../test/support/certificates.js';
import { startServerProcess } from '../test/support/server-process.js';
import { type Answer, basic, callUntil, issueOverGrpc, postForm, Tally } from './callers.js';
import { ADMIN, conclude, pause } from './stage.js';

const SWAPS = 10;
const BAD_OFFERS = 2;
/** The server looks every second, and again before it says that a pair is no good. */
const SWAP_EVERY_MS = 2300;
const CALLERS = 4;
const PAUSE_MS = 5;

const authority = await makeAuthority();
const directory = await mkdtemp(join(tmpdir(), 'countersign-swap-'));
const put = async (file: string, text: string): Promise<void> => {
  await writeFile(join(directory, `${file}.new`), text, { mode: 0o600 });
  await rename(join(directory, `${file}.new`), join(directory, file));
};
const offer = async (name: string): Promise<void> => {
  const { cert, key } = await authority.issue(name);
  await put('cert.pem', cert);
  await put('key.pem', key);
};

await offer('certificate-0');
const server = await startServerProcess({
  COUNTERSIGN_TLS_CERT_FILE: join(directory, 'cert.pem'),
  COUNTERSIGN_TLS_KEY_FILE: join(directory, 'key.pem'),
  COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMIN.id,
  COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN.secret,
  COUNTERSIGN_LOG_CALLS_PER_SECOND: '1',
});
try {
  const ca = authority.cert;
  const grpcClient = (): TokenServiceClient =>
    new TokenServiceClient(`127.0.0.1:${server.ports.grpc}`, credentials.createSsl(Buffer.from(ca)), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.ssl_target_name_override': 'localhost',
    });
  const url = `https://127.0.0.1:${server.ports.http}/oauth/token`;
  const auth = basic(ADMIN.id, ADMIN.secret);
  const post = (agent: Agent): Promise<Answer> =>
    postForm(url, { grant_type: 'client_credentials' }, { auth, agent, ca });
  const issue = (client: TokenServiceClient): Promise<Answer> =>
    issueOverGrpc(client, ADMIN.id, ADMIN.secret);

  const kept = grpcClient();
  const keptAgent = new Agent({ keepAlive: true });
  const kinds: Record<string, () => Promise<Answer>> = {
    'gRPC, one connection': () => issue(kept),
    'gRPC, ever new ones': async () => {
      const client = grpcClient();
      return issue(client).finally(() => client.close());
    },
    'HTTPS, kept alive': () => post(keptAgent),
    'HTTPS, ever new ones': () => post(new Agent({ keepAlive: false })),
  };
  const tallies = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, new Tally()]));
  const done = new AbortController();
  const callers = Object.entries(kinds).flatMap(([kind, call]) =>
    Array.from({ length: CALLERS }, () => callUntil(done.signal, tallies[kind] as Tally, PAUSE_MS, call)),
  );

  /** The name on the certificate that a new connection is shown now. */
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: server.ports.http, ca }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.once('error', reject);
    });

  let wrong = 0;
  const expectShown = async (name: string): Promise<void> => {
    const now = await shown();
    if (now !== name) wrong += 1;
    console.log(`new connections are shown ${now}`);
  };
  for (let swap = 1; swap <= SWAPS; swap += 1) {
    await offer(`certificate-${swap}`);
    await pause(SWAP_EVERY_MS);
    await expectShown(`certificate-${swap}`);
    if (swap <= BAD_OFFERS) {
      await put('key.pem', (await authority.issue('stranger')).key);
      await pause(SWAP_EVERY_MS);
      await expectShown(`certificate-${swap}`);
    }
  }
  done.abort();
  await Promise.all(callers);
  kept.close();
  keptAgent.destroy();

  for (const [kind, tally] of Object.entries(tallies)) console.log(`${kind}: ${tally}`);
  const told = server.logLines().filter(({ faults }) => faults !== undefined);
  for (const line of told) console.log(JSON.stringify(line));
  const failed = Object.values(tallies).reduce((sum, tally) => sum + tally.failed, 0);
  conclude(failed === 0, `${failed} failed calls over ${SWAPS} renewals`);
  conclude(wrong === 0, 'each certificate in use once it was there, and the last good one kept otherwise');
  conclude(told.length === BAD_OFFERS, `why a pair was not taken over, in the log ${told.length} times`);
} finally {
  await server.kill();
  await authority.close();
  await rm(directory, { recursive: true, force: true });
}
