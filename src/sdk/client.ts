/**
 * `countersign/client`: what a service that calls others imports. It knows the service's public API alone: importing
 * it loads no server, no store and no logger, opens nothing and starts no timer.
 */

export { authorizingInterceptor, callCredentials } from './authorize-calls.js';
export { authorizedFetch } from './authorized-fetch.js';
export type { ClientCredential } from './client-secret.js';
export type { Clock } from './clock.js';
export { CountersignError, type ErrorCode } from './errors.js';
export { createTokenSource, type TokenSource, type TokenSourceOptions } from './token-source.js';
