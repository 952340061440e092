/**
 * The protocol matrix against a running server. Without arguments: the built server on a throwaway Redis, every row.
 * With `--target`: any other server, the rows that apply. Exits 1 when a row failed.
 */
import { parseArgs } from 'node:util';
import { foreignTarget } from './foreign-target.js';
import { startOwnServer } from './own-server.js';
import { countLine, countOf, lineOf, runMatrix } from './report.js';
import type { Credentials, Role, Target } from './target.js';

const USAGE = `usage: npm run matrix -- [--only REGEX]
       npm run matrix -- --target URL --client-id ID --client-secret SECRET [options]

Endpoints are looked up in the target's metadata, or given:
  --token-endpoint URL --introspection-endpoint URL --revocation-endpoint URL
What the client may have there:
  --scope DEFAULT --second-scope ANOTHER --audience DEFAULT --second-audience ANOTHER
Clients for further rows (by default the client itself introspects):
  --role NAME=ID:SECRET   other, introspector, stranger, introspectionOnly, bearerIntrospector, revoker, revoked,
                          expired, special, noDefaultScope, scopeless, twoAudiences, shortLived, victim
Others:
  --resources             it knows RFC 8707
  --insecure              checks no certificate
  --only REGEX            only the rows whose number matches`;

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    'client-id': { type: 'string' },
    'client-secret': { type: 'string' },
    'token-endpoint': { type: 'string' },
    'introspection-endpoint': { type: 'string' },
    'revocation-endpoint': { type: 'string' },
    scope: { type: 'string' },
    'second-scope': { type: 'string' },
    audience: { type: 'string' },
    'second-audience': { type: 'string' },
    role: { type: 'string', multiple: true },
    resources: { type: 'boolean' },
    insecure: { type: 'boolean' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
});

async function foreign(url: string): Promise<Target> {
  const { 'client-id': id, 'client-secret': secret } = values;
  if (id === undefined || secret === undefined)
    throw new Error(`--client-id or --client-secret is missing\n${USAGE}`);
  const client: Credentials = { id, secret };
  const given = {
    token: values['token-endpoint'],
    introspection: values['introspection-endpoint'],
    revocation: values['revocation-endpoint'],
  };
  return foreignTarget({
    url,
    clients: { client, introspector: client, ...rolesFrom(values.role ?? []) },
    endpoints: Object.fromEntries(Object.entries(given).filter(([, endpoint]) => endpoint !== undefined)),
    ...(values.scope !== undefined && { scope: values.scope }),
    ...(values['second-scope'] !== undefined && { secondScope: values['second-scope'] }),
    ...(values.audience !== undefined && { audience: values.audience }),
    ...(values['second-audience'] !== undefined && { secondAudience: values['second-audience'] }),
    resources: values.resources ?? false,
    insecure: values.insecure ?? false,
  });
}

function rolesFrom(roles: readonly string[]): Partial<Record<Role, Credentials>> {
  const entries = roles.map((text) => {
    const [, role, id = '', secret = ''] = /^(\w+)=([^:]+):(.*)$/.exec(text) ?? [];
    if (role === undefined) throw new Error(`--role ${text} is not NAME=ID:SECRET`);
    return [role, { id, secret }];
  });
  return Object.fromEntries(entries) as Partial<Record<Role, Credentials>>;
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const own = values.target === undefined ? await startOwnServer() : undefined;
  try {
    const target = own?.target ?? (await foreign(values.target ?? ''));
    const only = values.only === undefined ? {} : { only: new RegExp(values.only) };
    const results = await runMatrix(target, { ...only, tell: (result) => console.log(lineOf(result)) });
    const count = countOf(results);
    console.log(countLine(count));
    // Of our own server every row has to be run.
    return count.fail > 0 || (own !== undefined && count.skipped > 0) ? 1 : 0;
  } finally {
    await own?.end();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
