import type { SettingsFacts } from './facts.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** What to say of the server's settings. */
export function judgeSettings({
  faults,
  forgetful,
  plaintextBeyondLoopback,
}: SettingsFacts): readonly Finding[] {
  if (faults.length > 0) {
    return faults.map(({ setting, problem }) =>
      fail('settings', `${setting} ${problem}`, `set ${setting} as the README's table of settings has it`),
    );
  }
  const warnings = [
    ...(forgetful
      ? [
          warn(
            'settings',
            'the embedded store forgets everything when the server ends',
            'set COUNTERSIGN_STORE to a Redis',
          ),
        ]
      : []),
    ...(plaintextBeyondLoopback
      ? [
          warn(
            'settings',
            'the server may listen beyond loopback without TLS',
            'set COUNTERSIGN_TLS_CERT_FILE and COUNTERSIGN_TLS_KEY_FILE, unless a mesh encrypts',
          ),
        ]
      : []),
  ];
  return warnings.length > 0 ? warnings : [ok('settings', 'complete, and none contradicts another')];
}

/** The oldest line of Node that still gets security fixes. */
const SUPPORTED_NODE = 22;

/** What to say of the Node that runs this. */
export function judgeNode(version: string): Finding {
  const major = Number(/^v?(\d+)/.exec(version)?.[1] ?? 0);
  return major >= SUPPORTED_NODE
    ? ok('node', version)
    : warn('node', `${version} gets no security fixes any more`, `move to Node ${SUPPORTED_NODE} or later`);
}
