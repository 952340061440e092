import { afterEach } from 'mocha';
import type { Call } from '../../../src/domain/call.js';
import type { IssuedToken } from '../../../src/domain/issue-token.js';
import type { CallOutcome } from '../../../src/wire/call-observer.js';
import type { HttpUseCases } from '../../../src/wire/http/routes.js';
import {
  type HttpGateway,
  type HttpGatewayOptions,
  startHttpGateway,
} from '../../../src/wire/http/server.js';
import { tokenId } from '../../support/records.js';

/** A gateway before use-cases that a test makes up, with all that its observer was told. */
export interface FakeGateway {
  readonly gateway: HttpGateway;
  readonly url: string;
  readonly told: { readonly call: Call; readonly outcome: CallOutcome }[];
  /** The RPCs of requests that were turned away. */
  readonly turnedAway: string[];
}

const issued: IssuedToken = {
  accessToken: 'v4.public.token',
  tokenId: tokenId('t1'),
  expiresAtSeconds: 1_900_003_600,
  expiresInSeconds: 3600,
  scopes: ['read'],
  audience: 'https://orders.example',
};

const GOOD: HttpUseCases = {
  issueToken: async () => issued,
  introspectToken: async () => undefined,
  revokeToken: async () => undefined,
  listVerificationKeys: async () => ({ keys: [], refreshAfterSeconds: 60 }),
};

const running = new Set<HttpGateway>();
afterEach(async () => {
  await Promise.all([...running].map((gateway) => gateway.stop(0)));
  running.clear();
});

/** Stopped after the test. */
export async function startFakeGateway(
  useCases: Partial<HttpUseCases> = {},
  options: Partial<HttpGatewayOptions> = {},
): Promise<FakeGateway> {
  const told: { call: Call; outcome: CallOutcome }[] = [];
  const turnedAway: string[] = [];
  const gateway = await startHttpGateway({
    useCases: { ...GOOD, ...useCases },
    listen: { host: '127.0.0.1', port: 0 },
    issuer: 'https://issuer.example',
    observer: {
      finished: (call, outcome) => told.push({ call, outcome }),
      turnedAway: (rpc) => turnedAway.push(rpc),
    },
    ...options,
  });
  running.add(gateway);
  return { gateway, url: `http://127.0.0.1:${gateway.port}`, told, turnedAway };
}

/** A token request that is all right. */
export const tokenRequest = (headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { authorization: `Basic ${btoa('a:b')}`, ...headers },
  body: new URLSearchParams({ grant_type: 'client_credentials' }),
});
