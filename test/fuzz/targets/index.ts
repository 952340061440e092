import type { Target } from '../target.js';
import { commandLineTarget } from './command-line.js';
import { grpcTarget } from './grpc.js';
import { httpTarget } from './http.js';
import { formTarget, headerTarget } from './parameters.js';
import { paserkTarget } from './paserk.js';
import { redisReplyTarget } from './redis-replies.js';
import { scriptTarget } from './scripts.js';
import { payloadTarget, tokenTarget } from './tokens.js';

/** Everything that reads what others wrote. */
export const allTargets = async (): Promise<readonly Target[]> => [
  await tokenTarget(),
  payloadTarget(),
  paserkTarget,
  formTarget,
  headerTarget,
  redisReplyTarget,
  scriptTarget,
  grpcTarget,
  httpTarget,
  commandLineTarget,
];
