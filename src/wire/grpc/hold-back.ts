import type { Http2Session } from 'node:http2';
import type { Crowd } from '../crowd.js';
import { Turns } from './turns.js';

/** What is looked at of a crowd. */
type Pressure = Pick<Crowd, 'inside' | 'waiting'>;

/** What is needed of a connection. */
type Session = Pick<Http2Session, 'settings' | 'pendingSettingsAck' | 'destroyed'>;

interface Known {
  /** What the connection was last told that it may have at once. */
  told: number;
  /** Streams of it that stay open: they are not what is to be held back. */
  held: number;
  /** Whether it has revoked something: then it is never told to wait for its turn. */
  isUrgent: boolean;
  /** On the ring of turns. */
  readonly place: number;
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
 * either. When that is not enough, which shows by callers who give up, connections take {@link Turns}.
 */
export class HoldBack {
  readonly #crowd: Pressure;
  readonly #most: number;
  readonly #aim: number;
  readonly #monotonic: () => number;
  readonly #sessions = new WeakMap<Session, Known>();
  #limit: number;
  #changedMs = Number.NEGATIVE_INFINITY;
  #ended = 0;
  #gaveUp = 0;
  #turns: Turns | undefined;
  /** Those that called since there are turns. */
  readonly #callers = new Map<Session, Known>();
  #timer: NodeJS.Timeout | undefined;
  #places = 0;

  constructor(crowd: Pressure, { most, aim, monotonic = () => performance.now() }: HoldBackLimits) {
    this.#crowd = crowd;
    this.#most = most;
    this.#aim = aim;
    this.#monotonic = monotonic;
    this.#limit = most;
  }

  /** A call came in. */
  sees(session: Session, isUrgent: boolean): void {
    const known = this.#knownOf(session);
    if (isUrgent) known.isUrgent = true;
    if (this.#turns !== undefined) this.#callers.set(session, known);
    else if (this.#limit < this.#most || this.#crowd.waiting > this.#aim) this.#step();
    this.#tell(session, known);
  }

  /** A call ended; whether its caller had given up by then. */
  ended(gaveUp: boolean): void {
    this.#ended += 1;
    if (gaveUp) this.#gaveUp += 1;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
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

  #step(): void {
    const nowMs = this.#monotonic();
    if (nowMs - this.#changedMs < STEP_MS) return;
    this.#changedMs = nowMs;
    const areTooLate = this.#ended >= ENOUGH_TO_TELL && this.#gaveUp * 3 > this.#ended;
    this.#ended = 0;
    this.#gaveUp = 0;
    const { inside, waiting } = this.#crowd;
    if (areTooLate) this.#takeTurns(nowMs);
    else if (waiting > this.#aim) {
      this.#limit = Math.max(1, Math.floor((this.#limit * this.#aim) / (inside + waiting)));
    } else if (waiting === 0) {
      // Twice as many are still within what is bearable, so that the limit comes to rest.
      this.#limit = Math.min(this.#most, this.#limit * 2);
    }
  }

  #takeTurns(nowMs: number): void {
    this.#limit = this.#most;
    this.#turns = new Turns(nowMs);
    this.#timer ??= setInterval(() => this.#tick(), STEP_MS).unref();
  }

  /** Who has no turn makes no calls, so that it has to be told unasked when it has one, or when there are none. */
  #tick(): void {
    const { waiting } = this.#crowd;
    this.#turns?.pass(this.#monotonic(), waiting > this.#aim / 8 ? 'none' : waiting === 0 ? 'much' : 'some');
    if (this.#turns?.areOver) this.#turns = undefined;
    for (const [session, known] of this.#callers) {
      this.#tell(session, known);
      const isDone = this.#turns === undefined && known.told === this.#wanted(known);
      if (isDone || session.destroyed) this.#callers.delete(session);
    }
    if (this.#turns === undefined && this.#callers.size === 0) this.close();
  }

  #wanted(known: Known): number {
    if (this.#turns !== undefined)
      return known.isUrgent || this.#turns.has(known.place) ? this.#most : known.held;
    return this.#limit === this.#most ? this.#most : this.#limit + known.held;
  }

  #tell(session: Session, known: Known): void {
    const wanted = this.#wanted(known);
    // Of changes that a client does not confirm no more than one may be on its way.
    if (wanted === known.told || session.pendingSettingsAck || session.destroyed) return;
    known.told = wanted;
    session.settings({ maxConcurrentStreams: wanted });
  }

  #knownOf(session: Session): Known {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      known = { told: this.#most, held: 0, isUrgent: false, place: (this.#places * GOLDEN) % 1 };
      this.#places += 1;
      this.#sessions.set(session, known);
    }
    return known;
  }
}

/** Places by it lie as far apart as can be, however many there are. */
const GOLDEN = 0.618_033_988_75;

/** Calls that have to have ended in a step for it to tell anything. */
const ENOUGH_TO_TELL = 50;
