import { type Findings, verdict } from '../figures.js';
import { startOurServer } from '../our-server.js';
import type { Stage } from '../stage.js';

/** From the process's start to its line `listening`, on the embedded store. */
export async function start(stage: Stage): Promise<Findings> {
  const took: number[] = [];
  for (let i = 0; i < stage.count(7, 2); i += 1) {
    const server = await startOurServer('memory:');
    took.push(server.startMs);
    await server.stop();
    stage.progress(`${Math.round(server.startMs)} ms`);
  }
  return { figures: [], verdicts: [verdict('Start to listening, memory', 'ms', took, ['at most', 1000])] };
}
