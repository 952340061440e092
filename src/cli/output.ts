import { type Host, mayColour } from './host.js';
import { printable } from './printable.js';

/** How a command answers: text for people, or JSON for scripts. */
export class Output {
  readonly #host: Host;
  readonly #json: boolean;
  /** Whether text for stdout may be coloured. */
  readonly colour: boolean;

  constructor(host: Host, options: { readonly json?: boolean | undefined }) {
    this.#host = host;
    this.#json = options.json ?? false;
    this.colour = !this.#json && mayColour(host, host.stdout);
  }

  /** The command's whole answer: one JSON document, or the text. */
  document(value: unknown, text: () => string): void {
    this.#host.stdout.write(this.#json ? `${JSON.stringify(value, null, 2)}\n` : text());
  }

  /** One answer of many: one JSON value on a line, or the text. */
  line(value: unknown, text: () => string): void {
    this.#host.stdout.write(this.#json ? `${JSON.stringify(value)}\n` : text());
  }

  /** A remark for people, beside the answer; scripts do not get it. */
  note(text: string): void {
    if (!this.#json) this.#host.stderr.write(`${printable(text)}\n`);
  }

  /** Something that people should know whatever form the answer has. */
  warn(text: string): void {
    this.#host.stderr.write(`countersign: ${printable(text)}\n`);
  }
}
