import { measureFeed } from '../feed-latency.js';
import { type Findings, figure, verdict } from '../figures.js';
import type { Stage } from '../stage.js';

/** How long a revocation takes from its answer to all who watch the feed. */
export async function feed(stage: Stage): Promise<Findings> {
  const counts = stage.smoke ? [1, 20] : [1, 100, 1000];
  const rows = [];
  for (const watchers of counts) {
    rows.push(await measureFeed(watchers, stage.count(100, 5)));
    stage.progress(`${watchers} watchers`);
  }
  return {
    figures: rows.flatMap(({ watchers, afterAnswer, afterRequest, kib }) => [
      ...(['p50', 'p99', 'worst'] as const).flatMap((which) => [
        figure(`${watchers} watchers, after the answer, ${which}`, 'ms', [afterAnswer[which]]),
        figure(`${watchers} watchers, after the request, ${which}`, 'ms', [afterRequest[which]]),
      ]),
      ...(watchers < 100 ? [] : [figure(`${watchers} watchers, memory of each`, 'KiB', [kib])]),
    ]),
    verdicts: rows
      .filter(({ watchers }) => watchers !== 100)
      .map(({ watchers, afterAnswer }) =>
        verdict(
          `Revocation to verifier, ${watchers} watching, p99`,
          'ms',
          [afterAnswer.p99],
          ['at most', watchers === 1 ? 25 : 250],
        ),
      ),
    notes: [
      'All watchers run in one process beside the server on the same two cores. Many hear of a revocation before its caller does, which counts as 0.',
    ],
  };
}
