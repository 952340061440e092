import { expect } from 'chai';
import type { Redis } from 'ioredis';
import type { Store } from '../../../src/domain/ports.js';
import {
  auditEntry,
  clientId,
  clientRecord,
  generation,
  keyRing,
  secretId,
  tokenId,
} from '../../support/records.js';
import { freshPrefix, startRedis, type TestRedis } from '../../support/redis.js';
import {
  bareRedis,
  openFoundedStore,
  openRedisStore,
  untilReady,
  untilReplicated,
} from '../../support/redis-store.js';
import { refusal } from '../../support/refusal.js';

const audit = auditEntry('Test');
const id = clientId('a');
const FAR = 4_000_000_000;

describe('with replicas to wait for', () => {
  let master: TestRedis;
  let replica: TestRedis;
  let bare: Redis;
  let store: Store;
  let keyPrefix: string;

  before(async () => {
    master = await startRedis({ 'repl-diskless-sync-delay': '0' });
    replica = await startRedis({ replicaof: `127.0.0.1 ${master.port}` });
    bare = bareRedis(master);
    await untilReplicated(master);
  });
  after(async () => {
    bare.disconnect();
    await replica.stop();
    await master.stop();
  });
  beforeEach(async () => {
    keyPrefix = freshPrefix();
    store = await openFoundedStore(master, { waitReplicas: 1, keyPrefix });
    await untilReady(store);
    await store.clients.create(clientRecord('a'), generation(0), audit);
  });
  afterEach(async () => {
    replica.resume();
    await store.close();
  });

  it('a change that is answered is on the replica', async () => {
    await store.clients.revoke(id, { by: 'x', reason: '' }, audit);
    const { generation: raised } = await store.clients.look(id);
    const onReplica = bareRedis(replica);
    try {
      expect(await onReplica.hget(`{${keyPrefix}}:standing`, 'a')).to.match(new RegExp(`^${raised} `));
    } finally {
      onReplica.disconnect();
    }
  });

  it('a change that too few hold is not answered, whatever it was', async () => {
    replica.pause();
    const expected = { version: 1, generation: generation(0) };
    const acts = await Promise.allSettled([
      store.clients.create(clientRecord('b'), generation(0), audit),
      store.clients.revoke(id, { by: 'x', reason: '' }, audit),
      store.ledger.revokeToken(tokenId('t'), FAR, audit),
      store.keyRings.replace(keyRing(2), {}),
      store.feed.merge([{ kind: 'token', tokenId: tokenId('m'), forgetAtSeconds: FAR }]),
      store.clients.replace(clientRecord('b', { version: 2 }), expected, { raiseGeneration: false }, audit),
    ]);
    for (const act of acts) {
      expect(act.status).to.equal('rejected');
      expect(act).to.have.nested.property('reason.code', 'temporarily_unavailable');
    }
  });

  it('its repeat writes again, so that it is waited for even where nothing is left to change', async () => {
    await store.clients.revokeSecret(id, secretId('s1'), audit);
    const { client } = await store.clients.look(id);
    replica.pause();
    const repeats = [
      store.clients.revokeSecret(id, secretId('s1'), audit),
      store.clients.reinstate(id, client!, audit),
    ];
    for (const repeat of repeats) await refusal(repeat, 'temporarily_unavailable');
    replica.resume();
    await untilReady(store);
    await store.clients.revokeSecret(id, secretId('s1'), audit);
    await store.clients.reinstate(id, client!, audit);
  });

  it('a server whose master has lost them stops answering, reads too, and comes back with them', async () => {
    replica.pause();
    await untilReady(store, false);
    await refusal(store.clients.look(id), 'temporarily_unavailable');
    await refusal(store.ledger.look(id, tokenId('t')), 'temporarily_unavailable');
    await refusal(store.keyRings.read(), 'temporarily_unavailable');
    await refusal(store.feed.snapshot(), 'temporarily_unavailable');
    replica.resume();
    await untilReady(store);
    expect((await store.clients.look(id)).client?.clientId).to.equal('a');
    await store.clients.revokeTokens(id, audit);
  });

  it('a start waits for replicas that are late, and says so when they do not come', async () => {
    replica.pause();
    await untilReady(store, false);
    const late = openRedisStore(master, { waitReplicas: 1, keyPrefix });
    const never = openRedisStore(master, { waitReplicas: 2, keyPrefix, startTimeoutMs: 300 });
    const error = await never.catch((reason: Error) => reason);
    expect(error).to.be.instanceOf(Error);
    expect((error as Error).message).to.contain('fewer than 2 of its replicas confirm');
    replica.resume();
    const started = await late;
    try {
      expect(started.ready()).to.equal(true);
      expect((await started.clients.look(id)).client?.clientId).to.equal('a');
    } finally {
      await started.close();
    }
  });

  it('the waiting is done on the connection that wrote, once for all changes of a turn, and holds up no look', async () => {
    await store.clients.revokeTokens(id, audit);
    const monitor = await bare.monitor();
    const seen: { readonly command: string; readonly from: string }[] = [];
    monitor.on('monitor', (_time: string, args: string[], from: string) => {
      seen.push({ command: String(args[0]).toLowerCase(), from });
    });
    await Promise.all([
      store.clients.revokeTokens(id, audit),
      store.clients.revokeTokens(id, audit),
      store.clients.look(id),
    ]);
    while (!seen.some(({ command }) => command === 'wait')) await bare.ping();
    monitor.disconnect();
    const scripts = seen.filter(({ command, from }) => command.startsWith('eval') && from !== 'lua');
    const waits = seen.filter(({ command }) => command === 'wait');
    const looks = seen.filter(({ command, from }) => command === 'mget' && from !== 'lua');
    expect(scripts).to.have.length(2);
    expect(new Set([...scripts, ...waits].map(({ from }) => from)).size).to.equal(1);
    expect(looks.map(({ from }) => from)).not.to.include(scripts[0]?.from);
  });
});
