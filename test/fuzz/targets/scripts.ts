import { setTimeout } from 'node:timers/promises';
import { recordToText } from '../../../src/adapters/redis/client-text.js';
import { keysUnder } from '../../../src/adapters/redis/keys.js';
import { SCRIPT_NAMES, scriptNamed } from '../../../src/adapters/redis/lua-files.js';
import type { Store } from '../../../src/domain/ports.js';
import { auditEntry, clientId, clientRecord, generation, storedSecret } from '../../support/records.js';
import { startRedis } from '../../support/redis.js';
import { bareRedis, openFoundedStore } from '../../support/redis-store.js';
import { mutate } from '../mutate.js';
import type { FuzzRoom, Target } from '../target.js';

const ANSWERS = /^(?:OK(?: \d{1,16})?|NO|NOT_FOUND|EXISTS|CONFLICT|WRONG_STORE)$/;
const BATCH = 100;
const LOOKS = 30;
const PAUSE_MS = 100;

/** Arguments for every script on a real Redis: none leaves anything behind that its readers would not understand. */
export const scriptTarget: Target = { name: 'arguments of the scripts', share: 5, run };

async function run(room: FuzzRoom): Promise<void> {
  const redis = await startRedis();
  const bare = bareRedis(redis);
  const store = await openFoundedStore(redis, { keyPrefix: 'fuzz' });
  const keys = keysUnder('fuzz');
  const record = recordToText(clientRecord('a', { secrets: [storedSecret('s1')] }));
  const seeds = ['a', '1', '0', record, '{"b":"x","r":""}', 's1', 'c', 't', '1900000000000', ''].map((text) =>
    Buffer.from(text),
  );
  const words = ['{', '}', ':', '\n', ' ', '-', '1e999', 'nan', 'inf', '0x10', 'store-1'];
  const { random } = room;
  try {
    await store.clients.create(clientRecord('a'), generation(0), auditEntry('Fuzz'));
    for (let sent = 0; sent < room.inputs; sent += BATCH) {
      const pipeline = bare.pipeline();
      const inputs: string[] = [];
      const start = performance.now();
      for (let index = 0; index < BATCH; index += 1) {
        const name = random.pick(
          SCRIPT_NAMES.filter((one) => one !== 'replace-key-ring' && one !== 'found-store'),
        );
        const scriptKeys = [
          keys.marker,
          keys.standing,
          keys.feed,
          keys.audit,
          name === 'revoke-token' || name === 'merge-revocations' ? keys.revoked : keys.client(clientId('a')),
          keys.clients,
        ];
        const args = Array.from({ length: 3 + random.below(5) }, () =>
          mutate(random.pick(seeds), random.pick(seeds), words, random),
        );
        inputs.push(`${name} ${args.join(' | ')}`);
        pipeline.eval(
          scriptNamed(name).source,
          scriptKeys.length,
          ...scriptKeys,
          'store-1',
          '',
          100,
          100,
          1 + random.below(2),
          ...args,
        );
      }
      const replies = (await pipeline.exec()) ?? [];
      for (const [index, [error, reply]] of replies.entries()) {
        room.answered(performance.now() - start);
        // A script may refuse arguments that the server never sends by failing; it may not end in another answer.
        if (error === null && !ANSWERS.test(String(reply)))
          room.found(`a script returned ${reply}`, inputs[index] ?? '');
      }
      const damage = await damageIn(store);
      if (damage !== undefined) room.found(`the feed is of no use any more: ${damage}`, inputs.join('\n'));
    }
  } finally {
    bare.disconnect();
    await store.close();
    await redis.stop();
  }
}

/** What keeps the whole ledger from being read; a Redis that is merely busy is asked again. */
async function damageIn(store: Store): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      for await (const _ of (await store.feed.snapshot()).parts);
      return undefined;
    } catch (error) {
      if (attempt === LOOKS) return String(error instanceof Error ? (error.cause ?? error) : error);
      await setTimeout(PAUSE_MS);
    }
  }
}
