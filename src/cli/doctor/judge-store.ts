import { instant } from '../printable.js';
import type { StoreContents, StoreFacts } from './facts.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** What to say of the store, and of what is in it. */
export function judgeStore(facts: StoreFacts): readonly Finding[] {
  if (facts.kind === 'unreachable') {
    return [fail('redis', facts.reason, 'is it up, and are COUNTERSIGN_STORE and its credentials right?')];
  }
  const { findings, contents, unusable } = facts;
  const stands = findings.map(({ severity, message }) =>
    severity === 'refuse'
      ? fail('redis', message, 'change it with CONFIG SET and in redis.conf; no server starts on it before')
      : warn('redis', message, 'change it with CONFIG SET and in redis.conf'),
  );
  return [
    ...(stands.length > 0 ? stands : [ok('redis', 'reachable, keeps an append-only file, evicts nothing')]),
    ...(unusable === undefined
      ? []
      : [fail('store', unusable, 'restore it from a backup, or point at the right one')]),
    ...(contents === undefined ? [] : judgeContents(contents)),
    ...(unusable === undefined && contents === undefined
      ? [
          warn(
            'store',
            'it is blank',
            'start a server: the first one founds it. Was it founded before? Then restore it',
          ),
        ]
      : []),
  ];
}

const judgeContents = (contents: StoreContents): readonly Finding[] => [
  judgeClock(contents),
  judgeIssuer(contents),
  judgeMasterKey(contents),
  judgeKeys(contents),
];

/** What clocks may disagree by, in verifiers and introspection, and when to begin to worry. */
const TOLERANCE_MS = 5000;
const WORRY_MS = 1000;

function judgeClock({ clockAheadMs, clockErrorMs }: StoreContents): Finding {
  const distance = Math.abs(clockAheadMs);
  const side = clockAheadMs > 0 ? 'ahead of' : 'behind';
  const measured = `${(distance / 1000).toFixed(1)} s ${side} that of Redis, give or take ${(clockErrorMs / 1000).toFixed(1)} s`;
  const advice = 'run a time service (chrony, systemd-timesyncd) on both machines';
  if (distance - clockErrorMs > TOLERANCE_MS)
    return fail('clock', `${measured}: fresh tokens may be refused`, advice);
  return distance - clockErrorMs > WORRY_MS ? warn('clock', measured, advice) : ok('clock', measured);
}

const judgeIssuer = ({ issuer, issuerWanted }: StoreContents): Finding =>
  issuerWanted === undefined || issuer === issuerWanted
    ? ok('issuer', issuer)
    : fail(
        'issuer',
        `the store belongs to ${issuer}, but COUNTERSIGN_ISSUER is ${issuerWanted}`,
        'set COUNTERSIGN_ISSUER to it, or another COUNTERSIGN_KEY_PREFIX for another issuer',
      );

function judgeMasterKey({ masterKey, previousMasterKeySet }: StoreContents): Finding {
  if (masterKey === 'unknown') {
    return fail(
      'master key',
      'the store is under another master key',
      'set COUNTERSIGN_MASTER_KEY to that one; without it the keys are lost',
    );
  }
  if (masterKey === 'previous') {
    return warn(
      'master key',
      'the store is still under the previous one',
      'once every server has both: countersign keys rewrap',
    );
  }
  return previousMasterKeySet
    ? warn(
        'master key',
        'the store is under the current one, and a previous one is set still',
        'take COUNTERSIGN_MASTER_KEY_PREVIOUS away',
      )
    : ok('master key', 'the store is under it');
}

function judgeKeys({ keys, keyPeriodMs, storeTimeMs }: StoreContents): Finding {
  const active = keys.find(({ state }) => state === 'active');
  if (active === undefined) {
    return fail('signing key', 'none signs', 'start a server: it makes one; if one runs, look into its log');
  }
  const endMs = (active.activateTimeMs ?? storeTimeMs) + keyPeriodMs;
  // Servers change keys by themselves; a key past its period means that none has run for a while, or that it cannot.
  return endMs < storeTimeMs
    ? warn(
        'signing key',
        `${active.keyId} should have been succeeded at ${instant(new Date(endMs))}`,
        'is a server running? Look into its log',
      )
    : ok('signing key', `${active.keyId} signs until ${instant(new Date(endMs))} or so`);
}
