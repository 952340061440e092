import type { Row } from '../row.js';
import { httpRows } from './http.js';
import { introspectionRows } from './introspection.js';
import { metadataRows } from './metadata.js';
import { revocationRows } from './revocation.js';
import { tokenClientRows } from './token-client.js';
import { tokenGrantRows } from './token-grant.js';
import { tokenRequestRows } from './token-request.js';

/** Every row, in the order of PROTOCOL.md's parts: token, revocation, introspection, metadata, and HTTP itself. */
export const ROWS: readonly Row[] = [
  ...tokenRequestRows,
  ...tokenClientRows,
  ...tokenGrantRows,
  ...revocationRows,
  ...introspectionRows,
  ...metadataRows,
  ...httpRows,
];
