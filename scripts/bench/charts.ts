import { createRequire } from 'node:module';
import type { Figure } from './figures.js';
import type { Results } from './results.js';

/** The little that is asked of the plotting library, which is installed beside this file and has types of its own. */
interface Vega {
  parse(spec: object): object;
  View: new (runtime: object, options: { renderer: 'none' }) => { toSVG(): Promise<string> };
}
interface VegaLite {
  compile(spec: object): { readonly spec: object };
}

const OURS = '#1f6f5c';
const OTHERS = '#9aa5a1';

/** The charts of the results page, as SVG by name. */
export async function drawCharts({ sections }: Results): Promise<ReadonlyMap<string, string>> {
  const charts = new Map<string, string>();
  for (const [name, unit] of [
    ['issue', 'tokens/s'],
    ['introspect', 'answers/s'],
  ] as const) {
    const figures = sections[name]?.figures.filter((one) => one.unit === unit) ?? [];
    if (figures.length > 0) charts.set(name, await bars(figures, unit));
  }
  return charts;
}

/** One bar for each figure, with its spread over the rounds; ours in their own colour. */
async function bars(figures: readonly Figure[], unit: string): Promise<string> {
  const require = createRequire(import.meta.url);
  const [{ parse, View }, { compile }] = (await Promise.all([
    import(require.resolve('vega')),
    import(require.resolve('vega-lite')),
  ])) as [Vega, VegaLite];
  const values = figures.map((one) => ({ ...one, ours: /memory|Redis/.test(one.name) }));
  const y = { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 320 } };
  const { spec } = compile({
    width: 460,
    height: { step: 26 },
    background: 'white',
    config: { font: 'sans-serif' },
    data: { values },
    layer: [
      {
        mark: { type: 'bar', height: 16 },
        encoding: {
          y,
          x: {
            field: 'median',
            type: 'quantitative',
            title: `${unit}, median; the line is lowest to highest round`,
          },
          color: { condition: { test: 'datum.ours', value: OURS }, value: OTHERS },
        },
      },
      {
        mark: { type: 'rule', strokeWidth: 1.5 },
        encoding: {
          y,
          x: { field: 'lowest', type: 'quantitative' },
          x2: { field: 'highest' },
        },
      },
    ],
  });
  return new View(parse(spec), { renderer: 'none' }).toSVG();
}
