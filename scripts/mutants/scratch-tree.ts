import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of the source as it is now, committed or not, in which anything may be broken. */
export interface ScratchTree {
  readonly directory: string;
  /** Runs with the file holding another text, which it does not afterwards. */
  withText<T>(file: string, change: (text: string) => string, run: () => Promise<T>): Promise<T>;
  remove(): void;
}

export function makeScratchTree(root: string): ScratchTree {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-mutants-'));
  const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', listed, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  for (const file of files) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(directory, file), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  return {
    directory,
    withText: async (file, change, run) => {
      const path = join(directory, file);
      const before = readFileSync(path, 'utf8');
      writeFileSync(path, change(before));
      try {
        return await run();
      } finally {
        writeFileSync(path, before);
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
