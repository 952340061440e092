import { CountersignError } from '../../src/sdk/errors.js';

/** The library's own error that a promise rejects with; whatever else happens is the test's failure. */
export async function rejection(promise: Promise<unknown>): Promise<CountersignError> {
  const outcome = await promise.then(
    (value) => new Error(`resolved with ${String(value)}`),
    (err: unknown) => err,
  );
  if (!(outcome instanceof CountersignError)) throw outcome;
  return outcome;
}
