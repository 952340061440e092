import { randomBytes } from 'node:crypto';
import { isRequestId } from '../domain/ids.js';

// Unique without asking the system for randomness at every call: the process's own name, and a count.
const processName = randomBytes(9).toString('base64url');
let count = 0;

/** The caller's own name for its request, where it is fit to be a name, so that both sides' logs can be joined. */
export function requestIdFrom(given: unknown): string {
  if (typeof given === 'string' && isRequestId(given)) return given;
  count += 1;
  return `${processName}-${count.toString(36)}`;
}
