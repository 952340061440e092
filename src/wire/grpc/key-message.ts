import type { PublishedKey } from '../../domain/ports.js';
import type { SigningKey } from '../../domain/signing-key.js';
import type { SigningKey as SigningKeyMessage } from '../gen/countersign/v1/key_service.js';
import { KeyState } from '../gen/countersign/v1/token_service.js';
import { dateOf } from './time-message.js';

const KEY_STATES: Readonly<Record<PublishedKey['state'], KeyState>> = {
  published: KeyState.KEY_STATE_PUBLISHED,
  active: KeyState.KEY_STATE_ACTIVE,
  retired: KeyState.KEY_STATE_RETIRED,
  revoked: KeyState.KEY_STATE_REVOKED,
};

export const keyStateToMessage = (state: PublishedKey['state']): KeyState => KEY_STATES[state];

export const signingKeyToMessage = (key: SigningKey): SigningKeyMessage => ({
  keyId: key.keyId,
  publicKey: key.publicKey,
  state: keyStateToMessage(key.state),
  createTime: dateOf(key.createTimeMs),
  activateTime: dateOf(key.activateTimeMs),
  retireTime: dateOf(key.retireTimeMs),
  removeTime: dateOf(key.removeTimeMs),
  revokeTime: dateOf(key.revokeTimeMs),
});
