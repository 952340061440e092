import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { WatchRevocationsResponse } from '../../src/wire/gen/countersign/v1/token_service.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { type FakeService, refuse, type Script, startFakeService, statusOf } from './support/fake-service.js';
import { type CliOptions, runCli, startCli } from './support/run-cli.js';

const CREDENTIAL = { COUNTERSIGN_CLIENT_ID: 'ops', COUNTERSIGN_CLIENT_SECRET: 'x' };

const change = (cursor: string, clientId: string) =>
  WatchRevocationsResponse.fromPartial({
    cursor,
    event: {
      $case: 'change' as const,
      value: { kind: { $case: 'clientGeneration' as const, value: { clientId, generation: 7 } } },
    },
  });

const snapshot = (cursor: string, tokenIds: readonly string[], edges: { first: boolean; last: boolean }) =>
  WatchRevocationsResponse.fromPartial({
    cursor,
    event: {
      $case: 'snapshot' as const,
      value: {
        revocations: tokenIds.map((tokenId) => ({
          kind: { $case: 'token' as const, value: { tokenId, forgetAtSeconds: 1 } },
        })),
        ...edges,
      },
    },
  });

const gone = statusOf(
  refuse({ status: status.UNAVAILABLE, code: 'temporarily_unavailable', message: 'Draining.' }),
);
const denied = statusOf(
  refuse({ status: status.PERMISSION_DENIED, code: 'insufficient_scope', message: 'No.' }),
);

