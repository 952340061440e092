import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type TlsEvent,
  TlsFilesUnusable,
  type WatchedTlsFiles,
  watchTlsFiles,
} from '../../src/tls/watch-tls-files.js';
import { makeAuthority, type TestAuthority, type TestCertificate } from '../support/certificates.js';

describe('watched TLS files', () => {
  let authority: TestAuthority;
  let pairs: readonly TestCertificate[];
  let directory: string;
  let watched: WatchedTlsFiles;
  let events: TlsEvent[];
  let onEvent: () => void;

  before(async () => {
    authority = await makeAuthority();
    pairs = [await authority.issue('one'), await authority.issue('two')];
  });
  after(() => authority.close());

  const at = (file: string): string => join(directory, file);
  /** As careful renewers do: never half a file. */
  const put = async (file: string, text: string): Promise<void> => {
    await writeFile(at(`${file}.new`), text);
    await rename(at(`${file}.new`), at(file));
  };
  const watch = (): void => {
    watched = watchTlsFiles({
      files: { certFile: at('cert'), keyFile: at('key'), clientCaFile: undefined },
      now: () => Date.now(),
      lookEveryMs: 5,
      onEvent: (event) => {
        events.push(event);
        onEvent();
      },
    });
  };
  /** Settles with the next thing told. */
  const nextEvent = (): Promise<TlsEvent | undefined> =>
    new Promise((resolve) => {
      onEvent = () => resolve(events.at(-1));
    });

  const until = async (kind: TlsEvent['kind']): Promise<void> => {
    while (events.at(-1)?.kind !== kind) await nextEvent();
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'countersign-tls-'));
    events = [];
    onEvent = () => undefined;
    await put('cert', pairs[0]!.cert);
    await put('key', pairs[0]!.key);
  });
  afterEach(async () => {
    watched?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('are taken over when they change, and listeners told', async () => {
    watch();
    let told = 0;
    watched.onChange(() => {
      told += 1;
    });
    await put('cert', pairs[1]!.cert);
    await put('key', pairs[1]!.key);
    await until('renewed');
    expect(watched.current()).to.deep.equal(pairs[1]);
    expect(watched.expiresAtMs()).to.be.greaterThan(Date.now());
    expect(told).to.equal(1);
    expect(events.filter(({ kind }) => kind === 'renewed')).to.have.length(1);
  });

  it('that are no good leave the old ones in use, and why is told once', async () => {
    watch();
    const kept = nextEvent();
    await put('key', pairs[1]!.key);
    expect(await kept).to.deep.equal({
      kind: 'kept',
      faults: [
        {
          setting: 'COUNTERSIGN_TLS_KEY_FILE',
          problem: 'names a key that does not belong to the certificate',
        },
      ],
    });
    expect(watched.current()).to.deep.equal(pairs[0]);

    const gone = nextEvent();
    await rm(at('key'));
    expect(await gone).to.have.property('kind', 'kept');
    await put('key', pairs[1]!.key);
    await put('cert', pairs[1]!.cert);
    await until('renewed');
    expect(watched.current()).to.deep.equal(pairs[1]);
    expect(events.filter(({ kind }) => kind === 'kept').length).to.be.at.most(3);
  });

  it('that are no good at the start are refused with every fault', async () => {
    await rm(at('key'));
    await put('cert', 'nothing');
    expect(() => watch()).to.throw(TlsFilesUnusable, /CERT_FILE .*; COUNTERSIGN_TLS_KEY_FILE |KEY_FILE .*; /);
  });
});
