import { basic, FORM, formOf, GRANT, type Parameters, type Probe } from '../probe.js';
import type { Answer } from '../raw-http.js';
import type { Target } from '../target.js';

/** Sends one request; the credential is right, so that whatever is refused is refused for something else. */
export type Ask = (probe: Probe) => Promise<Answer>;

/** A token request by another method. */
export const withMethod =
  (method: string): Ask =>
  (probe) =>
    probe.send('token', { method, headers: [FORM, basic(probe.client('client'))] });

/** A token request of another media type, or of none. */
export const withType =
  (type: string | undefined, body = formOf(GRANT)): Ask =>
  (probe) => {
    const typed = type === undefined ? [] : [['content-type', type] as const];
    return probe.send('token', { headers: [...typed, basic(probe.client('client'))], body });
  };

/** A token request with these parameters. */
export const asking =
  (parameters: Parameters | string): Ask =>
  (probe) =>
    probe.post('token', parameters, basic(probe.client('client')));

/** A token request whose parameters depend on the target. */
export const askingFor =
  (parametersFor: (target: Target) => Parameters): Ask =>
  (probe) =>
    asking(parametersFor(probe.target))(probe);

/** A good token request with one more parameter in it, twice. */
export const twice = (name: string, value: (target: Target) => string): Ask =>
  askingFor((target) => [...Object.entries(GRANT), [name, value(target)], [name, value(target)]]);

/** A good token request of exactly so many bytes. */
export function padded(bytes: number): string {
  const form = formOf({ ...GRANT, pad: '' });
  return form + 'x'.repeat(bytes - form.length);
}

/** So many parameters that nobody knows. */
export const fillers = (count: number): (readonly [string, string])[] =>
  Array.from({ length: count }, (_, index) => [`p${index}`, 'x'] as const);

export const MULTIPART =
  '--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--\r\n';