describe('countersign watch and audit tail', () => {
  let service: FakeService | undefined;
  afterEach(() => service?.stop());

  const start = async (script: Script, args: readonly string[], options: CliOptions = {}) => {
    service = await startFakeService(script);
    return startCli(args, { ...options, env: { ...CREDENTIAL, COUNTERSIGN_ADDRESS: service.address } });
  };
  const shows = (running: { stdout(): string }, text: string) =>
    eventually(() => expect(running.stdout()).to.contain(text));

  it('watch shows changes as they happen and ends well on an interrupt', async () => {
    const running = await start(
      {
        watchRevocations: (_request, stream) => {
          stream.write(snapshot('e.1', ['t1', 't2'], { first: true, last: true }));
          stream.write(change('e.2', 'orders'));
        },
      },
      ['watch'],
    );
    await shows(running, 'client  orders  tokens below generation 7 are dead');
    await running.interrupt();
    const { exitCode, stderr, stdout } = await running.ended;
    expect(exitCode).to.equal(0);
    expect(stderr).to.contain('The ledger holds 2 entries');
    expect(stdout).to.not.contain('t1');
  });

  it('watch --json gives one JSON value a line, each with its cursor', async () => {
    const running = await start(
      {
        watchRevocations: (_request, stream) => {
          stream.write(snapshot('e.1', ['t1'], { first: true, last: true }));
          stream.write(change('e.2', 'orders'));
        },
      },
      ['watch', '--json'],
    );
    await shows(running, 'orders');
    await running.interrupt();
    const { stdout } = await running.ended;
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).to.deep.equal([
      {
        cursor: 'e.1',
        event: 'snapshot',
        revocations: [{ token_id: 't1', forget_at_seconds: 1 }],
        first: true,
        last: true,
      },
      { cursor: 'e.2', event: 'change', client_id: 'orders', generation: 7 },
    ]);
  });

  it('watch --ledger shows the whole ledger and ends by itself', async () => {
    const running = await start(
      {
        watchRevocations: (_request, stream) => {
          stream.write(snapshot('', ['t1'], { first: true, last: false }));
          stream.write(snapshot('e.1', ['t2'], { first: false, last: true }));
        },
      },
      ['watch', '--ledger'],
    );
    const { exitCode, stdout } = await running.ended;
    expect({ exitCode, stdout }).to.deep.equal({
      exitCode: 0,
      stdout: 'token   t1  is dead\ntoken   t2  is dead\n',
    });
  });

  it('watch goes on from the last cursor when the server goes away', async () => {
    const cursors: string[] = [];
    const running = await start(
      {
        watchRevocations: ({ cursor }, stream) => {
          cursors.push(cursor);
          stream.write(change(`e.${cursors.length}`, `client-${cursors.length}`));
          if (cursors.length < 3) stream.emit('error', gone);
        },
      },
      ['watch'],
    );
    await shows(running, 'client-3');
    await running.interrupt();
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).to.equal(0);
    expect(cursors).to.deep.equal(['', 'e.1', 'e.2']);
    expect(stderr).to.contain('The stream was cut: Draining.');
  });

  it('watch gives up on what would only be refused again', async () => {
    const running = await start({ watchRevocations: (_request, stream) => stream.emit('error', denied) }, [
      'watch',
    ]);
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).to.equal(4);
    expect(stderr).to.match(/^countersign: insufficient_scope: No\./);
  });

  it('watch gives up at once when it never got through', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const { exitCode } = await runCli(['watch', '--address', address], { env: CREDENTIAL });
    expect(exitCode).to.equal(5);
  });

  const event = (eventId: string, action: string, target = 'orders') => ({
    eventId,
    time: new Date('2026-05-01T12:00:00Z'),
    action,
    actor: 'ops',
    target,
    sourceAddress: '10.0.0.1',
    requestId: 'r',
    before: { allowed_scopes: ['a'], display_name: 'x' },
    after: { allowed_scopes: ['a', 'b'], display_name: 'x' },
    reason: '',
  });
  const trail = [
    event('9-10', 'RevokeClient'),
    event('9-9', 'UpdateClient', 'stock'),
    event('9-2', 'CreateClient'),
  ];
  const pages: Record<string, object> = {
    '': { events: trail.slice(0, 2), nextPageToken: 'p2' },
    p2: { events: trail.slice(2), nextPageToken: '' },
  };

  it('audit list shows acts newest first, and can be narrowed', async () => {
    service = await startFakeService({ listAuditEvents: ({ pageToken }) => pages[pageToken] });
    const env = { ...CREDENTIAL, COUNTERSIGN_ADDRESS: service.address };
    const all = await runCli(['audit', 'list', '--json'], { env });
    expect(JSON.parse(all.stdout).events.map((one: { event_id: string }) => one.event_id)).to.deep.equal([
      '9-10',
      '9-9',
      '9-2',
    ]);
    const some = await runCli(['audit', 'list', '--target', 'stock'], { env });
    expect(some.stdout).to.match(/^2026-05-01 12:00:00Z +UpdateClient +stock +ops +10\.0\.0\.1 +-$/m);
    expect(some.stdout.trimEnd().split('\n')).to.have.length(2);
  });

  it('audit list --changes shows what each act changed, and nothing that it did not', async () => {
    service = await startFakeService({
      listAuditEvents: () => ({ events: trail.slice(0, 1), nextPageToken: '' }),
    });
    const { stdout } = await runCli(['audit', 'list', '--changes'], {
      env: { ...CREDENTIAL, COUNTERSIGN_ADDRESS: service.address },
    });
    expect(stdout).to.contain('    allowed_scopes: ["a"] -> ["a","b"]\n').and.not.contain('display_name');
  });

  it('audit tail begins with the latest, oldest of them first, and follows without a gap', async () => {
    const running = await start(
      {
        listAuditEvents: () => ({ events: trail, nextPageToken: '' }),
        watchAuditEvents: (_request, stream) => stream.write({ event: event('10-1', 'DeleteClient') }),
      },
      ['audit', 'tail', '-n', '2', '--json'],
    );
    await shows(running, 'DeleteClient');
    await running.interrupt();
    const { exitCode, stdout } = await running.ended;
    expect(exitCode).to.equal(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).event_id),
    ).to.deep.equal(['9-9', '9-10', '10-1']);
    expect(service?.asked.at(-1)?.request).to.deep.equal({ afterEventId: '9-10' });
  });
});
