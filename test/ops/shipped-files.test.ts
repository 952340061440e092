import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../src/config/settings.js';
import { makeMetrics } from '../../src/ops/metrics.js';
import { keyRing, storeMarker } from '../support/records.js';

const shipped = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string };
}
interface Panel {
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Every series that a server shows, with its labels. */
async function seriesOfServer(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const metrics = makeMetrics();
  metrics.show({
    ready: () => true,
    storeReady: () => true,
    keyRings: { read: async () => ({ marker: storeMarker(), ring: keyRing(), storeTimeMs: 1 }) },
    census: async () => ({ clients: 1, raisedGenerations: 1, revokedTokens: 1, auditEvents: 1 }),
    feed: () => ({ watchers: 0, unconfirmedMs: 1 }),
    tlsExpiresAtMs: () => 1,
  });
  const call = {
    requestId: '',
    door: 'grpc' as const,
    sourceAddress: '',
    credential: { kind: 'none' as const },
    facts: {},
  };
  metrics.observer.finished(call, { rpc: 'IssueToken', code: 'slow_down', durationMs: 1 });
  metrics.store.failed('ledger.look', 1);
  const text = await metrics.render();
  metrics.close();
  const series = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z0-9_]+)(?:\{(.*)\})? /gm)) {
    const known = series.get(name) ?? new Set<string>();
    for (const [, label = ''] of labels.matchAll(/([a-z_]+)="/g)) known.add(label);
    series.set(name, known);
  }
  return series;
}

describe('what is shipped for operators', () => {
  const { groups } = parse(shipped('ops/prometheus-rules.yml')) as {
    groups: readonly { readonly rules: readonly Alert[] }[];
  };
  const alerts = groups.flatMap(({ rules }) => rules);
  const { panels } = JSON.parse(shipped('ops/grafana-dashboard.json')) as { panels: readonly Panel[] };
  const queries = [
    ...alerts.map(({ alert, expr }) => [alert, expr] as const),
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ];

  it('asks only for metrics that exist, by labels that they have', async () => {
    const series = await seriesOfServer();
    const wrong: string[] = [];
    for (const [where, expr] of queries) {
      for (const [, name = '', , matchers = ''] of expr.matchAll(
        /\b((?:countersign|process|nodejs)_[a-z0-9_]+)(\{([^}]*)\})?/g,
      )) {
        const labels = series.get(name);
        if (labels === undefined) wrong.push(`${where}: ${name}`);
        for (const [, label = ''] of matchers.matchAll(/([a-z_]+)\s*[=!]/g)) {
          if (label !== 'instance' && !labels?.has(label)) wrong.push(`${where}: ${name} by ${label}`);
        }
      }
      const [opened, closed] = [expr.match(/[({[]/g), expr.match(/[)}\]]/g)];
      if (opened?.length !== closed?.length) wrong.push(`${where}: brackets`);
    }
    expect(wrong).to.deep.equal([]);
    expect(queries.length).to.be.greaterThan(35);
  });

  it('shows every metric of ours somewhere', async () => {
    const all = queries.map(([, expr]) => expr).join('\n');
    const unseen = [...(await seriesOfServer()).keys()]
      .filter((name) => name.startsWith('countersign_'))
      .filter((name) => !all.includes(name.replace(/_(count|sum)$/, '_bucket')));
    expect(unseen).to.deep.equal([]);
  });

  it('wakes people or files a ticket, and says what to do', () => {
    for (const { alert, labels, annotations } of alerts) {
      expect(labels.severity, alert).to.be.oneOf(['page', 'ticket']);
      expect(annotations.summary, alert).to.be.a('string').and.not.equal('');
      expect(annotations.action.length, alert).to.be.greaterThan(20);
    }
    expect(new Set(alerts.map(({ alert }) => alert)).size).to.equal(alerts.length);
  });
});

interface Manifest {
  readonly kind: string;
  readonly spec: Record<string, unknown>;
}

