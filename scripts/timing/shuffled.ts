import type { Random } from '../../test/faults/random.js';

/** The same items in an order of chance, each order as likely as any other. */
export function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  const rest = [...items];
  return items.map(() => rest.splice(random.below(rest.length), 1)[0] as T);
}
