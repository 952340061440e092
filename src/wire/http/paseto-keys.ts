import type { FastifyReply, FastifyRequest } from 'fastify';
import type { UseCases } from '../../domain/use-cases.js';
import { documentOf, sendDocument } from './document.js';
import { refuse } from './refuse.js';
import type { Tell } from './tell.js';

/**
 * `GET /.well-known/paseto-keys`: the public keys as PASERK. They may be kept for exactly as long as a verifier may
 * keep them, so that a cache on the way delays no emergency any further.
 */
export const makePasetoKeysHandler =
  ({ listVerificationKeys }: Pick<UseCases, 'listVerificationKeys'>, tell: Tell) =>
  (request: FastifyRequest, reply: FastifyReply): void => {
    const call = tell.callOf(request);
    listVerificationKeys({}, call).then(
      ({ keys, refreshAfterSeconds }) => {
        const entries = keys.map(({ keyId, publicKey, state }) => ({ kid: keyId, paserk: publicKey, state }));
        sendDocument(request, reply, documentOf({ keys: entries }), refreshAfterSeconds);
        tell.ended(request, call, 'ListVerificationKeys');
      },
      (error: unknown) => {
        refuse(reply, error);
        tell.ended(request, call, 'ListVerificationKeys', error);
      },
    );
  };
