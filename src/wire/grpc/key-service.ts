import type { UseCases } from '../../domain/use-cases.js';
import type { KeyServiceService } from '../gen/countersign/v1/key_service.js';
import { signingKeyToMessage } from './key-message.js';
import type { HandlersOf } from './register-service.js';

/** KeyService: messages in, use-cases, messages out. */
export function makeKeyServiceHandlers(useCases: UseCases): HandlersOf<KeyServiceService> {
  return {
    async listSigningKeys(_, call) {
      const keys = await useCases.listSigningKeys({}, call);
      return { keys: keys.map(signingKeyToMessage) };
    },

    rotateSigningKey: async ({ immediate }, call) => ({
      key: signingKeyToMessage(await useCases.rotateSigningKey({ immediate }, call)),
    }),

    revokeSigningKey: async ({ keyId, reason }, call) => ({
      activeKey: signingKeyToMessage(await useCases.revokeSigningKey({ keyId, reason }, call)),
    }),
  };
}
