import type { Scenario } from '../scenario.js';
import { consistency } from './consistency.js';
import { failover } from './failover.js';
import { feed } from './feed.js';
import { fsync } from './fsync.js';
import { h2Floods } from './h2-floods.js';
import { million } from './million.js';
import { overload } from './overload.js';
import { partition } from './partition.js';
import { processFaults } from './process.js';
import { promoted } from './promoted.js';
import { redisSlow } from './redis-slow.js';
import { redisStandalone } from './redis-standalone.js';
import { fromStrangers } from './strangers.js';

/** Every scenario, in the order of the plan. */
export const SCENARIOS: readonly Scenario[] = [
  ...processFaults,
  ...redisStandalone,
  ...fsync,
  ...redisSlow,
  ...failover,
  ...promoted,
  ...partition,
  ...feed,
  ...consistency,
  ...million,
  ...overload,
  ...h2Floods,
  ...fromStrangers,
];
