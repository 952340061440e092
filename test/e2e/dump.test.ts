import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { localKeyFromPaserk, makeSecretKey, paserkFromSecretKey } from '../../src/adapters/paseto/paserk.js';
import { contentOfRing } from '../../src/adapters/paseto/ring-content.js';
import {
  ClientServiceService,
  DeleteClientRequest,
  RevokeClientRequest,
  RotateClientSecretRequest,
} from '../../src/wire/gen/countersign/v1/client_service.js';
import { KeyServiceService } from '../../src/wire/gen/countersign/v1/key_service.js';
import { TokenServiceService } from '../../src/wire/gen/countersign/v1/token_service.js';
import { runCli } from '../cli/support/run-cli.js';
import {
  basicOf,
  Connection,
  type Credential,
  claimsOf,
  keyIdOf,
  stockReader,
} from '../support/connection.js';
import { madeSecrets, noteSecret, noteToken } from '../support/made-secrets.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { type DumpedKey, dumpRedis, persistedFiles } from '../support/redis-dump.js';
import { bareRedis, openRedisStore } from '../support/redis-store.js';
import { freshMasterKey, type ServerProcess, startServerProcess } from '../support/server-process.js';
import { AUDIENCE, ROOT, trialSettings } from '../support/trial-settings.js';

type Settings = Record<string, string>;

