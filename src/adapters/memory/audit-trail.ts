import { once } from 'node:events';
import { temporarilyUnavailable } from '../../domain/errors.js';
import type { AuditEntry, AuditEvent, AuditTrail } from '../../domain/ports.js';

const KEPT = 100_000;

/** The trail, in memory. */
export class MemoryAuditTrail implements AuditTrail {
  readonly #events: AuditEvent[] = [];
  /** Aborted, and replaced, whenever there is something new: what followers wait for. */
  #news = new AbortController();
  #closed = false;
  #lastMs = 0;
  #lastInMs = 0;

  append(entry: AuditEntry, timeMs: number): void {
    // A clock that jumps back must not put a later event before an earlier one.
    this.#lastInMs = timeMs > this.#lastMs ? 0 : this.#lastInMs + 1;
    this.#lastMs = Math.max(timeMs, this.#lastMs);
    const eventId = `${padded(this.#lastMs, 13)}-${padded(this.#lastInMs, 6)}`;
    this.#events.push({ ...entry, eventId, timeMs });
    if (this.#events.length > KEPT * 1.1) this.#events.splice(0, this.#events.length - KEPT);
    this.#tell();
  }

  get size(): number {
    return this.#events.length;
  }

  close(): void {
    this.#closed = true;
    this.#tell();
  }

  async list({ limit, before }: { readonly limit: number; readonly before?: string }) {
    this.#requireOpen();
    const end = before === undefined ? this.#events.length : this.#placeOf(before);
    return this.#events.slice(Math.max(0, end - limit), end).reverse();
  }

  async *follow(after: string | undefined, signal: AbortSignal): AsyncIterable<AuditEvent> {
    let last = after ?? this.#events.at(-1)?.eventId ?? '';
    for (;;) {
      signal.throwIfAborted();
      this.#requireOpen();
      const next = this.#events[this.#placeAfter(last)];
      if (next === undefined) {
        await once(this.#news.signal, 'abort', { signal }).catch(() => undefined);
      } else {
        last = next.eventId;
        yield next;
      }
    }
  }

  #tell(): void {
    const told = this.#news;
    this.#news = new AbortController();
    told.abort();
  }

  #requireOpen(): void {
    if (this.#closed) throw temporarilyUnavailable(new Error('the store is closed'));
  }

  /** Where the first event is whose id is not less. */
  #placeOf(eventId: string): number {
    let low = 0;
    for (let high = this.#events.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.eventId ?? '') < eventId) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #placeAfter(eventId: string): number {
    const place = this.#placeOf(eventId);
    return this.#events[place]?.eventId === eventId ? place + 1 : place;
  }
}

const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');