describe('the Kubernetes example', () => {
  const documents = parseAllDocuments(shipped('ops/kubernetes.yaml'));
  const manifests = documents
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
  const deployment = manifests.find(({ kind }) => kind === 'Deployment')?.spec as unknown as {
    replicas: number;
    selector: { matchLabels: Record<string, string> };
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        terminationGracePeriodSeconds: number;
        automountServiceAccountToken: boolean;
        securityContext: Record<string, unknown>;
        volumes: readonly { name: string }[];
        containers: readonly {
          env: readonly { name: string; value: string }[];
          ports: readonly { name: string; containerPort: number }[];
          securityContext: Record<string, unknown>;
          volumeMounts: readonly { name: string; mountPath: string }[];
          readinessProbe: { httpGet: { path: string; port: string } };
          livenessProbe: { httpGet: { path: string; port: string } };
        }[];
      };
    };
  };
  const { spec } = deployment.template;
  const container = spec.containers[0]!;
  const settingOf = (name: string): string | undefined =>
    container.env.find((variable) => variable.name === name)?.value;

  it('is well-formed, and its parts select the same pods', () => {
    expect(documents.flatMap(({ errors }) => errors)).to.deep.equal([]);
    expect(manifests.map(({ kind }) => kind)).to.include.members([
      'Deployment',
      'Service',
      'PodDisruptionBudget',
      'NetworkPolicy',
    ]);
    const { labels } = deployment.template.metadata;
    expect(deployment.selector.matchLabels).to.deep.equal(labels);
    for (const { kind, spec: own } of manifests) {
      const selector = { Service: own?.selector, PodDisruptionBudget: own?.selector }[kind] as
        | Record<string, unknown>
        | undefined;
      if (selector !== undefined) expect(selector.matchLabels ?? selector, kind).to.deep.equal(labels);
    }
  });

  it('sets only what there is to set, and every secret as a file from a volume', () => {
    for (const { name, value } of container.env) {
      const setting = name.replace(/(?<!TLS_(?:CERT|KEY|CLIENT_CA)|REDIS_CA)_FILE$/, '');
      expect(SETTINGS, name).to.have.property(setting);
      if ('secret' in SETTINGS[setting as keyof typeof SETTINGS]) {
        expect(name).to.match(/_FILE$/);
        expect(container.volumeMounts.some(({ mountPath }) => value.startsWith(mountPath))).to.equal(true);
      }
    }
    const volumes = spec.volumes.map(({ name }) => name);
    expect(container.volumeMounts.map(({ name }) => name)).to.have.members(volumes);
  });

  it('listens where its ports and probes are', () => {
    const ports = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]));
    expect(settingOf('COUNTERSIGN_GRPC_LISTEN')).to.equal(`0.0.0.0:${ports.grpc}`);
    expect(settingOf('COUNTERSIGN_HTTP_LISTEN')).to.equal(`0.0.0.0:${ports.https}`);
    expect(settingOf('COUNTERSIGN_OPS_LISTEN')).to.equal(`0.0.0.0:${ports.ops}`);
    expect(container.readinessProbe.httpGet).to.deep.equal({ path: '/readyz', port: 'ops' });
    expect(container.livenessProbe.httpGet).to.deep.equal({ path: '/livez', port: 'ops' });
  });

  it('leaves time to drain, runs as nobody, and survives the loss of a node', () => {
    const grace = Number(settingOf('COUNTERSIGN_DRAIN_GRACE_SECONDS'));
    expect(spec.terminationGracePeriodSeconds).to.be.greaterThan(grace + 10 + 5);
    expect(deployment.replicas).to.be.greaterThan(1);
    expect(spec.automountServiceAccountToken).to.equal(false);
    expect(spec.securityContext).to.deep.include({ runAsNonRoot: true });
    expect(container.securityContext).to.deep.equal({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});