describe('what lies in Redis after a life of everything', function () {
  this.timeout(60_000);
  const IMPORTED_SECRET = `imported-${randomBytes(30).toString('base64url')}`;
  const [FIRST_MASTER, SECOND_MASTER] = [freshMasterKey(), freshMasterKey()];
  /** As texts, to see that the search really knows them. */
  const texts: string[] = [];
  let redis: TestRedis;
  let settings: Settings;
  const servers: ServerProcess[] = [];
  const connections: Connection[] = [];

  const made = <T extends string>(text: T): T => {
    texts.push(text);
    return text;
  };

  async function start(changes: Settings): Promise<Connection> {
    settings = { ...settings, ...changes };
    const server = await startServerProcess(settings);
    servers.push(server);
    const connection = new Connection(server.ports.grpc, ROOT);
    connections.push(connection);
    return connection;
  }

  async function run(args: readonly string[], stdin = ''): Promise<string> {
    const { exitCode, stdout, stderr } = await runCli(args, { env: settings, stdin });
    expect(exitCode, stderr).to.equal(0);
    return stdout;
  }

  /** Unwraps what the ring holds now, which notes it. */
  async function noteRing(): Promise<void> {
    const store = await openRedisStore(redis, { keyPrefix: 'countersign' });
    try {
      const found = await store.keyRings.read();
      if (found === undefined) throw new Error('the store is blank');
      const masterKeys = {
        current: localKeyFromPaserk(settings.COUNTERSIGN_MASTER_KEY ?? ''),
        previous: localKeyFromPaserk(FIRST_MASTER),
      };
      const { secretKeys, peppers } = contentOfRing(found.ring, masterKeys);
      expect(secretKeys.size).to.be.greaterThan(0);
      for (const { keyObject } of peppers.values()) made(keyObject.export().toString('hex'));
      for (const { keyObject } of secretKeys.values()) {
        made(keyObject.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('hex'));
      }
    } finally {
      await store.close();
    }
  }

  /** Does everything that there is to do with secrets. */
  before(async () => {
    redis = await startRedis({ appendonly: 'yes', rdbcompression: 'no' });
    settings = trialSettings(redis.url);
    const first = await start({ COUNTERSIGN_MASTER_KEY: FIRST_MASTER });
    const issue = async (credential: Credential): Promise<string> => made(await first.issue(credential));
    await noteRing();

    const orders = await first.register('orders', stockReader(AUDIENCE));
    const stock = await first.register('stock', stockReader(AUDIENCE), IMPORTED_SECRET);
    const gone = await first.register('gone', stockReader(AUDIENCE));
    for (const { secret } of [orders, stock, gone]) made(secret);
    const tokens = [await issue(orders), await issue(orders), await issue(stock), await issue(gone)];
    const overHttp = await fetch(`http://127.0.0.1:${servers[0]?.ports.http}/oauth/token`, {
      method: 'POST',
      headers: { authorization: basicOf(orders) },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    noteToken(made(((await overHttp.json()) as { access_token: string }).access_token));

    const rotated = await first.call(
      ClientServiceService.rotateClientSecret,
      RotateClientSecretRequest.fromPartial({ clientId: 'orders', overlapSeconds: 60, requestId: 'once' }),
    );
    noteSecret('client secret', made(rotated.clientSecret));
    const [token = '', byId = ''] = tokens;
    await first.call(TokenServiceService.revokeToken, { token });
    const revokedById = { clientId: 'orders', tokenId: String(claimsOf(byId).jti) };
    await first.call(TokenServiceService.revokeTokenById, revokedById);
    await first.call(
      ClientServiceService.revokeClient,
      RevokeClientRequest.fromPartial({ clientId: 'stock' }),
    );
    await first.call(
      ClientServiceService.deleteClient,
      DeleteClientRequest.fromPartial({ clientId: 'gone' }),
    );
    // A failed attempt with what was a good secret, which the throttle and the log hear of.
    for (const credential of [stock, gone]) await first.issue(credential).catch(() => undefined);

    await first.call(KeyServiceService.rotateSigningKey, { immediate: true });
    await noteRing();
    await first.call(KeyServiceService.revokeSigningKey, {
      keyId: keyIdOf(await issue(orders)),
      reason: 'for good',
    });
    await first.call(KeyServiceService.rotateSigningKey, { immediate: false });
    await run(['keys', 'import'], made(paserkFromSecretKey(makeSecretKey())));
    await noteRing();

    const second = await start({
      COUNTERSIGN_MASTER_KEY: SECOND_MASTER,
      COUNTERSIGN_MASTER_KEY_PREVIOUS: FIRST_MASTER,
    });
    await run(['keys', 'rewrap', '--yes']);
    await noteRing();
    made(await second.issue(orders));
    const recovered = await run(['admin', 'recover', '--as', 'rescue', '--yes', '--json']);
    const { client_secret: secret } = JSON.parse(recovered) as { client_secret: string };
    noteSecret('client secret', made(secret));
    for (const text of [ROOT.secret, FIRST_MASTER, SECOND_MASTER]) made(text);
  });
  after(async () => {
    for (const connection of connections) connection.close();
    await Promise.all(servers.map((server) => server.kill()));
    await redis?.stop();
  });

  it('is a search for each of them, or it would show nothing', () => {
    expect(texts.length).to.be.greaterThan(20);
    for (const text of texts)
      expect(madeSecrets.find(Buffer.from(text)), text.slice(0, 12)).to.have.length.above(0);
  });

  const expectNoSecret = (parts: readonly DumpedKey[]): void => {
    const found = parts.flatMap(({ name, content }) =>
      madeSecrets.find(content).map((one) => `${name}: ${one}`),
    );
    expect(found).to.deep.equal([]);
  };

  it('holds no secret key, client secret or usable token under any key', async () => {
    const parts: DumpedKey[] = [];
    for await (const part of dumpRedis(redis)) parts.push(part);
    const everything = Buffer.concat(parts.map(({ content }) => content)).toString('latin1');
    for (const thing of ['k4.secret-wrap.pie.', 'k4.local-wrap.pie.', 'orders', 'rescue', 'RewrapKeys']) {
      expect(everything).to.contain(thing);
    }
    expectNoSecret(parts);
  });

  it('holds none in its files either, the history of every change included', async () => {
    const connection = bareRedis(redis);
    await connection.save();
    connection.disconnect();
    const files = await persistedFiles(redis.directory);
    expect(files.some(({ name }) => name.endsWith('dump.rdb'))).to.equal(true);
    const history = files.filter(({ name }) => name.endsWith('.incr.aof'));
    expect(Buffer.concat(history.map(({ content }) => content)).toString('latin1')).to.contain(
      'RevokeSigningKey',
    );
    expectNoSecret(files);
  });

  it('and no server has written one to its log', () => {
    expectNoSecret(servers.map((server) => ({ name: 'log', content: Buffer.from(server.output()) })));
  });
});
