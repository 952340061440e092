import { type FileHandle, open, unlink } from 'node:fs/promises';
import { EXIT } from './exit-code.js';
import { CliFailure, fileFailure } from './failure.js';

/** A place for a secret that is yet to be made. */
export interface SecretFile {
  /** Writes the secret, with a line end, and makes it last. Fails with `file`. */
  keep(secret: string): Promise<void>;
  /** Takes the empty file away again. */
  discard(): Promise<void>;
}

/**
 * Makes the file before the secret is asked for: a secret that is shown once must not find out that it cannot be
 * written. The file is new, `0600` from its first moment, and never one that somebody else has put there.
 */
export async function openSecretFile(path: string): Promise<SecretFile> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (err) {
    const exists = err instanceof Error && 'code' in err && err.code === 'EEXIST';
    throw exists
      ? fileFailure(
          `${path} exists already and is not overwritten.`,
          'name another file, or move it away',
          err,
        )
      : fileFailure(`${path} cannot be made.`, 'check the folder and your rights', err);
  }
  return {
    keep: async (secret) => {
      try {
        await file.writeFile(`${secret}\n`);
        await file.sync();
        await file.close();
      } catch (err) {
        throw new CliFailure(
          'file',
          EXIT.refused,
          `The secret was made, but could not be written to ${path}.`,
          'make another: countersign client rotate-secret',
          err,
        );
      }
    },
    discard: async () => {
      await file.close();
      await unlink(path);
    },
  };
}
