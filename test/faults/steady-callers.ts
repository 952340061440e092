import { type ClientOptions, credentials, Metadata } from '@grpc/grpc-js';
import { TokenServiceClient } from '../../src/wire/gen/countersign/v1/token_service.js';
import type { Arena } from './arena.js';

/** Callers as another team would have them: round robin over all servers, UNAVAILABLE tried again by grpc-js itself. */
export interface SteadyCallers {
  calls(): number;
  /** Why calls failed. */
  failed(): readonly string[];
  stop(): Promise<void>;
}

const SERVICE_CONFIG = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: [{ service: 'countersign.v1.TokenService' }],
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: '0.05s',
        maxBackoff: '0.5s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
};
const PAUSE_MS = 5;

/** Starts callers, each of which issues tokens without end. */
export async function startSteadyCallers({ addresses, stubs }: Arena, count = 8): Promise<SteadyCallers> {
  const options: ClientOptions = {
    'grpc.service_config': JSON.stringify(SERVICE_CONFIG),
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 300,
    'grpc.use_local_subchannel_pool': 1,
  };
  const client = new TokenServiceClient(`ipv4:${addresses.join(',')}`, credentials.createInsecure(), options);
  const failed: string[] = [];
  let calls = 0;
  let running = true;
  // One that the load knows nothing of, and so does not revoke.
  const registered = await stubs[0]?.register('steady');
  const { clientId = '', secret = '' } = registered ?? {};

  const issue = (): Promise<void> =>
    new Promise((resolve) => {
      const request = { clientId, clientSecret: secret, scopes: [], audience: '', ttlSeconds: 600 };
      client.issueToken(request, new Metadata(), { deadline: Date.now() + 5000 }, (error) => {
        calls += 1;
        if (error !== null) failed.push(error.message);
        resolve();
      });
    });
  const caller = async (): Promise<void> => {
    while (running) {
      await issue();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const all = Promise.all(Array.from({ length: count }, caller));
  return {
    calls: () => calls,
    failed: () => failed,
    stop: async () => {
      running = false;
      await all;
      client.close();
    },
  };
}
