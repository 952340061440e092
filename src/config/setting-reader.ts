import { SETTINGS, type Setting, type SettingName } from './settings.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** One thing that is wrong with the configuration, naming its variable and never a secret's value. */
export interface Fault {
  readonly setting: string;
  readonly problem: string;
}

/** Thrown by a parser: the text is no good, for the reason given. */
export class BadSetting extends Error {
  override readonly name = 'BadSetting';
}

/**
 * Reads settings one by one and gathers what is wrong, so that all faults are told at once. A faulty setting reads as
 * undefined; whoever uses the values must look at {@link faults} first.
 */
export class SettingReader {
  readonly faults: Fault[] = [];
  readonly #env: Environment;
  readonly #readFile: (path: string) => string;

  constructor(env: Environment, readFile: (path: string) => string) {
    this.#env = env;
    this.#readFile = readFile;
  }

  /** The setting's text, from the variable, from its file where it may have one, or its fallback. */
  text(name: SettingName): string | undefined {
    const setting: Setting = SETTINGS[name];
    const direct = this.#env[name] || undefined;
    const path = setting.secret ? this.#env[`${name}_FILE`] || undefined : undefined;
    if (path === undefined) return direct ?? setting.fallback;
    if (direct !== undefined) {
      this.fault(name, `is set together with ${name}_FILE; set one of them`);
      return undefined;
    }
    try {
      return this.#readFile(path).trim();
    } catch {
      this.fault(`${name}_FILE`, 'names a file that cannot be read');
      return undefined;
    }
  }

  /** Whether the environment itself sets it. */
  isSet(name: SettingName): boolean {
    return Boolean(this.#env[name]) || Boolean(this.#env[`${name}_FILE`]);
  }

  /** The setting's value as its parser makes it; undefined when it is unset or faulty. */
  parsed<T>(name: SettingName, parse: (text: string) => T): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    try {
      return parse(text);
    } catch (err) {
      if (!(err instanceof BadSetting)) throw err;
      this.fault(name, err.message);
      return undefined;
    }
  }

  fault(setting: string, problem: string): void {
    this.faults.push({ setting, problem });
  }
}
