import { type Logger, pino } from 'pino';
import { AuthError } from './domain/errors.js';
import type { LogSink } from './log-sink.js';

export type { Logger };

/**
 * What must never be written, whatever field it hides in: tokens, client secrets, secret or symmetric keys, a store's
 * password, and Basic or Bearer credentials. This is the second net. The first is that log lines are built from named
 * facts alone, never from requests or headers.
 */
const SECRETS =
  /v[1-4]\.(?:public|local)\.[\w-]{8,}[\w.-]*|cs_[A-Za-z0-9]{20,}|k4\.(?:secret|local|seal|secret-wrap|local-wrap)\.[\w.-]{8,}|(rediss?(?:-cluster|-sentinel)?:\/\/)[^@\s"]*@|\b(Basic|Bearer)\s+[A-Za-z0-9+/=_.-]{8,}/g;

/** Blots out everything that looks like a secret. */
export const scrub = (text: string): string =>
  text.replace(SECRETS, (_, url?: string, scheme?: string) =>
    url !== undefined ? `${url}[redacted]@` : scheme !== undefined ? `${scheme} [redacted]` : '[redacted]',
  );

/** A JSON line logger. */
export function makeLogger(level: string, sink: LogSink): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    { write: (line) => sink.write(scrub(line)) },
  );
}

/** An error as far as it helps: its kind, words, code and cause, never the objects that libraries hang on it. */
export function describeError(err: unknown): unknown {
  if (!(err instanceof Error)) return { message: String(err) };
  return {
    type: err.name,
    message: err.message,
    ...(err instanceof AuthError || !err.stack ? {} : { stack: err.stack }),
    ...('code' in err && typeof err.code === 'string' ? { code: err.code } : {}),
    ...(err.cause === undefined ? {} : { cause: describeError(err.cause) }),
  };
}
