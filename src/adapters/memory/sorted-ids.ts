import type { ClientId } from '../../domain/ids.js';

/** Client ids in bytewise order, which for their characters is the order of code units. */
export class SortedIds {
  readonly #ids: ClientId[] = [];

  add(id: ClientId): void {
    const index = this.#firstNotBefore(id);
    if (this.#ids[index] !== id) this.#ids.splice(index, 0, id);
  }

  remove(id: ClientId): void {
    const index = this.#firstNotBefore(id);
    if (this.#ids[index] === id) this.#ids.splice(index, 1);
  }

  /** At most `limit` ids, all after `after` where given. */
  page(limit: number, after: ClientId | undefined): readonly ClientId[] {
    if (after === undefined) return this.#ids.slice(0, limit);
    const index = this.#firstNotBefore(after);
    const start = this.#ids[index] === after ? index + 1 : index;
    return this.#ids.slice(start, start + limit);
  }

  #firstNotBefore(id: ClientId): number {
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const candidate = this.#ids[middle];
      if (candidate !== undefined && candidate < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
