import type { RunningApp } from './app.js';
import type { MetricsSnapshot } from './ops/metrics.js';

/** What the first process tells a worker. */
export type ToWorker = { readonly kind: 'stop' } | { readonly kind: 'tell-metrics'; readonly id: number };

/** What a worker tells the first process. */
export type FromWorker =
  | { readonly kind: 'serving' }
  | { readonly kind: 'ready'; readonly ready: boolean }
  | { readonly kind: 'metrics'; readonly id: number; readonly snapshot: MetricsSnapshot };

/** Says something to the first process, which may be gone. */
export function tellFirst(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/**
 * The worker's half of serving with several processes (see `workers.ts`): the app is the same as in a process by
 * itself, and this lets the first process know how it is and end it. (When the first process is gone, Node ends its
 * workers at once.)
 */
export function answerFirst(app: RunningApp, stop: () => void): void {
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') stop();
    else {
      void app
        .metrics()
        .then((snapshot) => tellFirst({ kind: 'metrics', id: message.id, snapshot }))
        .catch(() => undefined);
    }
  });
  tellFirst({ kind: 'serving' });
}
