import { AuthError } from '../../domain/errors.js';

/** A stream as far as stopping is concerned. */
export interface Endable {
  end(error: unknown): void;
}

/** The streams that are open, which would hold up a stop for as long as they like. */
export class OpenStreams {
  readonly #streams = new Set<Endable>();
  #isStopping = false;

  /** Once stopping, a stream that comes late is ended at once. */
  add(stream: Endable): void {
    if (this.#isStopping) stream.end(serverStops());
    else this.#streams.add(stream);
  }

  delete(stream: Endable): void {
    this.#streams.delete(stream);
  }

  /** Tells every stream to resume at another server, and those too that are still to come. */
  stop(): void {
    this.#isStopping = true;
    this.endAll();
  }

  /** Tells every stream that is open now. */
  endAll(): void {
    for (const stream of this.#streams) stream.end(serverStops());
  }
}

const serverStops = (): AuthError =>
  new AuthError('temporarily_unavailable', 'This server is stopping: resume at another.');
