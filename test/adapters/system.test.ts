import { expect } from 'chai';
import { makeRandomIds } from '../../src/adapters/system.js';
import { isClientId, isSecretId, isTokenId } from '../../src/domain/ids.js';

describe('random ids', () => {
  const ids = makeRandomIds();

  it('have the form that their kind has, never repeat, and never pass for a command line option', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 5000; i += 1) {
      const [token, client, secret] = [ids.tokenId(), ids.clientId(), ids.secretId()];
      expect([isTokenId(token), isClientId(client), isSecretId(secret)]).to.deep.equal([true, true, true]);
      for (const id of [token, client, secret]) expect(id).not.to.match(/^-/);
      seen.add(token).add(client).add(secret);
    }
    expect(seen.size).to.equal(15_000);
  });

  it('of tokens hold 128 bits', () => {
    expect(Buffer.from(ids.tokenId(), 'base64url')).to.have.length(16);
  });
});
