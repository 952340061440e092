import type { Metadata } from '@grpc/grpc-js';
import type { Call, Credential } from '../../domain/call.js';
import { requestIdFrom } from '../request-id.js';
import { traceContextFrom } from '../trace-context.js';
import { REQUEST_ID_KEY } from './status.js';

/** The call's source, given the connection's peer address and `x-forwarded-for`. */
export type SourceAddress = (peer: string | undefined, forwardedFor: string | undefined) => string;

/** What grpc-js knows of any call. */
export interface Surface {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** A call whose credential is yet to be looked at. */
export type IncomingCall = Omit<Call, 'credential'> & {
  credential: Credential;
  /** Whether its request id is its caller's own. */
  readonly isNamed: boolean;
};

/** Makes a {@link Call} of what grpc-js hands over. Never fails. */
export type TakeIn = (surface: Surface) => IncomingCall;

export const makeTakeIn =
  (sourceAddress: SourceAddress): TakeIn =>
  (surface) => {
    const { metadata } = surface;
    const [given] = metadata.get(REQUEST_ID_KEY);
    const requestId = requestIdFrom(given);
    return {
      requestId,
      isNamed: given === requestId,
      door: 'grpc',
      sourceAddress: sourceAddress(hostOf(surface.getPeer()), forwardedFor(metadata)),
      credential: { kind: 'none' },
      trace: traceContextFrom(metadata.get('traceparent')[0]),
      facts: {},
    };
  };

/** Believes nobody but the connection. */
export const peerAddress: SourceAddress = (peer = 'unknown') =>
  peer.startsWith('::ffff:') ? peer.slice('::ffff:'.length) : peer;

function forwardedFor(metadata: Metadata): string | undefined {
  const entries = metadata.get('x-forwarded-for');
  return entries.length === 0 ? undefined : entries.join(',');
}

/** grpc-js writes `address:port`, without brackets for IPv6 too. */
function hostOf(peer: string): string | undefined {
  const colon = peer.lastIndexOf(':');
  return colon === -1 ? undefined : peer.slice(0, colon);
}
