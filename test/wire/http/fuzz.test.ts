import { expect } from 'chai';
import fc from 'fast-check';
import { everyAnswer } from '../../../scripts/matrix/expectation.js';
import { basic, FORM, Probe } from '../../../scripts/matrix/probe.js';
import type { Endpoint } from '../../../scripts/matrix/target.js';
import { type StagedServer, stageServer } from './staged-server.js';

const ENDPOINTS: readonly Endpoint[] = ['token', 'introspection', 'revocation'];

/** Pieces that forms are made of, and what goes wrong with them. */
const piece = fc.oneof(
  fc.constantFrom(
    'grant_type',
    'client_credentials',
    'scope',
    'client_id',
    'client_secret',
    'token',
    'resource',
  ),
  fc.constantFrom(
    '=',
    '&',
    '+',
    '%',
    '%00',
    '%zz',
    '%C3',
    '%F0%9F%92%A9',
    '__proto__',
    'constructor',
    '\0',
    '\r\n',
    ';',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const form = fc.array(piece, { maxLength: 30 }).map((pieces) => Buffer.from(pieces.join('')));
const body = fc.oneof(form, fc.uint8Array({ maxLength: 300 }).map(Buffer.from));
const visible = fc.stringMatching(/^[!-~]{0,40}$/);
const header = fc.oneof(
  visible.map((text) => ['authorization', `Basic ${text}`] as const),
  visible.map((text) => ['authorization', `Basic ${btoa(text)}`] as const),
  visible.map((text) => ['authorization', `Bearer ${text}`] as const),
  visible.map((text) => ['authorization', text] as const),
  visible.map((text) => ['content-type', text] as const),
  visible.map((text) => ['x-forwarded-for', text] as const),
  visible.map((text) => ['x-request-id', text] as const),
  visible.map((text) => ['traceparent', text] as const),
);

describe('any HTTP request at all', () => {
  let staged: StagedServer;
  before(async () => {
    staged = await stageServer({ COUNTERSIGN_TRUSTED_PROXIES: '127.0.0.1' });
  });
  after(() => staged?.end());

  it('is answered as promised of every answer, and never with a 5xx', async () => {
    const probe = new Probe(staged.target);
    const request = fc.record({
      endpoint: fc.constantFrom(...ENDPOINTS),
      right: fc.boolean(),
      headers: fc.array(header, { maxLength: 3 }),
      body,
      source: fc.ipV4(),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ endpoint, right, headers, body: bytes, source }) => {
        const usual = right ? [FORM, basic(probe.client('client'))] : [FORM];
        const sent = [...usual, ['x-forwarded-for', source] as const, ...headers];
        const answer = await probe.send(endpoint, { headers: sent, body: bytes });
        expect(answer.status).to.be.within(200, 499);
        expect(everyAnswer.faults(answer)).to.deep.equal([]);
      }),
      { numRuns: 600 },
    );
  }).timeout(60_000);
});
