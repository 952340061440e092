// A guarded service and its caller, from the first token to the revocation: starts Countersign on the embedded store,
// the two programs beside this file, and revokes the caller after two seconds. Ends with status 1 if the caller is
// not refused then.
// Usage: npm run example
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { credentials, Metadata } from '@grpc/grpc-js';
import { countersign } from 'countersign/proto';

const ADMIN_SECRET = 'an-example-secret-of-40-characters-00001';
const { Client, ClientServiceClient } = countersign.v1;
const children = [];

/** Starts a program; answers its process and the lines it prints. */
function start(path, env) {
  const file = fileURLToPath(new URL(path, import.meta.url));
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return createInterface({ input: child.stdout });
}

/** What a program printed on its first line with this word. */
async function lineWith(lines, word) {
  for await (const line of lines) if (line.includes(word)) return line;
  throw new Error(`A program ended before it was ${word}.`);
}

async function main() {
  const service = start('../../dist/main.js', {
    COUNTERSIGN_GRPC_LISTEN: '127.0.0.1:0',
    COUNTERSIGN_HTTP_LISTEN: '127.0.0.1:0',
    COUNTERSIGN_OPS_LISTEN: 'off',
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: 'root',
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN_SECRET,
  });
  const listening = JSON.parse(await lineWith(service, 'listening'));
  const address = `127.0.0.1:${listening.grpc_port}`;

  const clients = new ClientServiceClient(address, credentials.createInsecure());
  const admin = new Metadata();
  admin.set('authorization', `Basic ${btoa(`root:${ADMIN_SECRET}`)}`);
  const ask = (method, request) =>
    new Promise((resolve, reject) => {
      clients[method](request, admin, (err, answer) => (err ? reject(err) : resolve(answer)));
    });
  const register = async (client) =>
    (await ask('createClient', { client: Client.fromPartial(client), importedSecret: '', requestId: '' }))
      .clientSecret;

  const audience = 'https://orders.example';
  const env = {
    COUNTERSIGN_ADDRESS: address,
    COUNTERSIGN_ISSUER: `http://127.0.0.1:${listening.http_port}`,
    ORDERS_CLIENT_SECRET: await register({
      clientId: 'orders',
      introspectionOnly: true,
      allowedScopes: ['countersign:introspect'],
      servesAudiences: [audience],
    }),
    CALLER_CLIENT_SECRET: await register({
      clientId: 'shop',
      allowedScopes: ['orders:write'],
      defaultScopes: ['orders:write'],
      allowedAudiences: [audience],
    }),
  };
  const port = (await lineWith(start('orders-service.mjs', env), 'listening')).split(' ')[1];
  const calls = start('caller.mjs', { ...env, ORDERS_ADDRESS: `127.0.0.1:${port}` });

  let last = '';
  calls.on('line', (line) => {
    last = line;
    console.log(line);
  });
  await pause(2000);
  console.log('operator: RevokeClient shop');
  await ask('revokeClient', { clientId: 'shop', reason: 'example' });
  await pause(1500);
  clients.close();
  if (!last.startsWith('order: refused')) throw new Error('The caller was not refused after its revocation.');
}

await main()
  .catch((err) => {
    console.error(err);
    process.exitCode = 1;
  })
  .finally(() => {
    for (const child of children) child.kill('SIGTERM');
  });
