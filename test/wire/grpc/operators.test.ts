import { type ClientReadableStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import {
  AuditServiceService as Audit,
  type WatchAuditEventsResponse,
} from '../../../src/wire/gen/countersign/v1/audit_service.js';
import { ClientServiceService } from '../../../src/wire/gen/countersign/v1/client_service.js';
import { KeyServiceService as Keys } from '../../../src/wire/gen/countersign/v1/key_service.js';
import {
  KeyState,
  TokenServiceService as Token,
} from '../../../src/wire/gen/countersign/v1/token_service.js';
import { eventually } from '../../support/eventually.js';
import { type AnyMethod, ask, basic, type Door, openDoor } from './door.js';

/** What an audit stream told, and how it ended. */
interface Watched {
  readonly actions: string[];
  readonly stream: ClientReadableStream<WatchAuditEventsResponse>;
  error?: ServiceError;
}

describe('the operators’ services over gRPC', () => {
  let door: Door;
  beforeEach(async () => {
    door = await openDoor();
  });
  afterEach(() => door.close());

  const act = async <Request, Response>(method: AnyMethod<Request, Response>, request: Request) => {
    const { response, error } = await ask(door.client, method, request, basic(door.service.admin));
    return response ?? error;
  };
  const watch = (metadata: Metadata, afterEventId = ''): Watched => {
    const { path, requestSerialize, responseDeserialize } = Audit.watchAuditEvents;
    const stream = door.client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { afterEventId },
      metadata,
    );
    const watched: Watched = { actions: [], stream };
    stream.on('data', ({ event }: WatchAuditEventsResponse) => watched.actions.push(event?.action ?? ''));
    stream.on('error', (error: ServiceError) => {
      watched.error = error;
    });
    return watched;
  };

  it('list, rotate and revoke signing keys', async () => {
    const before = await ask(door.client, Keys.listSigningKeys, {}, basic(door.service.admin));
    const [first] = before.response?.keys ?? [];
    expect(first).to.deep.include({ state: KeyState.KEY_STATE_ACTIVE, revokeTime: undefined });
    expect(first?.createTime).to.be.a('date');

    const token = await door.service.issue(door.service.admin);
    expect(await act(Keys.rotateSigningKey, { immediate: false })).to.have.nested.property(
      'key.state',
      KeyState.KEY_STATE_PUBLISHED,
    );
    const revoked = await act(Keys.revokeSigningKey, { keyId: first?.keyId ?? '', reason: 'a test' });
    expect(revoked).to.have.nested.property('activeKey.state', KeyState.KEY_STATE_ACTIVE);
    expect(await act(Token.introspectToken, { token })).to.have.property('active', false);
    expect(await act(Keys.revokeSigningKey, { keyId: 'k4.pid.x', reason: '' })).to.equal('invalid_request');
    expect(await act(Keys.revokeSigningKey, { keyId: `k4.pid.${'A'.repeat(44)}`, reason: '' })).to.equal(
      'not_found',
    );
  });

  it('list what was done, newest first, with who, what and from where', async () => {
    await door.service.register('orders');
    await act(ClientServiceService.revokeClient, { clientId: 'orders', reason: 'leaked' });
    const { response } = await ask(
      door.client,
      Audit.listAuditEvents,
      { pageSize: 1, pageToken: '' },
      basic(door.service.admin),
    );
    expect(response?.events).to.have.length(1);
    expect(response?.events[0]).to.deep.include({
      action: 'RevokeClient',
      actor: 'admin',
      target: 'orders',
      sourceAddress: '127.0.0.1',
      reason: 'leaked',
    });
    expect(response?.events[0]?.time).to.be.a('date');
    const older = await act(Audit.listAuditEvents, { pageSize: 9, pageToken: response?.nextPageToken ?? '' });
    expect(older).to.have.nested.property('events[0].action', 'CreateClient');
    expect(older).to.have.nested.property('events[0].after.allowed_audiences');
    expect(await act(Audit.listAuditEvents, { pageSize: 9, pageToken: 'x' })).to.equal('invalid_request');
  });

  it('watch acts as they happen, in order, until the watcher goes', async () => {
    const watched = watch(basic(door.service.admin));
    await eventually(async () => {
      await act(ClientServiceService.revokeClientTokens, { clientId: 'admin', reason: '' });
      expect(watched.actions).not.to.deep.equal([]);
    });
    watched.actions.length = 0;
    await door.service.register('orders');
    await act(ClientServiceService.revokeClient, { clientId: 'orders', reason: '' });
    await eventually(() => expect(watched.actions.slice(-2)).to.deep.equal(['CreateClient', 'RevokeClient']));
    watched.stream.cancel();
    await eventually(() => {
      const ended = door.finished.filter(({ outcome }) => outcome.rpc === 'WatchAuditEvents');
      expect(ended.map(({ outcome }) => outcome.code)).to.deep.equal(['cancelled']);
    });
  });

  it('end a watcher’s stream in the words of a refusal once it may not watch any more', async () => {
    const auditor = await door.service.register('auditor', {
      allowedScopes: ['countersign:audit'],
      defaultScopes: [],
    });
    const watched = watch(basic(auditor));
    await eventually(async () => {
      await act(ClientServiceService.revokeClientTokens, { clientId: 'admin', reason: '' });
      expect(watched.actions).not.to.deep.equal([]);
    });
    await act(ClientServiceService.revokeClient, { clientId: 'auditor', reason: '' });
    await eventually(() => expect(watched.error?.code).to.equal(status.UNAUTHENTICATED));
    expect(watched.error?.metadata.get('countersign-error')).to.deep.equal(['invalid_client']);
  });

  for (const [what, metadata, code, error] of [
    ['nobody', new Metadata(), status.UNAUTHENTICATED, 'invalid_client'],
    ['a bad token', new Metadata(), status.UNAUTHENTICATED, 'invalid_token'],
  ] as const) {
    it(`open no stream to ${what}`, async () => {
      if (error === 'invalid_token') metadata.set('authorization', 'Bearer x');
      const watched = watch(metadata);
      await eventually(() => expect(watched.error?.code).to.equal(code));
      expect(watched.error?.metadata.get('countersign-error')).to.deep.equal([error]);
    });
  }

  it('refuse to watch from a place that is none', async () => {
    const watched = watch(basic(door.service.admin), 'yesterday');
    await eventually(() => expect(watched.error?.code).to.equal(status.INVALID_ARGUMENT));
  });
});
