import type { Readable } from 'node:stream';

/** Where text goes: a terminal, a pipe, a file, or a test's memory. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
}

/** All that a command knows of the machine it runs on, so that tests own it. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The user's home folder. */
  readonly homeFolder: string;
  /**
   * Asks to be told instead of killed when the user wants the command to end. Answers a function that gives the
   * signals back.
   */
  onInterrupt(listener: () => void): () => void;
}

/** One run of the command: the machine, and the exit status it is heading for. */
export interface Run {
  readonly host: Host;
  exitCode: number;
}

/** Whether a stream may be coloured: it is a terminal and nobody said no (https://no-color.org). */
export const mayColour = (host: Host, sink: Sink): boolean =>
  sink.isTTY === true && !host.env.NO_COLOR && host.env.TERM !== 'dumb';
