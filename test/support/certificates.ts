import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate and its key, PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority of the test's own. Needs the command `openssl`. */
export interface TestAuthority extends TestCertificate {
  /** A certificate for a server on 127.0.0.1 and localhost, or for a client of that name. */
  issue(name: string): Promise<TestCertificate>;
  /** Removes its directory. */
  close(): Promise<void>;
}

export async function makeAuthority(name = 'Test authority'): Promise<TestAuthority> {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-ca-'));
  const path = (file: string): string => join(directory, file);
  let count = 0;

  const make = async (subject: string, more: readonly string[]): Promise<TestCertificate> => {
    count += 1;
    const [keyFile, certFile] = [path(`${count}.key`), path(`${count}.pem`)];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const out = ['-keyout', keyFile, '-out', certFile, '-days', '30', '-subj', `/CN=${subject}`];
    await run('openssl', ['req', '-x509', ...curve, ...out, ...more]);
    return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
  };

  const own = await make(name, ['-addext', 'keyUsage=critical,keyCertSign']);
  const signed = [
    ...['-CA', path('1.pem'), '-CAkey', path('1.key')],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
  ];
  return {
    ...own,
    issue: (subject) => make(subject, signed),
    close: () => rm(directory, { recursive: true, force: true }),
  };
}
