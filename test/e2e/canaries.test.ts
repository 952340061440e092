import { randomBytes } from 'node:crypto';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import {
  Client as ClientMessage,
  ClientServiceService,
  CreateClientRequest,
  RevokeClientRequest,
} from '../../src/wire/gen/countersign/v1/client_service.js';
import { IssueTokenRequest, TokenServiceService } from '../../src/wire/gen/countersign/v1/token_service.js';
import { basicOf, Connection, type Credential, stockReader } from '../support/connection.js';
import { freshPrefix, sharedRedis } from '../support/redis.js';
import { dumpRedis } from '../support/redis-dump.js';
import { SecretSearch } from '../support/secret-search.js';
import { freshMasterKey, type ServerProcess, startServerProcess } from '../support/server-process.js';

const ISSUER = 'https://auth.example';
const FORM = 'application/x-www-form-urlencoded';

/**
 * Text that no rule for secrets would know, so what is seen is what the code writes down of its own accord. A secret
 * one must be nowhere at all; one in a field that is kept and shown, such as a name, only not where callers of others
 * and operators look.
 */
class Canaries {
  readonly secret = new SecretSearch();
  readonly any = new SecretSearch();

  hide(field: string): string {
    const canary = `${randomBytes(12).toString('hex')}canary`;
    this.secret.add(field, canary);
    this.any.add(field, canary);
    return canary;
  }

  keep(field: string): string {
    const canary = `${randomBytes(12).toString('hex')}canary`;
    this.any.add(field, canary);
    return canary;
  }
}

