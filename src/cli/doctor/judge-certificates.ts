import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { instant } from '../printable.js';
import type { SettingsFacts } from './facts.js';
import { type Finding, fail, ok, warn } from './finding.js';

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/** What to say of the files that TLS is served with. */
export function judgeCertificates(tls: SettingsFacts['tls'], nowMs: number): readonly Finding[] {
  if (tls === undefined) return [];
  return [
    ...judgePair(tls.certFile, tls.keyFile, nowMs),
    ...(tls.clientCaFile === undefined ? [] : [judgeAuthority(tls.clientCaFile, nowMs)]),
  ];
}

function judgePair(certFile: string, keyFile: string, nowMs: number): readonly Finding[] {
  const certificate = certificateIn(certFile);
  if (certificate === undefined) {
    return [
      fail(
        'certificate',
        `${certFile} holds no certificate that can be read`,
        "put the PEM chain there, the server's own first",
      ),
    ];
  }
  return [
    judgeTimes('certificate', certificate, nowMs),
    judgeName(certificate),
    judgeKey(certificate, keyFile),
  ];
}

function judgeAuthority(file: string, nowMs: number): Finding {
  const certificate = certificateIn(file);
  return certificate === undefined
    ? fail(
        'client authority',
        `${file} holds no certificate that can be read`,
        'put the PEM of the authority there',
      )
    : judgeTimes('client authority', certificate, nowMs);
}

function judgeTimes(check: string, { subject, validFrom, validTo }: X509Certificate, nowMs: number): Finding {
  const [fromMs, untilMs] = [Date.parse(validFrom), Date.parse(validTo)];
  const name = (subject ?? '').replaceAll('\n', ', ');
  const until = instant(new Date(untilMs));
  if (nowMs < fromMs)
    return fail(
      check,
      `${name} is valid only from ${instant(new Date(fromMs))}`,
      'wait, or set the clock right',
    );
  if (nowMs >= untilMs)
    return fail(check, `${name} expired at ${until}`, 'renew it; the server re-reads the file by itself');
  const days = Math.floor((untilMs - nowMs) / DAY_MS);
  return days < SOON_DAYS
    ? warn(
        check,
        `${name} expires at ${until}, in ${days} days`,
        'renew it; the server re-reads the file by itself',
      )
    : ok(check, `${name} is valid until ${until}`);
}

const judgeName = ({ subjectAltName }: X509Certificate): Finding =>
  subjectAltName === undefined
    ? fail(
        'certificate',
        'it names no host, so no client will accept it',
        'have it made with the host as subjectAltName',
      )
    : ok('certificate', `it is for ${subjectAltName}`);

function judgeKey(certificate: X509Certificate, keyFile: string): Finding {
  let fits: boolean;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(readFileSync(keyFile)));
  } catch {
    return fail(
      'private key',
      `${keyFile} holds no private key that can be read`,
      'put the PEM of the key there, without a passphrase',
    );
  }
  if (!fits)
    return fail('private key', `${keyFile} is not the key of the certificate`, 'renew both together');
  return (statSync(keyFile).mode & 0o007) === 0
    ? ok('private key', 'it fits the certificate')
    : warn('private key', `${keyFile} may be read by everyone on this machine`, `chmod o= ${keyFile}`);
}

function certificateIn(file: string): X509Certificate | undefined {
  try {
    return new X509Certificate(readFileSync(file));
  } catch {
    return undefined;
  }
}
