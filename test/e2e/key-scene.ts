import { expect } from 'chai';
import { createVerifier, type Verifier } from '../../src/sdk/verifier.js';
import { KeyServiceService, type SigningKey } from '../../src/wire/gen/countersign/v1/key_service.js';
import { type KeyState, TokenServiceService } from '../../src/wire/gen/countersign/v1/token_service.js';
import { Connection, type Credential, stockReader } from '../support/connection.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { AUDIENCE, ISSUER, ROOT, trialSettings } from '../support/trial-settings.js';

/** One server on the embedded store, or two on one Redis, with a client, and a verifier for each server. */
export class KeyScene {
  readonly processes: ServerProcess[] = [];
  readonly servers: Connection[] = [];
  readonly verifiers: Verifier[] = [];
  orders: Credential = ROOT;
  private redis: TestRedis | undefined;

  static async open(store: 'memory' | 'redis'): Promise<KeyScene> {
    const scene = new KeyScene();
    scene.redis = store === 'redis' ? await startRedis() : undefined;
    const settings = trialSettings(scene.redis?.url);
    const starts = Array.from({ length: store === 'redis' ? 2 : 1 }, () => startServerProcess(settings));
    scene.processes.push(...(await Promise.all(starts)));
    for (const { ports } of scene.processes) {
      scene.servers.push(new Connection(ports.grpc, ROOT));
      const verifier = createVerifier({
        address: `127.0.0.1:${ports.grpc}`,
        issuer: store === 'redis' ? ISSUER : `http://127.0.0.1:${ports.http}`,
        audience: AUDIENCE,
        credential: { clientId: ROOT.id, clientSecret: ROOT.secret },
      });
      scene.verifiers.push(verifier);
    }
    scene.orders = await scene.first.register('orders', stockReader(AUDIENCE));
    await Promise.all(scene.verifiers.map((verifier) => verifier.ready(10_000)));
    return scene;
  }

  get first(): Connection {
    const [first] = this.servers;
    if (first === undefined) throw new Error('there is no server');
    return first;
  }
  /** The one that did not do what the first one did; on the embedded store, that very one. */
  get last(): Connection {
    return this.servers.at(-1) ?? this.first;
  }

  async rotate(immediate: boolean): Promise<SigningKey> {
    const { key } = await this.first.call(KeyServiceService.rotateSigningKey, { immediate });
    if (key === undefined) throw new Error('the answer has no key');
    return key;
  }
  async revoke(keyId: string, reason = ''): Promise<SigningKey> {
    const { activeKey } = await this.first.call(KeyServiceService.revokeSigningKey, { keyId, reason });
    if (activeKey === undefined) throw new Error('the answer has no key');
    return activeKey;
  }
  /** Of each key, newest first, as every server says. */
  async states(): Promise<readonly KeyState[]> {
    const answers = await Promise.all(this.servers.map((server) => server.signingKeys()));
    for (const answer of answers) expect(answer).to.deep.equal(answers[0]);
    return answers[0]?.map(({ state }) => state) ?? [];
  }
  /** The ids that verifiers are given, by gRPC and HTTP at every server alike. */
  async published(): Promise<readonly string[]> {
    const lists = await Promise.all(
      this.processes.flatMap(({ ports }, i) => [this.overGrpc(i), overHttp(ports.http)]),
    );
    for (const list of lists) expect(list).to.deep.equal(lists[0]);
    return lists[0] ?? [];
  }
  private async overGrpc(server: number): Promise<readonly string[]> {
    const answer = await this.servers[server]?.call(TokenServiceService.listVerificationKeys, {});
    return answer?.keys.map(({ keyId }) => keyId) ?? [];
  }
  issueEverywhere(): Promise<readonly string[]> {
    return Promise.all(this.servers.map((server) => server.issue(this.orders)));
  }
  /** The verdict of introspection at each server. */
  introspect(token: string): Promise<readonly boolean[]> {
    return Promise.all(this.servers.map((server) => server.isActive(token)));
  }

  async close(): Promise<void> {
    for (const open of [...this.verifiers, ...this.servers]) open.close();
    await Promise.all(this.processes.map((server) => server.kill()));
    await this.redis?.stop();
  }
}

async function overHttp(port: number): Promise<readonly string[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/.well-known/paseto-keys`);
  return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}
