import type { RunningApp } from './app.js';
import type { Config } from './config/load-config.js';

/**
 * What a newcomer needs after a first start without any configuration: the administrator's credentials, shown this once,
 * and commands that work when pasted. Undefined unless a secret was generated at this start.
 */
export function welcome(app: RunningApp, config: Config): string | undefined {
  const { administrator, ports } = app;
  if (administrator === undefined || administrator.secret === '') return undefined;
  const { clientId, secret } = administrator;
  const lines = [
    '',
    'Countersign runs on its embedded store: everything, this administrator included, is forgotten on exit.',
    '',
    `  client id      ${clientId}`,
    `  client secret  ${secret}`,
    '',
    'A first token over gRPC, from this folder:',
    '',
    `  COUNTERSIGN_ADDRESS=${config.grpcListen.host}:${ports.grpc} COUNTERSIGN_CLIENT_ID=${clientId} \\`,
    `  COUNTERSIGN_CLIENT_SECRET=${secret} npx countersign token issue`,
  ];
  if (config.httpListen !== undefined) {
    lines.push(
      '',
      'The same over HTTP:',
      '',
      `  curl -s -u ${clientId}:${secret} -d grant_type=client_credentials \\`,
      `    http://${config.httpListen.host}:${ports.http}/oauth/token`,
    );
  }
  return `${lines.join('\n')}\n\n`;
}
