import { type ClientReadableStream, status } from '@grpc/grpc-js';
import { Backoff } from '../sdk/backoff.js';
import { EXIT } from './exit-code.js';
import type { CliFailure } from './failure.js';
import type { Service } from './service.js';
import type { RemoteSession } from './session.js';

/** A stream that is opened anew, from where it was, whenever it is cut. */
export interface Followed<Message> {
  /** Opens it from after the last message received. */
  readonly open: () => ClientReadableStream<Message>;
  /** Takes a message; answers whether it was the last one wanted. */
  readonly receive: (message: Message) => boolean;
}

/** After so long a stream counts as having worked, though it may have had nothing to say. */
const WORKED_AFTER_MS = 5000;

/**
 * Reads a stream until the user interrupts or the last wanted message has come, over servers that go away and come
 * back. What fails at the first try, or would fail again, fails as `CliFailure`.
 */
export async function follow<Message>(
  { host, out, service }: RemoteSession,
  { open, receive }: Followed<Message>,
): Promise<void> {
  const backoff = new Backoff({ firstMs: 200, capMs: 5000, random: Math.random });
  const interrupt = new AbortController();
  const restoreSignals = host.onInterrupt(() => interrupt.abort());
  let worked = false;
  const noteWorked = (): void => {
    worked = true;
    backoff.succeeded();
  };
  try {
    for (;;) {
      const openedAtMs = host.now();
      const stream = open();
      stream.once('metadata', noteWorked);
      const failure = await readToEnd(stream, service, interrupt.signal, (message) => {
        noteWorked();
        return receive(message);
      });
      if (failure === undefined || interrupt.signal.aborted) return;
      worked ||= host.now() - openedAtMs > WORKED_AFTER_MS;
      if (!worked || failure.exitCode !== EXIT.unavailable) throw failure;
      const waitMs = backoff.failed();
      out.note(
        `The stream was cut: ${failure.message} Going on from there in ${(waitMs / 1000).toFixed(1)} s.`,
      );
      await pause(waitMs, interrupt.signal);
      if (interrupt.signal.aborted) return;
    }
  } finally {
    restoreSignals();
  }
}

/** How a stream that the server ended without a reason is taken: these streams have no end of their own. */
const GONE = { code: status.UNAVAILABLE, details: 'the server ended the stream' };

/** Reads one stream. Answers why it ended, or undefined once the last wanted message has come. */
function readToEnd<Message>(
  stream: ClientReadableStream<Message>,
  service: Service,
  signal: AbortSignal,
  receive: (message: Message) => boolean,
): Promise<CliFailure | undefined> {
  return new Promise((resolve) => {
    const cancel = (): void => stream.cancel();
    // A stream has no deadline, but reaching the service has.
    const connecting = setTimeout(() => {
      if (!service.isConnected()) cancel();
    }, service.timeoutMs);
    const settle = (failure: CliFailure | undefined): void => {
      clearTimeout(connecting);
      signal.removeEventListener('abort', cancel);
      resolve(failure);
    };
    stream.on('data', (message: Message) => {
      if (!receive(message)) return;
      settle(undefined);
      cancel();
    });
    // The status says it all; without this listener, the error beside it would end the process.
    stream.on('error', () => undefined);
    stream.on('status', (end) => settle(service.failure(end.code === status.OK ? { ...end, ...GONE } : end)));
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}
