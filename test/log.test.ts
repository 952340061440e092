import { expect } from 'chai';
import { makeCallLog } from '../src/call-log.js';
import type { Call } from '../src/domain/call.js';
import { AuthError } from '../src/domain/errors.js';
import type { ClientId, TokenId } from '../src/domain/ids.js';
import { describeError, makeLogger, scrub } from '../src/log.js';

const SECRETS = [
  'v4.public.eyJzdWIiOiJhIn0abcdefghijklmnop.eyJraWQiOiJrNC5waWQifQ',
  'v2.local.abcdefghijklmnop',
  `cs_${'a1B2'.repeat(12)}`,
  `k4.secret.${'A'.repeat(86)}`,
  `k4.local.${'A'.repeat(43)}`,
  `k4.secret-wrap.pie.${'A'.repeat(60)}`,
];

const linesOf = (run: (log: ReturnType<typeof makeLogger>) => void): Record<string, unknown>[] => {
  const lines: string[] = [];
  run(makeLogger('info', { write: (line) => lines.push(line), flush: () => undefined }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};

describe('the log', () => {
  it('writes no secret, whatever field, message or error it hides in', () => {
    for (const secret of SECRETS) {
      const lines = linesOf((log) => {
        log.info({ deep: { deeper: [secret] } }, `said ${secret}`);
        log.error({ err: new Error(`x ${secret}`, { cause: new Error(secret) }) }, 'failed');
      });
      expect(JSON.stringify(lines), secret).not.to.contain(secret);
      expect(lines).to.have.length(2);
    }
  });

  it('blots out a password in an address and a credential in a header, and keeps the rest', () => {
    expect(scrub('connect rediss-cluster://user:hunter2@db:6379 failed')).to.equal(
      'connect rediss-cluster://[redacted]@db:6379 failed',
    );
    expect(scrub('authorization: Basic dXNlcjpodW50ZXIyMjIy')).to.equal('authorization: Basic [redacted]');
    expect(scrub('key k4.pid.abcdefghijklmnopqrstuvwxyz is active')).to.contain('k4.pid.abcdef');
  });

  it('tells an error by kind, words and cause, and nothing that a library hung on it', () => {
    const err = Object.assign(new Error('refused', { cause: new AuthError('conflict', 'moved') }), {
      code: 'ECONNREFUSED',
      config: { headers: { authorization: 'canary' } },
    });
    expect(JSON.stringify(describeError(err))).not.to.contain('canary');
    expect(describeError(err)).to.deep.include({ type: 'Error', message: 'refused', code: 'ECONNREFUSED' });
    expect(describeError('plain')).to.deep.equal({ message: 'plain' });
  });

  it('has one line for each call, with what really happened under the request id', () => {
    const call: Call = {
      requestId: 'r-1',
      door: 'grpc',
      sourceAddress: '127.0.0.1',
      credential: { kind: 'secret', clientId: 'a', secret: 'canary-secret' },
      facts: { clientId: 'a' as ClientId, tokenId: 't' as TokenId },
    };
    const lines = linesOf((log) => {
      const observer = makeCallLog(log);
      observer.finished(call, { rpc: 'IssueToken', code: 'ok', durationMs: 1.23456 });
      observer.finished(call, {
        rpc: 'IssueToken',
        code: 'internal',
        durationMs: 1,
        cause: new Error('truth'),
      });
    });
    expect(lines).to.have.length(2);
    expect(lines[0]).to.deep.include({
      level: 'info',
      request_id: 'r-1',
      rpc: 'IssueToken',
      code: 'ok',
      client_id: 'a',
      token_id: 't',
      ms: 1.235,
    });
    expect(lines[1]).to.deep.include({ level: 'error', code: 'internal' });
    expect(JSON.stringify(lines[1])).to.contain('truth');
    expect(JSON.stringify(lines)).not.to.contain('canary');
  });

  it('tells under which trace a call came', () => {
    const call: Call = {
      requestId: 'r-1',
      door: 'http',
      sourceAddress: '127.0.0.1',
      credential: { kind: 'none' },
      trace: { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), sampled: false },
      facts: {},
    };
    const [line] = linesOf((log) =>
      makeCallLog(log).finished(call, { rpc: 'IssueToken', code: 'ok', durationMs: 1 }),
    );
    expect(line).to.have.property('trace_id', 'c'.repeat(32));
  });

  it('leaves lines out in a flood of one kind, counts them, and still has those of other kinds', () => {
    const call: Call = {
      requestId: 'r',
      door: 'grpc',
      sourceAddress: '127.0.0.1',
      credential: { kind: 'none' },
      facts: {},
    };
    let nowMs = 0;
    const lines = linesOf((log) => {
      const observer = makeCallLog(log, { linesPerSecond: 3, monotonic: () => nowMs });
      const end = (code: 'ok' | 'invalid_client' | 'internal'): void =>
        observer.finished(call, { rpc: 'IssueToken', code, durationMs: 1 });
      for (let count = 0; count < 1000; count += 1) end('invalid_client');
      end('ok');
      end('internal');
      nowMs = 1000;
      end('invalid_client');
      end('invalid_client');
    });
    expect(lines.map(({ code, left_out }) => [code, left_out])).to.deep.equal([
      ['invalid_client', undefined],
      ['invalid_client', undefined],
      ['invalid_client', undefined],
      ['ok', undefined],
      ['internal', undefined],
      ['invalid_client', 997],
      ['invalid_client', undefined],
    ]);
  });
});
