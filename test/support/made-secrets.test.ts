import { expect } from 'chai';
import { madeSecrets } from './made-secrets.js';
import { freshPrefix, sharedRedis } from './redis.js';
import { dumpRedis } from './redis-dump.js';
import { bareRedis } from './redis-store.js';
import { callWith, clientSettings, makeService, type Service } from './service.js';

describe('the memory of what was secret in the tests', () => {
  const IMPORTED = 'an-imported-secret-of-40-random-letters-1';
  let service: Service;
  beforeEach(async () => {
    service = await makeService();
  });
  afterEach(() => service.close());

  it('has client secrets, imported ones too, and the signatures of tokens', async () => {
    const { secret, ...rest } = await service.register('orders');
    const imported = {
      clientId: 'stock',
      settings: clientSettings(),
      importedSecret: IMPORTED,
      requestId: '',
    };
    await service.useCases.createClient(imported, callWith(service.admin));
    const token = await service.issue({ secret, ...rest });
    for (const text of [secret, IMPORTED]) {
      expect(madeSecrets.find(Buffer.from(text))).to.deep.equal(['client secret (raw)']);
    }
    expect(madeSecrets.find(Buffer.from(token))).to.deep.equal(['token (base64)']);
  });

  it('has signing keys, the pepper and the master key', async () => {
    const before = madeSecrets.size;
    const another = await makeService();
    await another.close();
    // Those three, and the secret of the administrator with what is hashed of it.
    expect(madeSecrets.size).to.be.at.least(before + 4);
  });

  it('finds them on a Redis, under whatever type of key', async () => {
    const place = await sharedRedis();
    const redis = bareRedis(place);
    const { secret } = await service.register('orders');
    const key = (type: string): string => `${prefix}:${type}`;
    const prefix = freshPrefix();
    try {
      await redis.set(key('string'), `{"secret":"${secret}"}`);
      await redis.hset(key('hash'), 'field', secret);
      await redis.rpush(key('list'), secret);
      await redis.sadd(key('set'), Buffer.from(secret).toString('hex'));
      await redis.zadd(key('zset'), 1, Buffer.from(secret).toString('base64'));
      await redis.xadd(key('stream'), '*', 'field', secret);
      const found: string[] = [];
      for await (const { name, content } of dumpRedis(place)) {
        if (name.startsWith(prefix) && madeSecrets.find(content).length > 0) found.push(name);
      }
      const types = ['string', 'hash', 'list', 'set', 'zset', 'stream'];
      expect(found).to.have.members(types.map(key));
    } finally {
      await redis.del(['string', 'hash', 'list', 'set', 'zset', 'stream'].map(key));
      redis.disconnect();
    }
  });
});
