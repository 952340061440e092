import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { service } from 'grpc-health-check';
import { eventually } from '../../support/eventually.js';
import { type AnyMethod, ask, type Door, openDoor, raw } from './door.js';

const { Check, Watch, List } = service as unknown as Record<
  string,
  AnyMethod<{ service: string }, { status: string; statuses: Record<string, { status: string }> }>
>;

describe('health over gRPC', () => {
  let door: Door;
  beforeEach(async () => {
    door = await openDoor();
  });
  afterEach(() => door.close());

  const check = async (name: string) => {
    const { response, status } = await ask(door.client, Check!, { service: name });
    return response?.status ?? status;
  };
  const watch = (name: string) => {
    const stream: ClientReadableStream<{ status: string }> = door.client.makeServerStreamRequest(
      Watch!.path,
      Watch!.requestSerialize,
      Watch!.responseDeserialize,
      { service: name },
    );
    const seen: string[] = [];
    let error: ServiceError | undefined;
    stream.on('data', ({ status }) => seen.push(status));
    stream.on('error', (reason: ServiceError) => {
      error = reason;
    });
    return { stream, seen, error: () => error };
  };

  it('is told of the server and of each service, without any credential', async () => {
    const names = ['', ...['Token', 'Client', 'Key', 'Audit'].map((name) => `countersign.v1.${name}Service`)];
    for (const name of names) expect(await check(name), name).to.equal('SERVING');
    door.server.setServing(false);
    for (const name of names) expect(await check(name), name).to.equal('NOT_SERVING');
    const { response } = await ask(door.client, List!, { service: '' });
    expect(Object.keys(response?.statuses ?? {}).sort()).to.deep.equal([...names].sort());
  });

  it('is not told of what is no service of ours, whose name is not repeated', async () => {
    for (const name of ['other', 'x'.repeat(900), '__proto__', 'toString']) {
      const { status, details } = await ask(door.client, Check!, { service: name });
      expect(status, name).to.equal('NOT_FOUND');
      expect(details).not.to.include(name);
    }
  });

  it('refuses a malformed or oversized question', async () => {
    for (const bytes of [Buffer.alloc(40, 0xff), Buffer.alloc(2000, 0x0a)]) {
      expect((await ask(door.client, raw(Check as never), bytes)).status).to.equal('INVALID_ARGUMENT');
    }
  });

  it('is told to watchers as it changes, and only then', async () => {
    const [all, unknown] = [watch(''), watch('other')];
    await eventually(() =>
      expect([all.seen, unknown.seen]).to.deep.equal([['SERVING'], ['SERVICE_UNKNOWN']]),
    );
    door.server.setServing(true);
    door.server.setServing(false);
    door.server.setServing(false);
    door.server.setServing(true);
    await eventually(() => expect(all.seen).to.deep.equal(['SERVING', 'NOT_SERVING', 'SERVING']));
    all.stream.cancel();
    unknown.stream.cancel();
  });

  it('tells its watchers that it stops, and lets no watcher hold up the stop', async () => {
    const watcher = watch('');
    await eventually(() => expect(watcher.seen).to.deep.equal(['SERVING']));
    await door.server.stop(60_000);
    await eventually(() => expect(watcher.error()?.code).to.equal(status.UNAVAILABLE));
    expect(watcher.seen).to.deep.equal(['SERVING', 'NOT_SERVING']);
  });
});
