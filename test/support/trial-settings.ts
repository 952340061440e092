import type { Credential } from './connection.js';
import { freshMasterKey } from './server-process.js';

export const ISSUER = 'https://auth.trial.example';
export const AUDIENCE = 'https://stock.example';
export const ROOT: Credential = { id: 'root', secret: 'a-bootstrap-secret-of-40-characters-0001' };

/**
 * Settings of a server whose signing keys are published only two seconds before they sign, and change by themselves
 * only in a month; with the administrator {@link ROOT}. Without a store's address it is the embedded one.
 */
export const trialSettings = (store?: string): Record<string, string> => ({
  ...(store === undefined
    ? {}
    : { COUNTERSIGN_STORE: store, COUNTERSIGN_ISSUER: ISSUER, COUNTERSIGN_MASTER_KEY: freshMasterKey() }),
  COUNTERSIGN_BOOTSTRAP_CLIENT_ID: ROOT.id,
  COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: ROOT.secret,
  COUNTERSIGN_KEY_LEAD_SECONDS: '2',
  COUNTERSIGN_KEY_REFRESH_SECONDS: '1',
  COUNTERSIGN_KEY_MARGIN_SECONDS: '1',
});
