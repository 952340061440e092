import type { Row } from '../row.js';
import { guessingRows } from './guessing.js';
import { httpRows } from './http.js';
import { introspectionRows } from './introspection.js';
import { introspectionCallerRows } from './introspection-caller.js';
import { metadataRows } from './metadata.js';
import { revocationRows } from './revocation.js';
import { tokenClientRows } from './token-client.js';
import { tokenGrantRows } from './token-grant.js';
import { tokenRequestRows } from './token-request.js';

/** Every row: token, revocation, introspection, metadata, HTTP itself; guessing last. */
export const ROWS: readonly Row[] = [
  ...tokenRequestRows,
  ...tokenClientRows,
  ...tokenGrantRows,
  ...revocationRows,
  ...introspectionCallerRows,
  ...introspectionRows,
  ...metadataRows,
  ...httpRows,
  ...guessingRows,
];
