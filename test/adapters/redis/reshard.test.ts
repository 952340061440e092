import { expect } from 'chai';
import { Link } from '../../../src/adapters/redis/link.js';
import { openClient } from '../../../src/adapters/redis/open-client.js';
import { eventually } from '../../support/eventually.js';
import { type FleetNode, type RedisCluster, startRedisCluster } from '../../support/redis-fleet.js';

describe('a Cluster whose slot is on its way to another node', function () {
  this.timeout(60_000);
  let cluster: RedisCluster;
  let link: Link;
  before(async () => {
    cluster = await startRedisCluster();
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
    const target = { kind: 'cluster', nodes, tls: false, username: undefined, password: undefined } as const;
    link = new Link(openClient('ordinary', { target, ca: undefined }), { deadlineMs: 1000, maxInFlight: 10 });
    await link.connected(10_000);
  });
  after(async () => {
    link?.close();
    await cluster?.stop();
  });

  it('never has a key that is yet to move read as missing, and is read again once the slot is there', async () => {
    const read = () =>
      link.ask([
        ['get', '{t}:moved'],
        ['get', '{t}:yet-to-move'],
      ]);
    await link.ask([['set', '{t}:moved', '1']]);
    await link.ask([['set', '{t}:yet-to-move', '2']]);
    const from = await cluster.masterOf('{t}');
    const to = (await cluster.masters()).find((node) => node !== from) as FleetNode;
    const slot = Number(await from.ask('cluster', 'keyslot', '{t}'));
    const [fromId, toId] = [
      String(await from.ask('cluster', 'myid')),
      String(await to.ask('cluster', 'myid')),
    ];
    await to.ask('cluster', 'setslot', slot, 'importing', fromId);
    await from.ask('cluster', 'setslot', slot, 'migrating', toId);
    await from.ask('migrate', to.host, to.port, '{t}:moved', 0, 2000);

    for (let time = 0; time < 20; time += 1) {
      const answer = await read().catch((error: { code: string }) => error.code);
      expect(answer).to.equal('temporarily_unavailable');
    }

    await from.ask('migrate', to.host, to.port, '{t}:yet-to-move', 0, 2000);
    for (const node of [to, from]) await node.ask('cluster', 'setslot', slot, 'node', toId);
    await eventually(async () => expect(await read()).to.deep.equal(['1', '2']));
  });
});
