import { setTimeout as pass } from 'node:timers/promises';
import type { Clock } from '../../domain/ports.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import { epochOf } from './replication-info.js';
import type { StoreBinding } from './store-binding.js';

const EVERY_MS = 500;
const AFTER_FAILURE_MS = 100;
const BEAT_EXPIRES_MS = 5000;
const WAIT_MS = 200;

/**
 * Looks after the store while nobody asks: every half second it reads the marker and the role, so that a Redis that
 * hangs, came back empty or became a replica is known and left; and where replicas are waited for it writes a beat and
 * waits likewise. Reading proves nothing there: a master that lost its replicas answers reads as ever, while a new one
 * takes changes.
 */
export class Pulse {
  readonly #room: PulseRoom;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #isHurried = false;
  #answers = false;

  constructor(room: PulseRoom) {
    this.#room = room;
  }

  /** Whether the last beat was answered, and nothing has gone wrong since. */
  get answers(): boolean {
    return this.#answers;
  }

  /**
   * Beats once, or until as many replicas confirm a beat as are waited for, and from then on by itself. Answers whether
   * they have: a Redis that has just begun, or failed over, may need a moment for it.
   */
  async start(timeoutMs: number): Promise<boolean> {
    const { binding } = this.#room;
    const givesUpAt = performance.now() + timeoutMs;
    await this.#beat();
    while (!binding.isFresh && !this.#stopped && performance.now() < givesUpAt) {
      await pass(AFTER_FAILURE_MS);
      await this.#beat();
    }
    this.#goOn();
    return binding.isFresh;
  }

  #goOn(): void {
    if (this.#stopped) return;
    const { binding } = this.#room;
    const isWell = this.#answers && binding.epoch !== undefined && binding.isFresh;
    const pauseMs = this.#isHurried ? 0 : isWell ? EVERY_MS : AFTER_FAILURE_MS;
    this.#timer = setTimeout(() => void this.#next(), pauseMs);
  }

  async #next(): Promise<void> {
    this.#timer = undefined;
    await this.#beat();
    this.#goOn();
  }

  /** Counts as unanswered until the next beat, because a connection was lost: the next may lead elsewhere. */
  doubt(): void {
    this.#answers = false;
    this.#room.binding.standOn(undefined);
    this.#room.onTurn();
  }

  /** Beats now instead of later, because a connection is back; or right after the beat that is under way. */
  hurry(): void {
    this.#isHurried = true;
    if (this.#timer === undefined || this.#stopped) return;
    clearTimeout(this.#timer);
    void this.#next();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #beat(): Promise<void> {
    this.#isHurried = false;
    const { ordinary, writer, binding, clock, waitReplicas, onTurn } = this.#room;
    const sessions = ordinary.sessions + writer.sessions;
    const sentAt = clock.monotonic();
    const [looked, wrote] = await Promise.allSettled([this.#look(), this.#write()]);
    this.#answers = looked.status === 'fulfilled';
    // Two connections must not stand on two masters: the beat of one would vouch for what the other reads. A
    // connection that was made anew meanwhile has yet to show where it stands.
    if (looked.status === 'fulfilled' && wrote.status === 'fulfilled') {
      if (looked.value !== wrote.value.epoch) {
        binding.standOn(undefined);
        ordinary.renew();
        writer.renew();
      } else if (sessions === ordinary.sessions + writer.sessions) {
        binding.standOn(looked.value);
        if (wrote.value.held >= waitReplicas) binding.confirm(sentAt);
      }
    }
    onTurn();
  }

  /** Asks what looks will ask, and of which master. */
  async #look(): Promise<string> {
    const { ordinary, keys, binding } = this.#room;
    const [[storeId], info] = (await ordinary.ask([
      ['hmget', keys.marker, 'store_id'],
      ['info', 'replication'],
    ])) as [(string | null)[], string];
    const epoch = this.#epochOf(info, ordinary);
    binding.verifyStore(storeId);
    return epoch;
  }

  /** Has the replicas confirm that this is still their master, where they are waited for. */
  async #write(): Promise<{ readonly epoch: string; readonly held: number }> {
    const { writer, keys, serverId, waitReplicas } = this.#room;
    const [, held, info] = await writer.ask([
      ...(waitReplicas > 0
        ? [
            ['set', keys.beat(serverId), '1', 'px', BEAT_EXPIRES_MS],
            ['wait', waitReplicas, WAIT_MS],
          ]
        : [
            ['exists', keys.marker],
            ['exists', keys.marker],
          ]),
      ['info', 'replication'],
    ]);
    return { epoch: this.#epochOf(String(info), writer), held: waitReplicas > 0 ? Number(held) : 0 };
  }

  #epochOf(info: string, link: Link): string {
    try {
      return epochOf(info);
    } catch (error) {
      this.#room.binding.standOn(undefined);
      link.renew();
      throw error;
    }
  }
}

interface PulseRoom {
  readonly ordinary: Link;
  readonly writer: Link;
  readonly keys: Keys;
  readonly binding: StoreBinding;
  readonly clock: Clock;
  readonly serverId: string;
  readonly waitReplicas: number;
  /** Called when {@link Pulse.answers} may have changed. */
  readonly onTurn: () => void;
}
