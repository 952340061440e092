import type { Command } from 'commander';
import type { Finding } from '../doctor/finding.js';
import { judgeCertificates } from '../doctor/judge-certificates.js';
import { judgeNode, judgeSettings } from '../doctor/judge-settings.js';
import { judgeStore } from '../doctor/judge-store.js';
import { EXIT } from '../exit-code.js';
import type { Host, Run } from '../host.js';
import { printable } from '../printable.js';
import { local } from '../session.js';
import { type Cell, table } from '../table.js';

/** `doctor`: looks at all that a server would stand on here. Exit status 1 when something would keep it from serving. */
export function addDoctorCommand(run: Run, program: Command): void {
  const command = program
    .command('doctor')
    .description(
      'look at the settings, Redis, clock, certificates and keys of a server in this environment, and say what to do; ' +
        'writes nothing',
    );
  local(run, command, async ({ host, out }) => {
    const findings = await examine(host);
    out.document({ findings }, () => findingsText(findings, out.colour));
    return findings.some(({ status }) => status === 'fail') ? EXIT.refused : EXIT.ok;
  });
}

async function examine(host: Host): Promise<readonly Finding[]> {
  const { examineSettings, examineStore } = await import('../local.js');
  const settings = examineSettings(host.env);
  const store = settings.faults.length > 0 ? undefined : await examineStore(host.env);
  return [
    judgeNode(process.version),
    ...judgeSettings(settings),
    ...judgeCertificates(settings.tls, host.now()),
    ...(store === undefined ? [] : judgeStore(store)),
  ];
}

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

function findingsText(findings: readonly Finding[], colour: boolean): string {
  const rows = findings.map(({ check, status, finding }): readonly Cell[] => [
    { text: status, colour: COLOURS[status] },
    check,
    finding,
  ]);
  const advice = findings
    .filter((finding) => finding.advice !== undefined)
    .map(({ check, advice }) => `${check}: ${printable(advice ?? '')}\n`);
  const todo =
    advice.length === 0
      ? 'Nothing is to be done.\n'
      : `What to do:\n${advice.map((line) => `  ${line}`).join('')}`;
  return `${table(['', 'CHECK', 'FINDING'], rows, colour)}\n${todo}`;
}
