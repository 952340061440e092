import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { MIN_TLS_VERSION, type TlsMaterial } from '../wire/tls-source.js';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Set: callers must present a certificate of this authority. */
  readonly clientCaFile: string | undefined;
}

/** One thing that is wrong with the files, by the setting that names the file. Never repeats what is in it. */
export interface TlsFault {
  readonly setting:
    | 'COUNTERSIGN_TLS_CERT_FILE'
    | 'COUNTERSIGN_TLS_KEY_FILE'
    | 'COUNTERSIGN_TLS_CLIENT_CA_FILE';
  readonly problem: string;
}

/** What the files hold, as text. */
export type PemMaterial = { readonly [K in keyof TlsMaterial]: string };

/** Usable certificates, or everything that is wrong with them. */
export type TlsReading =
  | { readonly material: PemMaterial; readonly expiresAtMs: number; readonly faults: readonly [] }
  | { readonly material: undefined; readonly faults: readonly TlsFault[] };

const ANY_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads certificate, key and authority and looks whether a server can be run on them: readable, of the right form,
 * belonging together and in their time.
 *
 * @param readFile reads a file's text; throws when it cannot
 */
export function readTlsMaterial(
  files: TlsFiles,
  readFile: (path: string) => string,
  nowMs: number,
): TlsReading {
  const faults: TlsFault[] = [];
  const textOf = (setting: TlsFault['setting'], path: string): string | undefined => {
    try {
      return readFile(path);
    } catch {
      faults.push({ setting, problem: 'names a file that cannot be read' });
      return undefined;
    }
  };
  const cert = textOf('COUNTERSIGN_TLS_CERT_FILE', files.certFile);
  const key = textOf('COUNTERSIGN_TLS_KEY_FILE', files.keyFile);
  const ca =
    files.clientCaFile === undefined
      ? undefined
      : textOf('COUNTERSIGN_TLS_CLIENT_CA_FILE', files.clientCaFile);

  const chain = cert === undefined ? undefined : certificatesIn(cert);
  if (cert !== undefined && chain === undefined) {
    faults.push({ setting: 'COUNTERSIGN_TLS_CERT_FILE', problem: 'names a file that is no PEM certificate' });
  }
  if (ca !== undefined && certificatesIn(ca) === undefined) {
    faults.push({
      setting: 'COUNTERSIGN_TLS_CLIENT_CA_FILE',
      problem: 'names a file that is no PEM certificate',
    });
  }
  const privateKey = key === undefined ? undefined : privateKeyIn(key);
  if (key !== undefined && privateKey === undefined) {
    faults.push({
      setting: 'COUNTERSIGN_TLS_KEY_FILE',
      problem: 'names a file that is no PEM private key without a passphrase',
    });
  }
  const own = chain?.[0];
  if (own !== undefined) {
    faults.push(...untimely(own, nowMs));
    if (privateKey !== undefined && !own.checkPrivateKey(privateKey)) {
      faults.push({
        setting: 'COUNTERSIGN_TLS_KEY_FILE',
        problem: 'names a key that does not belong to the certificate',
      });
    }
  }
  if (faults.length > 0 || cert === undefined || key === undefined || own === undefined) {
    return { material: undefined, faults };
  }
  const material: PemMaterial = { cert, key, ...(ca === undefined ? {} : { ca }) };
  const refusal = refusedByTls(material);
  return refusal === undefined
    ? { material, expiresAtMs: Date.parse(own.validTo), faults: [] }
    : { material: undefined, faults: [refusal] };
}

/** Every certificate in the text; undefined where there is none, or one cannot be read. */
function certificatesIn(text: string): readonly X509Certificate[] | undefined {
  try {
    const found = [...text.matchAll(ANY_CERTIFICATE)].map(([pem]) => new X509Certificate(pem));
    return found.length === 0 ? undefined : found;
  } catch {
    return undefined;
  }
}

function privateKeyIn(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

function untimely(certificate: X509Certificate, nowMs: number): readonly TlsFault[] {
  const setting = 'COUNTERSIGN_TLS_CERT_FILE';
  if (nowMs >= Date.parse(certificate.validTo)) {
    return [{ setting, problem: `names a certificate that expired on ${dayOf(certificate.validTo)}` }];
  }
  if (nowMs < Date.parse(certificate.validFrom)) {
    return [
      { setting, problem: `names a certificate that is good only from ${dayOf(certificate.validFrom)} on` },
    ];
  }
  return [];
}

const dayOf = (time: string): string => new Date(time).toISOString();

/** What OpenSSL alone can tell, such as a key that is too short for its security level. */
function refusedByTls(material: PemMaterial): TlsFault | undefined {
  try {
    createSecureContext({ ...material, minVersion: MIN_TLS_VERSION });
    return undefined;
  } catch (err) {
    const reason = err instanceof Error && 'reason' in err ? String(err.reason) : 'no reason given';
    return { setting: 'COUNTERSIGN_TLS_CERT_FILE', problem: `cannot be used for TLS (${reason})` };
  }
}
