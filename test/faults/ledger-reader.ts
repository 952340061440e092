import type {
  Revocation,
  WatchRevocationsResponse,
} from '../../src/wire/gen/countersign/v1/token_service.js';
import type { Stubs } from './clients-under-test.js';

const PATIENCE_MS = 40_000;

/** Reads the feed as a verifier does that begins with nothing: the union of all that it was told. */
export function readLedger(at: Stubs): {
  readonly ids: Set<string>;
  readonly whole: Promise<void>;
  close(): void;
} {
  const ids = new Set<string>();
  const stream = at.watch();
  const take = ({ kind }: Revocation): void => {
    if (kind?.$case === 'token') ids.add(kind.value.tokenId);
  };
  const whole = new Promise<void>((resolve, reject) => {
    setTimeout(reject, PATIENCE_MS, new Error('the snapshot did not end')).unref();
    stream.on('error', reject);
    stream.on('data', ({ event }: WatchRevocationsResponse) => {
      if (event?.$case === 'change') take(event.value);
      if (event?.$case !== 'snapshot') return;
      for (const one of event.value.revocations) take(one);
      if (event.value.last) resolve();
    });
  });
  return { ids, whole, close: () => stream.cancel() };
}