describe('what is put into any field of any call', () => {
  let server: ServerProcess;
  let admin: Credential;
  let prefix: string;
  let client: Client;
  let canaries: Canaries;
  /** Everything that was answered, headers and trailers included. */
  let answers: string[];

  before(async () => {
    const redis = await sharedRedis();
    canaries = new Canaries();
    answers = [];
    prefix = freshPrefix();
    admin = { id: 'admin', secret: canaries.hide('bootstrap secret') + canaries.hide('its second half') };
    server = await startServerProcess({
      COUNTERSIGN_STORE: redis.url,
      COUNTERSIGN_KEY_PREFIX: prefix,
      COUNTERSIGN_ISSUER: ISSUER,
      COUNTERSIGN_MASTER_KEY: freshMasterKey(),
      COUNTERSIGN_BOOTSTRAP_CLIENT_ID: admin.id,
      COUNTERSIGN_BOOTSTRAP_CLIENT_SECRET: admin.secret,
      COUNTERSIGN_LOG_LEVEL: 'trace',
    });
    client = new Client(`127.0.0.1:${server.ports.grpc}`, credentials.createInsecure());
  });
  after(async () => {
    client?.close();
    await server?.stop();
  });

  async function post(
    path: string,
    form: Record<string, string>,
    headers: Record<string, string> = {},
    type = FORM,
  ) {
    const response = await fetch(`http://127.0.0.1:${server.ports.http}${path}`, {
      method: 'POST',
      headers: { 'content-type': type, ...headers },
      body: new URLSearchParams(form).toString(),
    });
    answers.push(JSON.stringify([...response.headers]), await response.text());
    return response.status;
  }

  function call(
    path: string,
    bytes: Uint8Array,
    entries: Record<string, string> = {},
  ): Promise<ServiceError | null> {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
    const asIs = (buffer: Buffer): Buffer => buffer;
    return new Promise((resolve) => {
      client.makeUnaryRequest(
        path,
        asIs,
        asIs,
        Buffer.from(bytes),
        metadata,
        { deadline: Date.now() + 5000 },
        (err) => {
          if (err !== null) answers.push(err.details, JSON.stringify(err.metadata.toJSON()));
          resolve(err);
        },
      );
    });
  }

  const asAdmin = () => ({ authorization: basicOf(admin) });
  const { path: issue } = TokenServiceService.issueToken;
  const { path: create } = ClientServiceService.createClient;

  it('over HTTP is refused without a word of it', async () => {
    const hide = (field: string) => canaries.hide(`HTTP ${field}`);
    const form = { grant_type: 'client_credentials' };
    await post('/oauth/token', {
      ...form,
      client_id: hide('client_id'),
      client_secret: hide('client_secret'),
    });
    await post('/oauth/token', { ...form, scope: hide('scope'), audience: hide('audience') }, asAdmin());
    await post('/oauth/token', { ...form, resource: hide('resource') }, asAdmin());
    await post('/oauth/token', { grant_type: hide('grant_type') }, asAdmin());
    await post('/oauth/token', { ...form, [hide('parameter name')]: hide('parameter value') }, asAdmin());
    await post('/oauth/token', { ...form, client_assertion: hide('client_assertion') }, asAdmin());
    await post('/oauth/token', form, { authorization: `Bearer ${hide('bearer')}` });
    await post('/oauth/token', form, {
      authorization: `Basic ${Buffer.from(hide('no colon')).toString('base64')}`,
    });
    await post('/oauth/token', form, { authorization: hide('scheme') });
    await post(`/oauth/token?client_secret=${hide('query')}`, form);
    await post(`/${hide('path')}`, form);
    await post('/oauth/token', { [hide('name in JSON')]: '' }, {}, 'application/json');
    await post('/oauth/token', form, {
      [`x-${hide('header name')}`]: hide('header value'),
      cookie: hide('cookie'),
    });
    for (const path of ['/oauth/introspect', '/oauth/revoke']) {
      await post(path, { token: hide(`token at ${path}`), token_type_hint: hide('hint') }, asAdmin());
      await post(
        path,
        { token: `v4.public.${hide(`broken token at ${path}`)}.${hide('footer')}` },
        asAdmin(),
      );
      await post(
        path,
        { token: hide('token of nobody') },
        { authorization: `Bearer ${hide(`caller of ${path}`)}` },
      );
    }
  });

  it('over gRPC is refused without a word of it', async () => {
    const hide = (field: string) => canaries.hide(`gRPC ${field}`);
    const issuing = (message: Partial<IssueTokenRequest>) =>
      IssueTokenRequest.encode(IssueTokenRequest.fromPartial(message)).finish();
    await call(issue, issuing({ clientId: hide('client_id'), clientSecret: hide('client_secret') }));
    await call(issue, issuing({ scopes: [hide('scope')] }), asAdmin());
    await call(issue, issuing({ audience: hide('audience') }), asAdmin());
    await call(issue, Buffer.from(hide('malformed message')), asAdmin());
    await call(issue, issuing({}), { authorization: `Bearer ${hide('bearer')}` });
    await call(issue, issuing({}), { authorization: hide('scheme') });
    await call(issue, issuing({}), { ...asAdmin(), [`x-${hide('metadata key')}`]: hide('metadata value') });
    // grpc-js itself tells a caller which method it asked for in vain; that goes no further.
    const told = answers.length;
    await call(`/countersign.v1.TokenService/${hide('method')}`, Buffer.alloc(0), asAdmin());
    answers.length = told;
    for (const method of [TokenServiceService.introspectToken, TokenServiceService.revokeToken]) {
      await call(method.path, method.requestSerialize({ token: hide(`token at ${method.path}`) }), asAdmin());
    }
    await call(
      create,
      CreateClientRequest.encode(
        CreateClientRequest.fromPartial({ importedSecret: hide('short').slice(0, 31) }),
      ).finish(),
      asAdmin(),
    );
  });

  it('and is rightly there is kept, and told to nobody else', async () => {
    const connection = new Connection(server.ports.grpc, admin);
    const imported = canaries.hide('imported secret') + canaries.hide('its second half');
    const orders = await connection.register(
      'orders',
      {
        ...stockReader('https://stock.example'),
        displayName: canaries.keep('display_name'),
        labels: { [canaries.keep('label')]: canaries.keep('value') },
        ext: { [canaries.keep('ext')]: canaries.keep('ext value') },
      },
      imported,
    );
    const token = await connection.issue(orders);
    const [, , payload = ''] = token.split('.');
    canaries.secret.add('signature of a token', Buffer.from(payload, 'base64url').subarray(-64));
    canaries.any.add('signature of a token', Buffer.from(payload, 'base64url').subarray(-64));
    expect(await connection.isActive(token)).to.equal(true);
    await connection.call(TokenServiceService.revokeToken, { token });
    const reason = canaries.keep('reason');
    await connection.call(
      ClientServiceService.revokeClient,
      RevokeClientRequest.fromPartial({ clientId: 'orders', reason }),
    );
    // Twice the same, so that it is a refusal that has the fields at hand.
    const again = ClientMessage.fromPartial({
      ...stockReader('a'),
      clientId: 'orders',
      displayName: canaries.keep('second'),
    });
    await call(
      create,
      CreateClientRequest.encode(CreateClientRequest.fromPartial({ client: again })).finish(),
      asAdmin(),
    );
    connection.close();
  });

  it('is in no answer to a refused call, no log line at the finest level, no metric and no crash', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${server.ports.ops}/metrics`)).text();
    expect(metrics).to.contain('countersign_');
    expect(canaries.any.find(Buffer.from(metrics)), 'metrics').to.deep.equal([]);
    expect(answers.length).to.be.greaterThan(40);
    expect(canaries.any.find(Buffer.from(answers.join('\n'))), 'answers').to.deep.equal([]);
    server.signal('SIGABRT');
    await server.exited;
    const output = server.output();
    expect(server.logLines().length).to.be.greaterThan(20);
    expect(canaries.any.find(Buffer.from(output)), 'output').to.deep.equal([]);
  });

  it('is nowhere on Redis if it was secret', async () => {
    const found: string[] = [];
    let kept = 0;
    for await (const { name, content } of dumpRedis(await sharedRedis())) {
      if (!name.startsWith(`{${prefix}}`)) continue;
      kept += canaries.any.find(content).length;
      found.push(...canaries.secret.find(content).map((what) => `${name}: ${what}`));
    }
    expect(found).to.deep.equal([]);
    expect(kept, 'what is rightly there is found, so the search sees').to.be.greaterThan(0);
  });
});
