import type { IncomingMessage } from 'node:http';
import type { Metadata } from '@grpc/grpc-js';
import type { Principal } from './principal.js';

/** By the metadata of a gRPC call or by the HTTP request: kept apart from both, so that no caller can forge it. */
const principals = new WeakMap<object, Principal>();

export const attachPrincipal = (carrier: Metadata | IncomingMessage, principal: Principal): void => {
  principals.set(carrier, principal);
};

/** What a guard has let through: a gRPC call as its handler gets it, or a Node HTTP request. */
export type Guarded = { readonly metadata: Metadata } | IncomingMessage;

/**
 * Who makes this call. Throws where there is nobody: on a public method, or where no guard was passed, so that a
 * handler which depends on a caller fails closed.
 */
export function principalOf(call: Guarded): Principal {
  const principal = findPrincipal(call);
  if (principal === undefined) throw new Error('No guard has let this call through with a token.');
  return principal;
}

/** As {@link principalOf}, but undefined where there is nobody. */
export const findPrincipal = (call: Guarded): Principal | undefined =>
  principals.get(call) ?? ('metadata' in call ? principals.get(call.metadata) : undefined);
