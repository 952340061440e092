/**
 * Whether it can be told from the time of a refusal what is the matter with a client: asks at both doors, over
 * loopback, with ids that never were, wrong secrets, revoked and deleted clients, and ended secrets. Each round asks
 * once with each, in random order, so that whatever slows the machine slows them alike; and rounds come from ever new
 * addresses, so that no throttle answers in place of the check.
 *
 * Usage: npm run timing [-- --rounds N] [--seed N] [--report FILE]   (10 000 rounds at each door, a few minutes)
 *
 * Ends with status 1 unless every median difference lies within 50 µs over loopback, 95 times of 100, and within 20 µs
 * or 2 % in process.
 */
import { parseArgs } from 'node:util';
import { type Random, randomFrom } from '../../test/faults/random.js';
import { conclude, openStage } from '../stage.js';
import { type Door, type DoorConnection, grpcDoor, httpDoor } from './doors.js';
import { timesInProcess } from './in-process.js';
import { type Finding, findings, lineOf, writeReport } from './report.js';
import { shuffled } from './shuffled.js';
import { KINDS, type Kind, registerSubjects, type Subjects } from './subjects.js';

const SUBJECTS_OF_A_KIND = 8;
/** Of one address: 80 failures over 40 ids, where 20 with one id or 200 in all would be throttled. */
const ROUNDS_OF_AN_ADDRESS = 16;
const WARM_UP_ROUNDS = 500;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    report: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed);
const random = randomFrom(seed);
console.log(`seed ${seed}, ${rounds} rounds`);

const found: Finding[] = [];
const tell = (more: readonly Finding[]): void => {
  for (const finding of more) console.log(lineOf(finding));
  found.push(...more);
};

tell(findings('in process', await timesInProcess(rounds, random), random));
const stage = await openStage();
try {
  const server = await stage.server({ COUNTERSIGN_LOG_CALLS_PER_SECOND: '1' });
  const subjects = await registerSubjects(server.grpc, SUBJECTS_OF_A_KIND);
  let network = 1;
  for (const door of [grpcDoor(server.grpc), httpDoor(server.http)]) {
    tell(findings(door.name, await timesAt(door, network, subjects, random), random));
    network += 1;
  }
} finally {
  await stage.close();
}
if (values.report !== undefined) writeReport(values.report, { seed, rounds, found });
conclude(
  found.every(({ holds }) => holds),
  'the time of a refusal does not tell what is the matter with a client',
);

/** How long each refusal took at a door, in µs, in the order of the rounds. */
async function timesAt(
  door: Door,
  network: number,
  subjects: Subjects,
  chance: Random,
): Promise<Record<Kind, number[]>> {
  const times: Record<Kind, number[]> = { unknown: [], wrong: [], revoked: [], deleted: [], ended: [] };
  let connection: DoorConnection | undefined;
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
    if (round % ROUNDS_OF_AN_ADDRESS === 0) {
      connection?.close();
      const address = round / ROUNDS_OF_AN_ADDRESS;
      connection = await door.open(`127.${network}.${address >> 8}.${address & 255 || 1}`);
      // The first on a connection finds nothing set up, whatever it asks.
      await connection.ask(chance.pick(subjects.unknown));
    }
    for (const kind of shuffled(KINDS, chance)) {
      const timed = await connection?.ask(chance.pick(subjects[kind]));
      if (timed?.outcome !== door.refusal) throw new Error(`${kind} was answered ${timed?.outcome}`);
      if (round >= WARM_UP_ROUNDS) times[kind].push(timed.micros);
    }
  }
  connection?.close();
  return times;
}
