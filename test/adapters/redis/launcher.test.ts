import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { expect } from 'chai';
import { startRedis } from '../../support/redis.js';

const ask = (port: number, command: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });

describe('the throwaway Redis of the tests', () => {
  it('answers once started, keeps nothing by default, and takes its directory with it', async () => {
    const redis = await startRedis();
    try {
      expect(await ask(redis.port, 'PING')).to.equal('+PONG\r\n');
      await ask(redis.port, 'SET a 1');
      await redis.kill();
      await redis.restart();
      expect(await ask(redis.port, 'GET a')).to.equal('$-1\r\n');
    } finally {
      await redis.stop();
    }
    expect(existsSync(redis.directory)).to.equal(false);
  });

  it('keeps what it was told to keep over a kill', async () => {
    const redis = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
    try {
      await ask(redis.port, 'SET a 1');
      await redis.kill();
      await redis.restart();
      expect(await ask(redis.port, 'GET a')).to.equal('$1\r\n1\r\n');
    } finally {
      await redis.stop();
    }
  });
});
