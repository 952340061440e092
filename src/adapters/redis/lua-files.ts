import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** Every change that Redis is asked for, by the name of its file. */
export const SCRIPT_NAMES = [
  'bootstrap-client',
  'create-client',
  'delete-client',
  'found-store',
  'merge-revocations',
  'reinstate-client',
  'replace-client',
  'replace-key-ring',
  'revoke-client',
  'revoke-client-secret',
  'revoke-client-tokens',
  'revoke-token',
  'touch-secrets',
] as const;

export type ScriptName = (typeof SCRIPT_NAMES)[number];

export interface Script {
  readonly source: string;
  readonly sha1: string;
}

const FOLDER = new URL('./lua/', import.meta.url);
const LIBRARY = new URL('./lib/', FOLDER);
let scripts: ReadonlyMap<ScriptName, Script> | undefined;

/** A script, with what all of them share in front. The files are read at the first call; a missing one fails that. */
export function scriptNamed(name: ScriptName): Script {
  scripts ??= readScripts();
  const script = scripts.get(name);
  if (script === undefined) throw new Error(`there is no script ${name}`);
  return script;
}

function readScripts(): ReadonlyMap<ScriptName, Script> {
  const shared = readdirSync(LIBRARY)
    .filter((file) => file.endsWith('.lua'))
    .sort()
    .map((file) => readFileSync(new URL(file, LIBRARY), 'utf8'));
  return new Map(
    SCRIPT_NAMES.map((name) => {
      const source = [...shared, readFileSync(new URL(`${name}.lua`, FOLDER), 'utf8')].join('\n');
      return [name, { source, sha1: createHash('sha1').update(source).digest('hex') }];
    }),
  );
}
