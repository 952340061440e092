import { KeyServiceService } from '../../src/wire/gen/countersign/v1/key_service.js';
import { keyIdOf } from '../../test/support/connection.js';
import { eventually } from '../../test/support/eventually.js';
import type { Fleet } from './fleet.js';

/** How long a verifier may go on accepting what was revoked, in ms. */
const FEED_BOUND_MS = 1500;

/**
 * Revokes the key that signs, and tells whether its tokens died everywhere at once while new ones are accepted
 * everywhere.
 */
export async function revokeActiveKey({ servers, verifiers, client }: Fleet): Promise<boolean> {
  const [first] = servers;
  if (first === undefined) throw new Error('there is no server');
  const token = await first.issuing.issue(client);
  for (const verifier of verifiers) await verifier.verify(token);
  const revoked = { keyId: keyIdOf(token), reason: 'a trial' };
  await first.asking.call(KeyServiceService.revokeSigningKey, revoked);
  const revokedAtMs = performance.now();

  const refusals = verifiers.map((verifier) =>
    eventually(async () => {
      if (await isAccepted(verifier, token)) throw new Error('still accepted');
      return performance.now() - revokedAtMs;
    }),
  );
  const stillActive = await Promise.all(servers.map(({ asking }) => asking.isActive(token)));
  const heardAfterMs = Math.max(...(await Promise.all(refusals)));

  const fresh = await Promise.all(servers.map(({ issuing }) => issuing.issue(client)));
  let refused = 0;
  for (const one of fresh) {
    for (const { asking } of servers) if (!(await asking.isActive(one))) refused += 1;
    for (const verifier of verifiers) if (!(await isAccepted(verifier, one))) refused += 1;
  }
  const active = stillActive.filter((one) => one).length;
  console.log(
    `emergency: the active key revoked; then active at ${active} servers, refused by all verifiers within ` +
      `${Math.ceil(heardAfterMs)} ms, and ${refused} tokens of its successor refused`,
  );
  return active === 0 && refused === 0 && heardAfterMs <= FEED_BOUND_MS;
}

const isAccepted = (verifier: Fleet['verifiers'][number], token: string): Promise<boolean> =>
  verifier.verify(token).then(
    () => true,
    () => false,
  );
