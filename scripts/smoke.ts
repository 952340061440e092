/**
 * The main job from end to end, with clients that share no code with the server: a gRPC client made from proto/ alone,
 * curl, and paseto-ts. Starts two built servers as processes of their own on a throwaway Redis. Prints each step and
 * ends with status 1 at the first that fails.
 *
 * Usage: npm run smoke
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  type ChannelCredentials,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { verify } from 'paseto-ts/v4';
import { startRedis } from '../test/support/redis.js';
import { freshMasterKey, type ServerProcess, startServerProcess } from '../test/support/server-process.js';

const ISSUER = 'https://auth.smoke.example';
const ADMIN = { id: 'root', secret: 'a-bootstrap-secret-of-40-characters-0001' };

type Message = Record<string, unknown>;
type Call = (request: Message, auth?: string) => Promise<Message>;
type Reply = (err: ServiceError | null, response: Message) => void;
type Stub = Record<
  string,
  (request: Message, metadata: Metadata, options: { deadline: number }, reply: Reply) => void
>;

const proto = loadPackageDefinition(
  loadSync(['countersign/v1/token_service.proto', 'countersign/v1/client_service.proto'], {
    includeDirs: [fileURLToPath(new URL('../proto', import.meta.url))],
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
  }),
) as unknown as {
  countersign: { v1: Record<string, new (address: string, creds: ChannelCredentials) => Stub> };
};

const open: { close(): void }[] = [];

function clientOf(server: ServerProcess, service: string): (rpc: string) => Call {
  const Service = proto.countersign.v1[service];
  if (Service === undefined) throw new Error(`no ${service} in proto/`);
  const stub = new Service(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  open.push(stub as unknown as { close(): void });
  return (rpc) => (request, auth) =>
    new Promise((resolve, reject) => {
      const metadata = new Metadata();
      if (auth !== undefined) metadata.set('authorization', auth);
      const deadline = Date.now() + 5000;
      stub[rpc]?.(request, metadata, { deadline }, (err, response) =>
        err ? reject(err) : resolve(response),
      );
    });
}

const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

async function curl(url: string, ...args: string[]): Promise<{ status: number; body: Message }> {
  const { stdout } = await promisify(execFile)('curl', [
    '-s',
    '-m',
    '5',
    '-w',
    '\n%{http_code}',
    ...args,
    url,
  ]);
  const cut = stdout.lastIndexOf('\n');
  const text = stdout.slice(0, cut);
  return { status: Number(stdout.slice(cut + 1)), body: text === '' ? {} : (JSON.parse(text) as Message) };
}

function expect(what: string, ok: boolean, seen?: unknown): void {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : ` — saw ${JSON.stringify(seen)}`}`);
  if (!ok) throw new Error(what);
}

const refusal = (call: Promise<Message>): Promise<{ code: number; error: string }> =>
  call.then(
    () => ({ code: status.OK, error: '' }),
    (err: ServiceError) => ({
      code: err.code,
      error: String(err.metadata?.get('countersign-error')[0] ?? ''),
    }),
  );

async function main(): Promise<void> {
  const redis = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
  open.push({ close: () => void redis.stop() });
  const settings = {
    COUNTERSIGN_STORE: redis.url,
    COUNTERSIGN_ISSUER: ISSUER,
    COUNTERSIGN_MASTER_KEY: freshMasterKey(),
    COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ADMIN.id,
    COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ADMIN.secret,
  };
  let [one, two] = await Promise.all([startServerProcess(settings), startServerProcess(settings)]);
  open.push({ close: () => void one.kill() }, { close: () => void two.kill() });
  expect('two servers start at the same instant on an empty Redis', true);

  const adminAuth = basic(ADMIN.id, ADMIN.secret);
  let tokens = clientOf(one, 'TokenService');
  let clients = clientOf(one, 'ClientService');
  const tokensOnTwo = clientOf(two, 'TokenService');

  const [keysOne, keysTwo] = await Promise.all([
    tokens('ListVerificationKeys')({}),
    tokensOnTwo('ListVerificationKeys')({}),
  ]);
  const keys = keysOne.keys as Message[];
  expect(
    'both have the same one key',
    keys.length === 1 && JSON.stringify(keysOne) === JSON.stringify(keysTwo),
    keysTwo,
  );

  const created = await clients('CreateClient')(
    {
      client: {
        client_id: 'orders',
        allowed_scopes: ['stock:read', 'stock:write'],
        default_scopes: ['stock:read'],
        allowed_audiences: ['https://stock.example'],
      },
    },
    adminAuth,
  );
  const secret = String(created.client_secret);
  expect(
    'the administrator registers a client and is shown its secret',
    /^cs_[A-Za-z0-9]{49,}$/.test(secret),
    created,
  );

  const issued = await tokens('IssueToken')({ client_id: 'orders', client_secret: secret });
  const token = String(issued.access_token);
  expect('a token is issued over gRPC', token.startsWith('v4.public.'), issued);

  const http = `http://127.0.0.1:${two.ports.http}`;
  const overHttp = await curl(
    `${http}/oauth/token`,
    '-u',
    `orders:${secret}`,
    '-d',
    'grant_type=client_credentials',
  );
  expect(
    'and over HTTP by the other server',
    overHttp.status === 200 && overHttp.body.token_type === 'Bearer',
    overHttp,
  );

  const introspect = (server: ServerProcess, subject: string): Promise<Message> =>
    clientOf(server, 'TokenService')('IntrospectToken')({ token: subject }, adminAuth);
  expect('introspection says active on the second server', (await introspect(two, token)).active === true);
  const httpVerdict = await curl(
    `${http}/oauth/introspect`,
    '-u',
    `${ADMIN.id}:${ADMIN.secret}`,
    '-d',
    `token=${token}`,
  );
  expect(
    'and so it does over HTTP',
    httpVerdict.body.active === true && httpVerdict.body.scope === 'stock:read',
    httpVerdict,
  );

  const published = await curl(`${http}/.well-known/paseto-keys`);
  const [key] = published.body.keys as Message[];
  const { payload } = verify(String(key?.paserk), token) as { payload: Message };
  expect(
    'paseto-ts verifies it against /.well-known/paseto-keys',
    payload.sub === 'orders' && payload.iss === ISSUER,
    payload,
  );
  expect('ListVerificationKeys has the same key', keys[0]?.public_key === key?.paserk, keys);

  await clients('RevokeClient')({ client_id: 'orders', reason: 'smoke' }, adminAuth);
  expect(
    'once RevokeClient has answered, the second server says inactive',
    (await introspect(two, token)).active === false,
  );
  const refused = await refusal(tokensOnTwo('IssueToken')({ client_id: 'orders', client_secret: secret }));
  expect(
    'and issues nothing',
    refused.code === status.UNAUTHENTICATED && refused.error === 'invalid_client',
    refused,
  );
  const refusedHttp = await curl(
    `${http}/oauth/token`,
    '-u',
    `orders:${secret}`,
    '-d',
    'grant_type=client_credentials',
  );
  expect(
    'nor over HTTP',
    refusedHttp.status === 401 && refusedHttp.body.error === 'invalid_client',
    refusedHttp,
  );

  await clients('ReinstateClient')({ client_id: 'orders' }, adminAuth);
  const fresh = String(
    (await tokensOnTwo('IssueToken')({ client_id: 'orders', client_secret: secret })).access_token,
  );
  expect('reinstated, the client gets tokens again', (await introspect(one, fresh)).active === true);
  expect('and its old token is still dead', (await introspect(one, token)).active === false);

  await clients('RevokeClient')({ client_id: 'orders', reason: 'for good' }, adminAuth);
  await one.kill();
  expect('a server is killed the instant after a revocation was answered', true);
  one = await startServerProcess(settings);
  tokens = clientOf(one, 'TokenService');
  clients = clientOf(one, 'ClientService');
  expect('after the restart the revocation holds', (await introspect(one, fresh)).active === false);
  const still = await refusal(tokens('IssueToken')({ client_id: 'orders', client_secret: secret }));
  expect('for issuing, too', still.error === 'invalid_client', still);
  const shown = (await clients('GetClient')({ client_id: 'orders' }, adminAuth)).client as Message;
  expect(
    'GetClient shows when, by whom and why',
    shown.revoked_by === ADMIN.id && shown.revoke_reason === 'for good',
    shown,
  );

  expect('SIGTERM ends a server with status 0', (await one.stop()) === 0, one.output());
  expect('and the other', (await two.stop()) === 0, two.output());
  const written = one.output() + two.output();
  const leaked = [secret, token, fresh, ADMIN.secret, settings.COUNTERSIGN_MASTER_KEY].filter((s) =>
    written.includes(s),
  );
  expect('no secret and no token stands in any log', leaked.length === 0, leaked.length);
}

try {
  await main();
  console.log('smoke: all steps hold');
} catch (err) {
  console.error(err instanceof Error ? err.message : err);
  process.exitCode = 1;
} finally {
  for (const resource of open.reverse()) resource.close();
}
