const LOOK_EVERY_MS = 100;
/** Later than this, the process was held up: stopped, starved, or busy with something else. */
const HELD_UP_MS = 300;
/** How long after that what arrived meanwhile may still be coming in. */
const CATCH_UP_MS = 50;

/** Notices when this process has been held up, so that what arrived meanwhile is looked at twice. */
export class LoopWatch {
  readonly #timer: NodeJS.Timeout;
  #seenMs = performance.now();
  #catchingUpUntilMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Whether it was held up until just now. */
  get isCatchingUp(): boolean {
    const nowMs = performance.now();
    return nowMs - this.#seenMs > HELD_UP_MS || nowMs < this.#catchingUpUntilMs;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const nowMs = performance.now();
    if (nowMs - this.#seenMs > HELD_UP_MS) this.#catchingUpUntilMs = nowMs + CATCH_UP_MS;
    this.#seenMs = nowMs;
  }
}
