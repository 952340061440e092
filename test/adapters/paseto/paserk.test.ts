import { inspect } from 'node:util';
import { expect } from 'chai';
import { LocalProtocol, PublicProtocol } from 'paseto';
import * as libraryLocal from 'paseto/v4/local';
import * as libraryPublic from 'paseto/v4/public';
import { generateKeys, sign as pasetoTsSign, verify as pasetoTsVerify } from 'paseto-ts/v4';
import {
  localKeyFromBytes,
  localKeyFromPaserk,
  makeLocalKey,
  makeSecretKey,
  paserkFromLocalKey,
  paserkFromSecretKey,
  secretIdOf,
  secretKeyFromBytes,
  secretKeyFromPaserk,
} from '../../../src/adapters/paseto/paserk.js';
import { bytesFromPaserk, paserkFromBytes, paserkId } from '../../../src/adapters/paseto/paserk-form.js';
import {
  unwrapLocalKey,
  unwrapSecretKey,
  wrapLocalKey,
  wrapSecretKey,
} from '../../../src/adapters/paseto/pie-wrap.js';
import { textIn, type Vector, vectorsOf } from './vectors.js';

const bytesIn = (vector: Vector, field: string): Buffer => Buffer.from(textIn(vector, field), 'hex');
const good = (vector: Vector): boolean => !vector['expect-fail'];

