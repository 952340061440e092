/**
 * `countersign/verifier`: what a service that is called imports. It knows the service's public API and the verify half
 * of PASETO alone: importing it loads no server, no store and no logger, opens nothing and starts no timer.
 */

export type { AccessRule } from './access-rule.js';
export type { VerifierCredential } from './authorizer.js';
export type { ClientCredential } from './client-secret.js';
export type { Clock } from './clock.js';
export {
  createVerifier,
  type Verifier,
  type VerifierEvents,
  type VerifierMetrics,
} from './create-verifier.js';
export { CountersignError, type ErrorCode, type RefusalReason, VerifyError } from './errors.js';
export { type GrpcGuardOptions, grpcGuard, type MethodRules } from './grpc-guard.js';
export { type HttpGuard, type HttpGuardOptions, httpGuard } from './http-guard.js';
export type { Principal } from './principal.js';
export { findPrincipal, type Guarded, principalOf } from './principal-of.js';
export { protoDirectory, rulesFromPackageDefinition } from './proto-rules.js';
export { exposeRepeatedAuthorization } from './repeated-authorization.js';
export type { StalePolicy, VerifierOptions } from './verifier-options.js';
