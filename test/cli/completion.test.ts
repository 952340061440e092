import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { runCli } from './support/run-cli.js';

/** What bash offers at the end of a line. */
async function offered(line: string): Promise<readonly string[]> {
  const { stdout: script } = await runCli(['completion', 'bash']);
  const words = line.split(' ');
  const run = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_countersign
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', run], { encoding: 'utf8' });
  expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
  return stdout.split('\n').filter((word) => word !== '');
}

describe('countersign completion', () => {
  it('offers commands, then their own commands, then their options', async () => {
    expect(await offered('countersign ')).to.include.members(['client', 'token', 'keys', 'watch', 'audit']);
    expect(await offered('countersign client ro')).to.deep.equal(['rotate-secret']);
    expect(await offered('countersign client rotate-secret orders --over')).to.deep.equal(['--overlap']);
    expect(await offered('countersign client rotate-secret orders --imm')).to.deep.equal([]);
  });

  it('offers files where a file is wanted, and nothing where a word is', async () => {
    expect(await offered('countersign token inspect package.j')).to.deep.equal(['package.json']);
    expect(await offered('countersign client list --client-secret-file package.j')).to.deep.equal([
      'package.json',
    ]);
    expect(await offered('countersign client list --client-id package.j')).to.deep.equal([]);
  });

  it('takes an operand for no command', async () => {
    expect(await offered('countersign client get token --js')).to.deep.equal(['--json']);
  });

  it('has a script for each shell, which knows every command', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { exitCode, stdout } = await runCli(['completion', shell]);
      expect(exitCode).to.equal(0);
      for (const command of ['create', 'rotate-secret', 'revoke-by-id', 'generate-master', 'tail']) {
        expect(stdout, shell).to.contain(command);
      }
    }
  });

  it('has none for another shell', async () => {
    expect((await runCli(['completion', 'tcsh'])).exitCode).to.equal(2);
  });
});
