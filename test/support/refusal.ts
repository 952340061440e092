import { expect } from 'chai';
import { AuthError, type AuthErrorCode } from '../../src/domain/errors.js';

/** Waits for an act to be refused with this code; answers the refusal. */
export async function refusal(act: unknown, code: AuthErrorCode): Promise<AuthError> {
  const outcome = await Promise.resolve(act).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) expect.fail(`${code} was expected, but it was answered`);
  expect(outcome.error).to.be.instanceOf(AuthError);
  expect(outcome.error).to.have.property('code', code);
  return outcome.error as AuthError;
}
