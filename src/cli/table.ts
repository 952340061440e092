import { styleText } from 'node:util';
import { printable } from './printable.js';

type Colour = 'green' | 'red' | 'yellow' | 'dim';

/** What stands in a table: text, or text in a colour that only a terminal shows. */
export type Cell = string | { readonly text: string; readonly colour: Colour };

/** A table for people: headings, then rows, in columns two spaces apart. Without rows, only the headings. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  colour: boolean,
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, column) => {
        const last = column === cells.length - 1;
        return paint(cell, colour) + (last ? '' : ' '.repeat((widths[column] ?? 0) - widthOf(cell)));
      })
      .join('  ')
      .trimEnd();
  return [headings, ...rows].map((cells) => `${line(cells)}\n`).join('');
}

/** Facts for people: one on each line, the names in one column. */
export function facts(pairs: readonly (readonly [name: string, value: Cell])[], colour: boolean): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${paint(value, colour)}\n`).join('');
}

/** A cell's text, safe for a terminal, in its colour where colours are wanted. */
export function paint(cell: Cell, colour: boolean): string {
  const text = printable(textOf(cell));
  // The caller has looked at the stream that this goes to, so styleText must not look at stdout.
  return typeof cell === 'string' || !colour ? text : styleText(cell.colour, text, { validateStream: false });
}

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);
const widthOf = (cell: Cell): number => [...printable(textOf(cell))].length;
