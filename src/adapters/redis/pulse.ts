import type { Clock } from '../../domain/ports.js';
import type { Keys } from './keys.js';
import type { Link } from './link.js';
import { isMaster } from './replication-info.js';
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
  #answers = false;

  constructor(room: PulseRoom) {
    this.#room = room;
  }

  /** Whether the last beat was answered, and nothing has gone wrong since. */
  get answers(): boolean {
    return this.#answers;
  }

  /** Beats once, and from then on by itself. Settles after the first, however it went. */
  async start(): Promise<void> {
    await this.#beat();
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.start(), this.#answers ? EVERY_MS : AFTER_FAILURE_MS);
  }

  /** Counts as unanswered until the next beat, because a connection was lost. */
  doubt(): void {
    this.#answers = false;
    this.#room.onTurn();
  }

  /** Beats now instead of later, because a connection is back. */
  hurry(): void {
    if (this.#timer === undefined || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.start();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #beat(): Promise<void> {
    const { ordinary, writer, keys, binding, clock, serverId, waitReplicas, onTurn } = this.#room;
    let answers = true;
    try {
      if (waitReplicas > 0) {
        const sentAt = clock.monotonic();
        const [, held] = await writer.ask([
          ['set', keys.beat(serverId), '1', 'px', BEAT_EXPIRES_MS],
          ['wait', waitReplicas, WAIT_MS],
        ]);
        if (Number(held) < waitReplicas) throw new Error('too few replicas hold the beat');
        binding.confirm(sentAt);
      }
      const [marker, info] = (await ordinary.ask([
        ['hmget', keys.marker, 'store_id'],
        ['info', 'replication'],
      ])) as [(string | null)[], string];
      binding.isMaster = isMaster(info);
      if (!binding.isMaster) ordinary.renew();
      binding.verify(marker[0]);
    } catch {
      answers = false;
    }
    this.#answers = answers;
    onTurn();
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
