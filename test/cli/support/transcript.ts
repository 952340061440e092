/** One command of a transcript, and what it is expected to print. */
export interface Step {
  readonly line: number;
  readonly command: string;
  readonly expected: readonly string[];
}

/** The commands in the `console` blocks of a Markdown file. A command ends with its line, unless that ends with `\`. */
export function stepsOf(markdown: string): readonly Step[] {
  const steps: { line: number; command: string; expected: string[] }[] = [];
  let inside = false;
  for (const [at, text] of markdown.split('\n').entries()) {
    const step = steps.at(-1);
    if (text.startsWith('```')) inside = text === '```console';
    else if (!inside) continue;
    else if (text.startsWith('$ ')) steps.push({ line: at + 1, command: text.slice(2), expected: [] });
    else if (step?.expected.length === 0 && step.command.endsWith('\\')) step.command += `\n${text}`;
    else step?.expected.push(text);
  }
  return steps;
}

/** Whether an output is as expected: `…` is any text within a line, and alone on a line any number of lines. */
export function isAsExpected(output: string, expected: readonly string[]): boolean {
  const pattern = expected
    .map((line) => (line === '…' ? '(?:.*\n)*?' : `${line.split('…').map(quote).join('.*')}\n`))
    .join('');
  return new RegExp(`^${pattern}$`).test(output);
}

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

const MARK = '\u001e';

/** A shell script that runs every command in turn and in one shell, and marks where each one's output ends. */
export const scriptOf = (steps: readonly Step[]): string =>
  steps.map(({ command }) => `${command}\n__status=$?; printf '${MARK}'; (exit $__status)\n`).join('');

/** The output of each command. */
export const outputsOf = (output: string): readonly string[] => output.split(MARK);
