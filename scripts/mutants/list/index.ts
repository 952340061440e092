import type { Mutant } from '../mutant.js';
import { DOMAIN } from './domain.js';
import { DOORS } from './doors.js';
import { LIBRARY } from './library.js';
import { REDIS } from './redis.js';
import { SCRIPTS } from './scripts.js';
import { TOKENS } from './tokens.js';

export const MUTANTS: readonly Mutant[] = [...DOMAIN, ...TOKENS, ...DOORS, ...REDIS, ...SCRIPTS, ...LIBRARY];
