import { request } from 'node:http';
import { listenAddressOrOff } from './config/parsers.js';
import { SETTINGS } from './config/settings.js';

/**
 * The container's health check: exits 0 when this machine's server says on its operations port that it is ready, 1
 * when it does not, within a second. Reads the same setting as the server.
 */
const listen = listenAddressOrOff(
  process.env.COUNTERSIGN_OPS_LISTEN || SETTINGS.COUNTERSIGN_OPS_LISTEN.fallback,
);
if (listen === undefined) process.exit(0);

const wildcard = listen.host === '0.0.0.0' || listen.host === '::';
const probe = request(
  { host: wildcard ? '127.0.0.1' : listen.host, port: listen.port, path: '/readyz', timeout: 1000 },
  (response) => process.exit(response.statusCode === 200 ? 0 : 1),
);
probe.on('timeout', () => process.exit(1));
probe.on('error', () => process.exit(1));
probe.end();
