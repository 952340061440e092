import { credentials, Metadata } from '@grpc/grpc-js';
import { TokenServiceClient } from '../../src/wire/gen/countersign/v1/token_service.js';
import { ADMIN, type Arena } from '../faults/arena.js';

/** Readers of the feed that come and go. */
export interface PassingWatchers {
  /** How many streams there were. */
  streams(): number;
  /** Settles when the last has gone. */
  stop(): Promise<void>;
}

const LONGEST_MS = 4000;

/**
 * So many at a time, each with a connection of its own, for up to four seconds. Of four, one begins at the cursor at
 * which it left off, one reads nothing, and the others begin anew; half leave politely, half break off the connection.
 */
export function startPassingWatchers({ addresses, random }: Arena, count: number): PassingWatchers {
  let running = true;
  let streams = 0;
  const leave = new Set<() => void>();

  const follow = async (): Promise<void> => {
    let cursor = '';
    while (running) {
      const style = random.below(4);
      const client = new TokenServiceClient(random.pick(addresses), credentials.createInsecure(), {
        'grpc.use_local_subchannel_pool': 1,
      });
      const metadata = new Metadata();
      const pair = Buffer.from(`${ADMIN.id}:${ADMIN.secret}`).toString('base64');
      metadata.set('authorization', `Basic ${pair}`);
      const stream = client.watchRevocations({ cursor: style === 0 ? cursor : '' }, metadata);
      streams += 1;
      const gone = new Promise<void>((resolve) => {
        stream.on('error', () => resolve()).on('end', () => resolve());
      });
      if (style !== 1) {
        stream.on('data', (message) => {
          cursor = message.cursor;
        });
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, random.below(LONGEST_MS));
        leave.add(resolve);
        void gone.then(resolve);
        void gone.finally(() => clearTimeout(timer));
      });
      leave.clear();
      if (random.below(2) === 0) stream.cancel();
      client.close();
      stream.cancel();
    }
  };
  const all = Promise.all(Array.from({ length: count }, follow));
  return {
    streams: () => streams,
    stop: async () => {
      running = false;
      for (const go of leave) go();
      await all;
    },
  };
}
