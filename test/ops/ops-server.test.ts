import { request } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { type OpsServer, type OpsSources, startOpsServer } from '../../src/ops/ops-server.js';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

function ask(port: number, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('the operations server', () => {
  let server: OpsServer;
  const start = async (changes: Partial<OpsSources> = {}): Promise<number> => {
    server = await startOpsServer({
      listen: { host: '127.0.0.1', port: 0 },
      ready: () => true,
      metrics: async () => '# TYPE a counter\na 1\n',
      ...changes,
    });
    return server.port;
  };
  afterEach(() => server.stop());

  it('is alive whatever the store does, and ready only while the store would answer for sure', async () => {
    let ready = false;
    const port = await start({ ready: () => ready });
    expect(await ask(port, '/livez')).to.include({ status: 200, body: '{"status":"alive"}\n' });
    expect(await ask(port, '/readyz')).to.include({ status: 503, body: '{"status":"not ready"}\n' });
    ready = true;
    expect(await ask(port, '/readyz')).to.include({ status: 200, body: '{"status":"ready"}\n' });
  });

  it("shows metrics in Prometheus' text format, never cached", async () => {
    const port = await start();
    const answer = await ask(port, '/metrics?x=y');
    expect(answer).to.include({ status: 200, body: '# TYPE a counter\na 1\n' });
    expect(answer.headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
    expect(answer.headers['cache-control']).to.equal('no-store');
  });

  it('answers GET and HEAD of three paths and nothing else', async () => {
    const port = await start();
    expect(await ask(port, '/livez', 'HEAD')).to.include({ status: 200, body: '' });
    for (const path of ['/', '/metrics/', '/livez/x', '/oauth/token', '/%2e%2e/metrics']) {
      expect(await ask(port, path)).to.have.property('status', 404);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
      const answer = await ask(port, '/readyz', method);
      expect(answer.status).to.equal(405);
      expect(answer.headers.allow).to.equal('GET, HEAD');
    }
  });

  it('does not say why metrics could not be gathered', async () => {
    const port = await start({ metrics: () => Promise.reject(new Error('redis://user:canary@host')) });
    const answer = await ask(port, '/metrics');
    expect(answer.status).to.equal(500);
    expect(answer.body).not.to.contain('canary');
    expect(Object.keys(answer.headers)).not.to.include('x-powered-by');
  });

  it('refuses more connections than scrapers and probes need', async () => {
    const port = await start();
    const idle = Array.from({ length: 64 }, () => connect(port, '127.0.0.1'));
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const refused = connect(port, '127.0.0.1');
    refused.on('error', () => undefined);
    await new Promise((resolve) => refused.once('close', resolve));
    for (const socket of idle) socket.destroy();
  });

  it('stops at once, however many are still connected', async () => {
    const port = await start();
    const idle = connect(port, '127.0.0.1');
    idle.on('error', () => undefined);
    await new Promise((resolve) => idle.once('connect', resolve));
    const cut = new Promise((resolve) => idle.once('close', resolve));
    await server.stop();
    await cut;
  });

  it('fails to start on a port that somebody has, and says so', async () => {
    const port = await start();
    const outcome = await startOpsServer({
      listen: { host: '127.0.0.1', port },
      ready: () => true,
      metrics: async () => '',
    }).catch((error: unknown) => error);
    expect(outcome).to.have.property('code', 'EADDRINUSE');
  });
});
