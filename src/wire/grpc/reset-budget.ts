import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2';

interface Account {
  left: number;
  atMs: number;
  isSpent: boolean;
}

/**
 * Ends a connection whose calls are begun and reset faster than anybody gives up waiting (CVE-2023-44487, and
 * CVE-2025-8671, where faults make the server reset them).
 *
 * A limit on calls at once does not bound those: a reset makes room for the next. Node's own bound is a thousand at
 * once for each connection, and it reads them without a pause: ten connections kept everybody waiting for two seconds.
 * Here a connection may give up all the calls that it may have at once twice over, and all of them once a second on top.
 */
export class ResetBudget {
  readonly #accounts = new WeakMap<Http2Session, Account>();
  readonly #burst: number;
  readonly #perMs: number;

  constructor(maxConcurrentStreams: number) {
    this.#burst = 2 * maxConcurrentStreams;
    this.#perMs = maxConcurrentStreams / 1000;
  }

  /** To be told of every call as it begins. Answers whether its connection is past its budget: then it is not to run. */
  isSpent(stream: ServerHttp2Stream): boolean {
    const { session } = stream;
    if (session === undefined) return false;
    if (this.#accounts.get(session)?.isSpent) {
      stream.on('error', () => undefined);
      return true;
    }
    stream.on('close', () => {
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.#spend(session);
    });
    return false;
  }

  #spend(session: Http2Session): void {
    const nowMs = performance.now();
    const account = this.#accounts.get(session) ?? { left: this.#burst, atMs: nowMs, isSpent: false };
    this.#accounts.set(session, account);
    account.left = Math.min(this.#burst, account.left + (nowMs - account.atMs) * this.#perMs) - 1;
    account.atMs = nowMs;
    if (account.left < 0 && !account.isSpent) {
      account.isSpent = true;
      // This runs while Node reads from the connection: to end it there and then would take from nghttp2 what it is
      // about to use, and end the process. What else has been read by then is not run.
      setImmediate(end, session);
    }
  }
}

function end(session: Http2Session): void {
  if (session.destroyed) return;
  session.destroy(new Error('too many calls were reset'), constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
