import { createSecretKey, randomBytes } from 'node:crypto';
import { createMemoryStore } from '../../src/adapters/memory/memory-store.js';
import { secretGenerator } from '../../src/adapters/secrets/secret-generator.js';
import { makeSecretHasher } from '../../src/adapters/secrets/secret-hasher.js';
import { systemClock } from '../../src/adapters/system.js';
import { makeAuthenticateClient } from '../../src/domain/authenticate-client.js';
import type { Call } from '../../src/domain/call.js';
import type { Random } from '../../test/faults/random.js';
import {
  auditEntry,
  clientId,
  clientRecord,
  generation,
  keyRing,
  storedSecret,
  storeMarker,
} from '../../test/support/records.js';
import type { Credential } from './doors.js';
import { shuffled } from './shuffled.js';
import { freshId, KINDS, type Kind } from './subjects.js';

const WARM_UP = 2000;
/** Of one address, well below what any throttle would say something to. */
const ROUNDS_OF_AN_ADDRESS = 3;

/** How long each refusal takes by itself, in µs: the use-case on the embedded store, with nothing around it. */
export async function timesInProcess(rounds: number, random: Random): Promise<Record<Kind, number[]>> {
  const { subjects, authenticate } = await scene();
  const times: Record<Kind, number[]> = { unknown: [], wrong: [], revoked: [], deleted: [], ended: [] };
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const address = Math.floor((round + WARM_UP) / ROUNDS_OF_AN_ADDRESS);
    const call = callFrom(`10.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`);
    for (const kind of shuffled(KINDS, random)) {
      const { clientId: id, secret } = subjects[kind];
      const start = performance.now();
      const code = await authenticate(id, secret, call).then(
        () => 'let in',
        (error: { readonly code?: string }) => error.code,
      );
      const micros = (performance.now() - start) * 1000;
      if (code !== 'invalid_client') throw new Error(`${kind} was answered ${code}`);
      if (round >= 0) times[kind].push(micros);
    }
  }
  return times;
}

async function scene() {
  const pepper = { pepperId: 'p1', key: createSecretKey(randomBytes(32)) };
  const hasher = makeSecretHasher({ newestPepper: () => pepper, pepper: () => pepper.key });
  const store = createMemoryStore({ clock: systemClock });
  await store.keyRings.found(storeMarker(), keyRing());
  const audit = auditEntry('Test');
  const register = async (expireTimeMs?: number): Promise<Credential> => {
    const made = { clientId: freshId(), secret: secretGenerator.generate() };
    const secrets = [storedSecret('s1', { ...hasher.hash(made.secret), expireTimeMs })];
    await store.clients.create(clientRecord(made.clientId, { secrets }), generation(0), audit);
    return made;
  };
  const [wrong, revoked, deleted] = [await register(), await register(), await register()];
  await store.clients.revoke(clientId(revoked.clientId), { by: 'x', reason: '' }, audit);
  const seen = await store.clients.look(clientId(deleted.clientId));
  const { client } = seen;
  if (client === undefined) throw new Error('what was created is not there');
  const expected = { version: client.version, generation: seen.generation };
  await store.clients.delete(client.clientId, expected, audit);
  const subjects: Record<Kind, Credential> = {
    unknown: { clientId: freshId(), secret: secretGenerator.generate() },
    wrong: { ...wrong, secret: secretGenerator.generate() },
    revoked,
    deleted,
    ended: await register(systemClock.now() - 1),
  };
  const authenticate = makeAuthenticateClient({
    clients: store.clients,
    hasher,
    throttle: store.throttle,
    clock: systemClock,
  });
  return { subjects, authenticate };
}

const callFrom = (sourceAddress: string): Call => ({
  requestId: 'r',
  door: 'grpc',
  sourceAddress,
  credential: { kind: 'none' },
  facts: {},
});
