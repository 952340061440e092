import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import {
  looksLikeSecret,
  SECRET_PATTERN,
  secretGenerator,
} from '../../../src/adapters/secrets/secret-generator.js';

const secrets = Array.from({ length: 2000 }, () => secretGenerator.generate());

describe('a generated secret', () => {
  it('is cs_, 43 random characters of A-Z a-z 0-9, and a checksum of 6', () => {
    for (const secret of secrets) expect(secret).to.match(/^cs_[A-Za-z0-9]{43}[A-Za-z0-9]{6}$/);
  });

  it('holds at least 256 bits and is never the same twice', () => {
    expect(43 * Math.log2(62)).to.be.at.least(256);
    expect(new Set(secrets).size).to.equal(secrets.length);
  });

  it('has every character in every place, each about as often as any other', () => {
    const counts = new Map<string, number>();
    for (const secret of secrets) {
      for (const character of secret.slice(3, 46)) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect(counts.size).to.equal(62);
    // 1387 expected of each, standard deviation 37: six of them are passed once in about 10 million runs. Folding the
    // last bytes in, as a bare remainder would, puts the first eight at 1677.
    const expected = (secrets.length * 43) / 62;
    for (const count of counts.values()) expect(count).to.be.within(expected - 225, expected + 225);
  });

  it('can be told from other text by anybody, without asking', () => {
    for (const secret of secrets.slice(0, 100)) {
      expect(looksLikeSecret(secret)).to.equal(true);
      expect(SECRET_PATTERN.exec(`CLIENT_SECRET="${secret}"`)?.[0]).to.equal(secret);
    }
  });

  it('is known for mistyped when one character is changed or two are swapped', () => {
    const secret = secrets[0] ?? '';
    for (let at = 3; at < secret.length; at += 1) {
      const wrong = secret[at] === 'x' ? 'y' : 'x';
      expect(looksLikeSecret(secret.slice(0, at) + wrong + secret.slice(at + 1))).to.equal(false);
      const swapped = secret.slice(0, at - 1) + secret[at] + secret[at - 1] + secret.slice(at + 1);
      if (swapped !== secret) expect(looksLikeSecret(swapped)).to.equal(false);
    }
  });

  for (const text of [
    '',
    'cs_',
    `cs_${'0'.repeat(49)}`,
    ` ${secrets[0]}`,
    `${secrets[0]}0`,
    'cs_short000000',
  ]) {
    it(`is not seen in ${JSON.stringify(text.slice(0, 20))} and the like`, () => {
      expect(looksLikeSecret(text)).to.equal(false);
    });
  }

  it('carries the CRC-32 that other tools compute', () => {
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    for (const secret of secrets.slice(0, 100)) {
      const value = [...secret.slice(-6)].reduce((sum, digit) => sum * 62 + alphabet.indexOf(digit), 0);
      expect(value).to.equal(crc32(secret.slice(0, -6)));
    }
  });
});
