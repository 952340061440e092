import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import axios from 'axios';
import { clientCredentials } from 'axios-oauth-client';
import { expect } from 'chai';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { ClientCredentials } from 'simple-oauth2';
import type { Credentials, Target } from '../../../scripts/matrix/target.js';
import { type StagedServer, stageServer } from './staged-server.js';

const run = promisify(execFile);
/** Both libraries refuse plain http unless told, as they should; here everything is on loopback. */
const LOOPBACK = { [oauth.allowInsecureRequests]: true };

describe('client libraries of other makers', () => {
  let staged: StagedServer;
  let target: Target;
  let client: Credentials;
  let introspector: Credentials;
  before(async () => {
    staged = await stageServer();
    ({ target } = staged);
    client = target.clients.client!;
    introspector = target.clients.introspector!;
  });
  after(() => staged?.end());

  for (const [name, authentication, oauthAuthentication] of [
    ['client_secret_basic', openid.ClientSecretBasic, oauth.ClientSecretBasic],
    ['client_secret_post', openid.ClientSecretPost, oauth.ClientSecretPost],
  ] as const) {
    it(`openid-client discovers, gets, introspects and revokes a token with ${name}`, async () => {
      const connect = ({ id, secret }: Credentials) =>
        openid.discovery(new URL(target.issuer), id, {}, authentication(secret), {
          algorithm: 'oauth2',
          execute: [openid.allowInsecureRequests],
        });
      const own = await connect(client);
      const asker = await connect(introspector);
      const resource = target.secondAudience;
      const token = await openid.clientCredentialsGrant(own, { scope: target.secondScope, resource });
      expect(token.token_type).to.equal('bearer');
      expect(token.expiresIn()).to.be.within(1, 3600);
      expect(token.scope).to.equal(target.secondScope);

      const alive = await openid.tokenIntrospection(asker, token.access_token);
      expect(alive).to.include({ active: true, client_id: client.id, aud: resource, iss: target.issuer });
      await openid.tokenRevocation(own, token.access_token);
      expect(await openid.tokenIntrospection(asker, token.access_token)).to.deep.equal({ active: false });
    });

    it(`oauth4webapi does the same with ${name}, and reads our refusals`, async () => {
      const issuer = new URL(target.issuer);
      const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...LOOPBACK });
      const server = await oauth.processDiscoveryResponse(issuer, found);
      const own: oauth.Client = { client_id: client.id };
      const auth = oauthAuthentication(client.secret);
      const grant = async (parameters: Record<string, string>, method = auth) =>
        oauth.processClientCredentialsResponse(
          server,
          own,
          await oauth.clientCredentialsGrantRequest(server, own, method, parameters, LOOPBACK),
        );
      const { access_token: token } = await grant({ scope: target.scope });

      const asker: oauth.Client = { client_id: introspector.id };
      const introspect = async () =>
        oauth.processIntrospectionResponse(
          server,
          asker,
          await oauth.introspectionRequest(
            server,
            asker,
            oauthAuthentication(introspector.secret),
            token,
            LOOPBACK,
          ),
        );
      expect((await introspect()).active).to.equal(true);
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, own, auth, token, LOOPBACK),
      );
      expect(await introspect()).to.deep.equal({ active: false });

      const refusal = await grant({ scope: 'not-allowed' }).catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(oauth.ResponseBodyError);
      expect((refusal as oauth.ResponseBodyError).error).to.equal('invalid_scope');
      const stranger = await grant({}, oauth.ClientSecretBasic('wrong')).catch((error: unknown) => error);
      expect(stranger).to.be.instanceOf(oauth.WWWAuthenticateChallengeError);
    });
  }

  for (const authorizationMethod of ['header', 'body'] as const) {
    for (const bodyFormat of ['form', 'json'] as const) {
      const expected = bodyFormat === 'form' ? 'gets and revokes a token' : 'is told that JSON is no request';
      it(`simple-oauth2 ${expected}, credentials in the ${authorizationMethod}`, async () => {
        const library = new ClientCredentials({
          client: { id: client.id, secret: client.secret },
          auth: { tokenHost: target.issuer, tokenPath: '/oauth/token', revokePath: '/oauth/revoke' },
          options: { authorizationMethod, bodyFormat },
        });
        const asked = library.getToken({ scope: [target.scope, target.secondScope] });
        if (bodyFormat === 'json') {
          const refusal = await asked.catch((error: { output?: { statusCode?: number } }) => error);
          expect(refusal).to.have.nested.property('output.statusCode', 400);
          return;
        }
        const token = await asked;
        expect(token.expired()).to.equal(false);
        expect(token.token.scope).to.equal(`${target.scope} ${target.secondScope}`);
        await token.revoke('access_token');
        expect(await isActive(target, introspector, String(token.token.access_token))).to.equal(false);
      });
    }
  }

  it('axios-oauth-client gets a token', async () => {
    const get = clientCredentials(axios.create(), target.endpoints.token!, client.id, client.secret);
    const token = await get(target.scope);
    expect(await isActive(target, introspector, token.access_token)).to.equal(true);
  });

  it('curl gets, introspects and revokes a token', async () => {
    const curl = async (url: string, ...more: string[]): Promise<string> =>
      (await run('curl', ['--silent', '--show-error', '--fail-with-body', ...more, url])).stdout;
    const user = ({ id, secret }: Credentials): string[] => ['--user', `${id}:${secret}`];
    const document = JSON.parse(await curl(target.endpoints.metadata!)) as Record<string, string>;
    const grant = ['--data', 'grant_type=client_credentials', '--data', `scope=${target.scope}`];
    const token = JSON.parse(await curl(document.token_endpoint!, ...user(client), ...grant)) as {
      access_token: string;
    };
    const asking = ['--data-urlencode', `token=${token.access_token}`];
    const introspect = () => curl(document.introspection_endpoint!, ...user(introspector), ...asking);
    expect(JSON.parse(await introspect())).to.include({ active: true, client_id: client.id });
    expect(await curl(document.revocation_endpoint!, ...user(client), ...asking)).to.equal('');
    expect(JSON.parse(await introspect())).to.deep.equal({ active: false });
  });
});

/** By plain fetch, for the libraries that cannot introspect. */
async function isActive(target: Target, { id, secret }: Credentials, token: string): Promise<unknown> {
  const answer = await fetch(target.endpoints.introspection!, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: new URLSearchParams({ token }),
  });
  return ((await answer.json()) as { active?: unknown }).active;
}
