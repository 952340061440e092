/** Calls back on events by name; a listener that throws is reported as a warning and harms nobody else. */
export class Listeners<Events extends { [name: string]: readonly unknown[] }> {
  readonly #listeners: { [Name in keyof Events]?: Set<(...args: Events[Name]) => void> } = {};

  /** Answers a function that takes the listener off again. */
  on<Name extends keyof Events>(name: Name, listener: (...args: Events[Name]) => void): () => void {
    const listeners = this.#listeners[name] ?? new Set<(...args: Events[Name]) => void>();
    this.#listeners[name] = listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, ...args: Events[Name]): void {
    for (const listener of this.#listeners[name] ?? []) {
      try {
        listener(...args);
      } catch (err) {
        process.emitWarning(err instanceof Error ? err : String(err));
      }
    }
  }
}
