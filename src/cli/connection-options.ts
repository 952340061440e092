import { type Command, Option } from 'commander';
import { durationSeconds, secretPath } from './values.js';

/** Something that says where the service is, who calls it, or how. */
interface ConnectionSetting {
  /** Undefined: no option has it, because it is a secret and every option can be seen in `ps`. */
  readonly flags?: string;
  readonly env: string;
  readonly meaning: string;
  /** Throws commander's `InvalidArgumentError` where the text is no good. */
  readonly parse?: (text: string) => unknown;
  /** A path: in a profile, it counts from the profile file's folder. */
  readonly path?: true;
}

/** Every connection setting, under its name in a profile. */
export const CONNECTION_SETTINGS = {
  address: {
    flags: '--address <host:port>',
    env: 'COUNTERSIGN_ADDRESS',
    meaning: 'gRPC address of the service (default: 127.0.0.1:50051)',
  },
  client_id: {
    flags: '--client-id <id>',
    env: 'COUNTERSIGN_CLIENT_ID',
    meaning: 'the client that calls',
  },
  client_secret: { env: 'COUNTERSIGN_CLIENT_SECRET', meaning: 'its secret' },
  client_secret_file: {
    flags: '--client-secret-file <path>',
    env: 'COUNTERSIGN_CLIENT_SECRET_FILE',
    meaning: 'file that holds its secret; - is standard input',
    parse: secretPath,
    path: true,
  },
  access_token: { env: 'COUNTERSIGN_ACCESS_TOKEN', meaning: 'call with this token instead' },
  access_token_file: {
    flags: '--access-token-file <path>',
    env: 'COUNTERSIGN_ACCESS_TOKEN_FILE',
    meaning: 'call with the token in this file instead; - is standard input',
    parse: secretPath,
    path: true,
  },
  tls_ca_file: {
    flags: '--ca-file <path>',
    env: 'COUNTERSIGN_TLS_CA_FILE',
    meaning: "authority of the service's certificate, PEM",
    path: true,
  },
  tls_client_cert_file: {
    flags: '--cert-file <path>',
    env: 'COUNTERSIGN_TLS_CLIENT_CERT_FILE',
    meaning: 'certificate to call with (mutual TLS), PEM',
    path: true,
  },
  tls_client_key_file: {
    flags: '--key-file <path>',
    env: 'COUNTERSIGN_TLS_CLIENT_KEY_FILE',
    meaning: 'its private key, PEM',
    path: true,
  },
  tls_server_name: {
    flags: '--server-name <name>',
    env: 'COUNTERSIGN_TLS_SERVER_NAME',
    meaning: "name in the service's certificate, where it is not that of the address",
  },
  plaintext: {
    flags: '--plaintext',
    env: 'COUNTERSIGN_PLAINTEXT',
    meaning: 'no TLS, as is the default to a loopback address; false in the variable: TLS there too',
  },
  timeout: {
    flags: '--timeout <time>',
    env: 'COUNTERSIGN_TIMEOUT',
    meaning: 'how long a call may take, such as 10s (the default)',
    parse: durationSeconds,
  },
} as const satisfies Record<string, ConnectionSetting>;

export type ConnectionSettingName = keyof typeof CONNECTION_SETTINGS;

export const CONNECTION_SETTING_NAMES = Object.keys(CONNECTION_SETTINGS) as ConnectionSettingName[];

/** The table of settings, in the width that it is written in. */
export const settingOf = (name: ConnectionSettingName): ConnectionSetting => CONNECTION_SETTINGS[name];

/** The texts that one place gives: the command line, the environment or a profile. */
export type ConnectionTexts = Readonly<Partial<Record<ConnectionSettingName, string>>>;

/** What an option is called among a command's options. */
const attribute = (flags: string): string => new Option(flags).attributeName();

/** Adds the connection's options to a command, under a heading of their own. */
export function addConnectionOptions(command: Command): Command {
  const heading = 'Connection (each also from the environment or a profile):';
  for (const name of CONNECTION_SETTING_NAMES) {
    const { flags, env, meaning, parse } = settingOf(name);
    if (flags === undefined) continue;
    const option = new Option(flags, `${meaning} [${env}]`).helpGroup(heading);
    // Kept as text, so that all three places are parsed alike; looked at now, so that a bad one is a usage error.
    if (parse !== undefined) {
      option.argParser((text: string) => {
        parse(text);
        return text;
      });
    }
    command.addOption(option);
  }
  return command.addOption(
    new Option('--profile <name>', 'settings from this profile [COUNTERSIGN_PROFILE]').helpGroup(heading),
  );
}

/** What the command line itself gives. */
export function textsFromOptions(options: Readonly<Record<string, unknown>>): ConnectionTexts {
  const texts: Partial<Record<ConnectionSettingName, string>> = {};
  for (const name of CONNECTION_SETTING_NAMES) {
    const { flags } = settingOf(name);
    const value = flags === undefined ? undefined : options[attribute(flags)];
    if (value !== undefined) texts[name] = String(value);
  }
  return texts;
}

/** What the environment gives; an empty variable is an unset one. */
export function textsFromEnvironment(env: Readonly<Record<string, string | undefined>>): ConnectionTexts {
  const texts: Partial<Record<ConnectionSettingName, string>> = {};
  for (const name of CONNECTION_SETTING_NAMES) {
    const value = env[settingOf(name).env];
    if (value) texts[name] = value;
  }
  return texts;
}