describe('PASERK k4', () => {
  describe('agrees with the official vectors', () => {
    for (const kind of ['k4.local', 'k4.public', 'k4.secret'] as const) {
      for (const vector of vectorsOf(kind)) {
        it(vector.name, () => {
          if (good(vector)) {
            expect(paserkFromBytes(kind, bytesIn(vector, 'key'))).to.equal(vector.paserk);
            expect(bytesFromPaserk(kind, textIn(vector, 'paserk'))).to.deep.equal(bytesIn(vector, 'key'));
          } else if (vector.paserk === null) {
            expect(() => paserkFromBytes(kind, bytesIn(vector, 'key'))).to.throw('holds');
          } else {
            expect(() => bytesFromPaserk(kind, textIn(vector, 'paserk'))).to.throw('not a well-formed');
          }
        });
      }
    }

    for (const [id, kind] of [
      ['k4.lid', 'k4.local'],
      ['k4.pid', 'k4.public'],
      ['k4.sid', 'k4.secret'],
    ] as const) {
      for (const vector of vectorsOf(id)) {
        it(vector.name, () => {
          const compute = () => paserkId(id, paserkFromBytes(kind, bytesIn(vector, 'key')));
          if (good(vector)) expect(compute()).to.equal(vector.paserk);
          else expect(compute).to.throw('holds');
        });
      }
    }

    for (const vector of vectorsOf('k4.secret').filter(good)) {
      it(`${vector.name} as a key`, () => {
        const key = secretKeyFromPaserk(textIn(vector, 'paserk'));
        expect(paserkFromSecretKey(key)).to.equal(vector.paserk);
        expect(key.verificationKey.publicKey).to.equal(
          paserkFromBytes('k4.public', bytesIn(vector, 'public-key')),
        );
      });
    }

    for (const vector of vectorsOf('k4.local-wrap.pie')) {
      it(vector.name, () => {
        const under = localKeyFromBytes(bytesIn(vector, 'wrapping-key'));
        const unwrap = () => paserkFromLocalKey(unwrapLocalKey(textIn(vector, 'paserk'), under));
        if (good(vector))
          expect(unwrap()).to.equal(paserkFromBytes('k4.local', bytesIn(vector, 'unwrapped')));
        else expect(unwrap).to.throw(/not under this key|not a well-formed/);
      });
    }

    for (const vector of vectorsOf('k4.secret-wrap.pie')) {
      it(vector.name, () => {
        const under = localKeyFromBytes(bytesIn(vector, 'wrapping-key'));
        const unwrap = () => paserkFromSecretKey(unwrapSecretKey(textIn(vector, 'paserk'), under));
        if (good(vector))
          expect(unwrap()).to.equal(paserkFromBytes('k4.secret', bytesIn(vector, 'unwrapped')));
        else expect(unwrap).to.throw(/not under this key|not a well-formed/);
      });
    }
  });

  describe('agrees with other implementations', () => {
    it('the paseto library reads our keys and writes them as we do', async () => {
      const local = new LocalProtocol(libraryLocal.ImportKeyFactory, libraryLocal.ExportKeyFactory);
      const localText = paserkFromLocalKey(makeLocalKey()) as `k4.local.${string}`;
      expect(await local.ExportKey(await local.ImportKey(localText, { extractable: true }))).to.equal(
        localText,
      );

      const lib = new PublicProtocol(
        libraryPublic.ImportSecretKeyFactory,
        libraryPublic.ExportSecretKeyFactory,
        libraryPublic.GetPublicKeyFactory,
        libraryPublic.ExportPublicKeyFactory,
      );
      const key = makeSecretKey();
      const text = paserkFromSecretKey(key) as `k4.secret.${string}`;
      const imported = await lib.ImportSecretKey(text, { extractable: true });
      expect(await lib.ExportSecretKey(imported)).to.equal(text);
      expect(await lib.ExportPublicKey(await lib.GetPublicKey(imported))).to.equal(
        key.verificationKey.publicKey,
      );
    });

    it('paseto-ts makes keys that we read, and reads keys that we made', () => {
      const theirs = generateKeys('public', { format: 'paserk' });
      expect(secretKeyFromPaserk(theirs.secretKey).verificationKey.publicKey).to.equal(theirs.publicKey);
      expect(paserkFromLocalKey(localKeyFromPaserk(generateKeys('local', { format: 'paserk' })))).to.match(
        /^k4\.local\./,
      );
      const ours = makeSecretKey();
      const token = pasetoTsSign(paserkFromSecretKey(ours), { sub: 'x' });
      expect(pasetoTsVerify(ours.verificationKey.publicKey, token).payload.sub).to.equal('x');
    });
  });

  describe('a wrapped key', () => {
    const master = makeLocalKey();
    const key = makeSecretKey();
    const wrapped = wrapSecretKey(key, master);

    it('comes back as it went in', () => {
      expect(paserkFromSecretKey(unwrapSecretKey(wrapped, master))).to.equal(paserkFromSecretKey(key));
      const pepper = makeLocalKey();
      expect(unwrapLocalKey(wrapLocalKey(pepper, master), master).keyId).to.equal(pepper.keyId);
    });

    it('looks different each time it is wrapped', () => {
      expect(wrapSecretKey(key, master)).not.to.equal(wrapped);
    });

    it('is refused under another key', () => {
      expect(() => unwrapSecretKey(wrapped, makeLocalKey())).to.throw('not under this key');
    });

    it('is refused with any one byte changed', () => {
      const bytes = bytesFromPaserk('k4.secret-wrap.pie', wrapped);
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const text = paserkFromBytes('k4.secret-wrap.pie', changed);
        expect(() => unwrapSecretKey(text, master), `byte ${at}`).to.throw('not under this key');
      }
    });

    it('is refused as a wrap of the other kind', () => {
      const local = wrapLocalKey(makeLocalKey(), master);
      expect(() => unwrapSecretKey(local, master)).to.throw('not a well-formed k4.secret-wrap.pie');
      const renamed = local.replace('local-wrap', 'secret-wrap');
      expect(() => unwrapSecretKey(renamed, master)).to.throw('not a well-formed k4.secret-wrap.pie');
      expect(() => unwrapLocalKey(wrapped, master)).to.throw('not a well-formed k4.local-wrap.pie');
    });
  });

  describe('a key object', () => {
    it('is refused when its two halves are of two keys', () => {
      const [a, b] = [makeSecretKey(), makeSecretKey()].map((k) =>
        bytesFromPaserk('k4.secret', paserkFromSecretKey(k)),
      );
      const mixed = Buffer.concat(
        [a?.subarray(0, 32) ?? a, b?.subarray(32) ?? b].filter((part) => part !== undefined),
      );
      expect(() => secretKeyFromBytes(mixed)).to.throw('of two keys');
    });

    it('shows nothing of the key to whoever prints it', () => {
      const key = makeSecretKey();
      const local = makeLocalKey();
      for (const shown of [
        inspect(key, { depth: 9 }),
        JSON.stringify(key),
        inspect(local),
        JSON.stringify(local),
      ]) {
        const bytes = [bytesFromPaserk('k4.secret', paserkFromSecretKey(key)).subarray(0, 32)];
        bytes.push(bytesFromPaserk('k4.local', paserkFromLocalKey(local)));
        for (const secret of bytes) {
          for (const form of ['hex', 'base64', 'base64url'] as const)
            expect(shown).not.to.contain(secret.toString(form));
        }
      }
    });

    it('has an id for its secret half that is not the id of its public half', () => {
      const key = makeSecretKey();
      expect(secretIdOf(key)).to.match(/^k4\.sid\.[\w-]{44}$/);
      expect(secretIdOf(key).slice(7)).not.to.equal(key.verificationKey.keyId.slice(7));
    });

    it('is refused under the name of another purpose or in a sloppy spelling', () => {
      const text = paserkFromLocalKey(makeLocalKey());
      for (const wrong of [
        text.replace('k4', 'k3'),
        text.replace('local', 'secret'),
        text.replace('local', 'public'),
        `${text}=`,
        `${text}A`,
        text.slice(0, -1),
        ` ${text}`,
        text.toUpperCase(),
      ]) {
        expect(() => localKeyFromPaserk(wrong)).to.throw('This is not a well-formed k4.local.');
      }
    });
  });
});
