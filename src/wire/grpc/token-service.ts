import type { AuthenticToken } from '../../domain/token.js';
import type { UseCases } from '../../domain/use-cases.js';
import {
  IntrospectTokenResponse,
  IssueTokenResponse,
  type TokenServiceService,
  type WatchRevocationsRequest,
  type WatchRevocationsResponse,
} from '../gen/countersign/v1/token_service.js';
import { withBodyCredential } from './credential.js';
import { encodeMessage } from './encode-message.js';
import { keyStateToMessage } from './key-message.js';
import type { HandlersOf } from './register-service.js';
import type { StreamHandler } from './stream-call.js';
import { dateOfSeconds } from './time-message.js';

/** TokenService: messages in, use-cases, messages out. */
export function makeTokenServiceHandlers(
  useCases: UseCases,
  watchRevocations: StreamHandler<WatchRevocationsRequest, WatchRevocationsResponse>,
): HandlersOf<TokenServiceService> {
  return {
    async issueToken({ clientId, clientSecret, scopes, audience, ttlSeconds }, call) {
      const issued = await useCases.issueToken(
        { grantType: 'client_credentials', scopes, audience, resources: [], ttlSeconds },
        withBodyCredential(call, clientId, clientSecret),
      );
      return encodeMessage(IssueTokenResponse, {
        accessToken: issued.accessToken,
        tokenId: issued.tokenId,
        tokenType: 'Bearer',
        expiresAt: dateOfSeconds(issued.expiresAtSeconds),
        expiresInSeconds: issued.expiresInSeconds,
        scopes: [...issued.scopes],
        audience: issued.audience,
      });
    },

    introspectToken: async ({ token }, call) =>
      verdictToBytes(await useCases.introspectToken({ token }, call)),

    async batchIntrospectTokens({ tokens }, call) {
      const verdicts = await useCases.batchIntrospectTokens({ tokens }, call);
      return { results: verdicts.map(verdictToMessage) };
    },

    async revokeToken({ token }, call) {
      await useCases.revokeToken({ token }, call);
      return {};
    },

    async revokeTokenById({ clientId, tokenId }, call) {
      await useCases.revokeTokenById({ clientId, tokenId }, call);
      return {};
    },

    watchRevocations,

    async listVerificationKeys(_, call) {
      const { keys, refreshAfterSeconds } = await useCases.listVerificationKeys({}, call);
      return {
        keys: keys.map(({ keyId, publicKey, state }) => ({
          keyId,
          publicKey,
          state: keyStateToMessage(state),
        })),
        refreshAfterSeconds,
      };
    },
  };
}

/** What is said of a token as long as it lives never changes, and some are asked about by the thousand. */
const encoded = new WeakMap<AuthenticToken, Buffer>();

function verdictToBytes(verdict: AuthenticToken | undefined): Buffer {
  const known = verdict && encoded.get(verdict);
  if (known !== undefined) return known;
  const bytes = encodeMessage(IntrospectTokenResponse, verdictToMessage(verdict));
  if (verdict !== undefined) encoded.set(verdict, bytes);
  return bytes;
}

/** Inactive is a message without anything else (RFC 7662 section 2.2). */
function verdictToMessage(verdict: AuthenticToken | undefined): IntrospectTokenResponse {
  if (verdict === undefined) return IntrospectTokenResponse.create();
  const { claims, keyId } = verdict;
  return {
    active: true,
    clientId: claims.clientId,
    subject: claims.clientId,
    issuer: claims.issuer,
    audience: claims.audience,
    scopes: [...claims.scopes],
    tokenId: claims.tokenId,
    keyId,
    issuedAt: dateOfSeconds(claims.issuedAtSeconds),
    notBefore: dateOfSeconds(claims.notBeforeSeconds),
    expiresAt: dateOfSeconds(claims.expiresAtSeconds),
    ext: claims.ext,
  };
}
