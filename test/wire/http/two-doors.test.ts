import { expect } from 'chai';
import fc from 'fast-check';
import { Probe } from '../../../scripts/matrix/probe.js';
import type { Role, Target } from '../../../scripts/matrix/target.js';
import { eventually } from '../../support/eventually.js';
import { forged } from '../../support/forged.js';
import { freshPrefix, sharedRedis } from '../../support/redis.js';
import { freshMasterKey } from '../../support/server-process.js';
import { type StagedServer, stageServer } from './staged-server.js';
import { basicOf, type Door, type DoorRequest, grpcDoor, httpDoor } from './two-doors.js';

const ROLES: readonly Role[] = [
  ...([
    'client',
    'other',
    'introspector',
    'stranger',
    'bearerIntrospector',
    'revoker',
    'revoked',
    'expired',
  ] as const),
  ...(['special', 'noDefaultScope', 'scopeless', 'twoAudiences'] as const),
];
const NOBODY = { clientId: '', secret: '' };

/** Tokens in every state, and texts that are none. */
async function tokensOf(target: Target): Promise<readonly string[]> {
  const probe = new Probe(target);
  const living = await Promise.all(
    (['client', 'other', 'bearerIntrospector', 'scopeless'] as const).map((role) => probe.issue(role)),
  );
  const admitted = await probe.issue('bearerIntrospector', {
    audience: target.issuer,
    scope: 'countersign:introspect',
  });
  const dead = await probe.issue('client');
  await probe.revoke(dead);
  const expired = await probe.issue('shortLived');
  await target.abilities.wait?.(7);
  return [...living, admitted, dead, expired, forged(dead), 'no-token', 'v4.public.', '', '\u00e4', 'a b'];
}

/** Requests of every kind, right and wrong in every part. */
function requestsFor(target: Target, tokens: readonly string[]): fc.Arbitrary<DoorRequest> {
  const secrets = ROLES.map((role) => ({
    clientId: target.clients[role]!.id,
    secret: target.clients[role]!.secret,
  }));
  const right = fc.constantFrom(...secrets);
  const wrong = fc.oneof(
    right.map(({ clientId }) => ({ clientId, secret: 'cs_wrong' })),
    fc.record({ clientId: fc.string({ unit: 'binary' }), secret: fc.string({ maxLength: 2000 }) }),
    fc.constantFrom({ clientId: 'client', secret: '' }, { clientId: '', secret: 'cs_wrong' }),
  );
  const printable = fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/);
  const odd = fc.oneof(
    printable,
    printable.map((text) => `Basic ${text}`),
    printable.map((text) => `Basic ${btoa(text)}`),
  );
  const anyone = fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: wrong });
  const basic = anyone
    .filter(({ clientId }) => clientId.isWellFormed())
    .map(({ clientId, secret }) => basicOf(clientId, secret));
  const bearer = fc
    .constantFrom(...tokens.filter((token) => /^[!-~]+$/.test(token)))
    .map((token) => `Bearer ${token}`);
  const header = fc.oneof({ weight: 4, arbitrary: basic }, { weight: 2, arbitrary: bearer }, odd);
  const carried: fc.Arbitrary<Pick<DoorRequest, 'headers' | 'body'>> = fc.oneof(
    { weight: 6, arbitrary: header.map((one) => ({ headers: [one], body: NOBODY })) },
    { weight: 4, arbitrary: anyone.map((body) => ({ headers: [] as string[], body })) },
    fc.constant({ headers: [], body: NOBODY }),
    fc.record({ headers: header.map((one) => [one]), body: right }),
  );
  const known = [target.scope, target.secondScope, 'countersign:introspect', 'countersign:admin'];
  const scope = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...known) },
    fc
      .string({ unit: 'binary', minLength: 1, maxLength: 140 })
      .filter((text) => text.isWellFormed() && !text.includes(' ')),
  );
  const audiences = [
    '',
    '',
    target.audience,
    target.secondAudience,
    target.issuer,
    'https://nobody.example',
    'a b',
    '\u00e4',
  ];
  return (
    fc
      .record({
        act: fc.constantFrom('issue' as const, 'introspect' as const, 'revoke' as const),
        carried,
        scopes: fc.array(scope, { maxLength: 4 }),
        audience: fc.constantFrom(...audiences),
        token: fc.constantFrom(...tokens),
        source: fc.ipV4(),
      })
      .map(({ carried: { headers, body }, ...rest }) => ({ ...rest, headers, body }))
      .filter(({ body }) => body.clientId.isWellFormed() && body.secret.isWellFormed())
      // Only IssueToken has a second place for a credential on both doors.
      .filter(({ act, headers, body }) => act === 'issue' || headers.length === 0 || body === NOBODY)
      // Over HTTP a token is revoked by a client's own secret alone.
      .filter(({ act, headers }) => act !== 'revoke' || !headers.some((text) => /^bearer/i.test(text)))
  );
}

/** What must have been asked and answered, for the comparison to mean something. */
const EVERY_KIND = [
  ...[
    'ok',
    'invalid_request',
    'invalid_client',
    'invalid_scope',
    'invalid_target',
    'unauthorized_client',
  ].map((code) => `issue ${code}`),
  ...['ok', 'invalid_token', 'insufficient_scope'].map((code) => `introspect ${code}`),
  ...['ok', 'invalid_request', 'invalid_client'].map((code) => `revoke ${code}`),
];

describe('the two doors', () => {
  for (const [store, settingsOf] of [
    ['the embedded store', async () => ({})],
    [
      'Redis',
      async () => ({
        COUNTERSIGN_STORE: (await sharedRedis()).url,
        COUNTERSIGN_KEY_PREFIX: freshPrefix(),
        COUNTERSIGN_ISSUER: 'https://issuer.example',
        COUNTERSIGN_MASTER_KEY: freshMasterKey(),
      }),
    ],
  ] as const) {
    describe(`on ${store}`, () => {
      let staged: StagedServer;
      let http: Door;
      let grpc: Door;
      before(async () => {
        staged = await stageServer({ ...(await settingsOf()), COUNTERSIGN_TRUSTED_PROXIES: '127.0.0.1' });
        http = httpDoor(staged.target);
        grpc = grpcDoor(`127.0.0.1:${staged.app.ports.grpc}`);
      });
      after(async () => {
        grpc?.close();
        await staged?.end();
      });

      it('give the same verdict on the same request, code by code', async () => {
        const requests = requestsFor(staged.target, await tokensOf(staged.target));
        const seen = new Set<string>();
        const run = () =>
          fc.assert(
            fc.asyncProperty(requests, async (request) => {
              const [overHttp, overGrpc] = await bothOf(http, grpc, request);
              seen.add(`${request.act} ${overHttp.code}`);
              expect(overHttp).to.deep.equal(overGrpc);
            }),
            { numRuns: 300 },
          );
        await run();
        // The requests have to be of every kind, or they would prove little; chance may need more of them for that.
        for (let more = 0; more < 5 && !EVERY_KIND.every((kind) => seen.has(kind)); more += 1) await run();
        expect([...seen]).to.include.members(EVERY_KIND);
      }).timeout(60_000);
    });
  }
});

/** A starved machine may have the store answer one door too late; then both are asked again. */
const bothOf = (http: Door, grpc: Door, request: DoorRequest) =>
  eventually(async () => {
    const verdicts = [await http.ask(request), await grpc.ask(request)] as const;
    if (verdicts.some(({ code }) => code === 'temporarily_unavailable'))
      throw new Error('the store was too slow');
    return verdicts;
  });
