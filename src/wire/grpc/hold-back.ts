import type { Http2Session } from 'node:http2';
import type { Crowd } from '../crowd.js';

/** What is looked at of a crowd. */
type Pressure = Pick<Crowd, 'inside' | 'waiting'>;

/** What is needed of a connection. */
type Session = Pick<Http2Session, 'settings' | 'pendingSettingsAck' | 'destroyed'>;

interface Known {
  /** What the connection was last told that it may have at once. */
  told: number;
  /** Streams of it that stay open: they are not what is to be held back. */
  held: number;
}

export interface HoldBackLimits {
  /** What a connection may have at once in quiet times. */
  readonly most: number;
  /** With more in line than this, callers are held back until there are about so many, those under way included. */
  readonly aim: number;
  readonly monotonic?: () => number;
}

/** What a change needs to show: calls that came before it have to end first. */
const STEP_MS = 100;

/**
 * Lets callers wait at their own end while there are too many: each connection is told that it may have fewer calls at
 * once, in steps until the line is short, and more again once nobody waits (RFC 9113 section 5.1.2).
 *
 * A call that HTTP/2 holds back costs this server nothing, while one that waits here costs memory, and one that is
 * refused a good part of an answer. A connection hears of a change with its next call, so that quiet ones cost nothing
 * either.
 */
export class HoldBack {
  readonly #crowd: Pressure;
  readonly #most: number;
  readonly #aim: number;
  readonly #monotonic: () => number;
  readonly #sessions = new WeakMap<Session, Known>();
  #limit: number;
  #changedMs = Number.NEGATIVE_INFINITY;

  constructor(crowd: Pressure, { most, aim, monotonic = () => performance.now() }: HoldBackLimits) {
    this.#crowd = crowd;
    this.#most = most;
    this.#aim = aim;
    this.#monotonic = monotonic;
    this.#limit = most;
  }

  /** A call came in. */
  sees(session: Session): void {
    if (this.#crowd.waiting > this.#aim) this.#step(fewer);
    else if (this.#limit < this.#most && this.#crowd.waiting === 0) this.#step(more);
    this.#tell(session, this.#knownOf(session));
  }

  /** A call came in that stays open. Answers how to say that it ended. */
  seesStream(session: Session): () => void {
    const known = this.#knownOf(session);
    known.held += 1;
    this.#tell(session, known);
    return () => {
      known.held -= 1;
    };
  }

  #step(next: (limit: number, excess: number) => number): void {
    const nowMs = this.#monotonic();
    if (nowMs - this.#changedMs < STEP_MS) return;
    this.#changedMs = nowMs;
    const { inside, waiting } = this.#crowd;
    this.#limit = Math.min(this.#most, Math.max(1, next(this.#limit, (inside + waiting) / this.#aim)));
  }

  #tell(session: Session, known: Known): void {
    const wanted = this.#limit === this.#most ? this.#most : this.#limit + known.held;
    // Of changes that a client does not confirm no more than one may be on its way.
    if (wanted === known.told || session.pendingSettingsAck || session.destroyed) return;
    known.told = wanted;
    session.settings({ maxConcurrentStreams: wanted });
  }

  #knownOf(session: Session): Known {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      known = { told: this.#most, held: 0 };
      this.#sessions.set(session, known);
    }
    return known;
  }
}

const fewer = (limit: number, excess: number): number => Math.floor(limit / excess);

/** Twice as many are still within what is bearable, so that the limit comes to rest. */
const more = (limit: number): number => limit * 2;
