/** What threads for signatures run where the sources are not compiled. */
export const WORKERS = {
  signing: new URL('./signing-worker.mjs', import.meta.url),
  checking: new URL('./checking-worker.mjs', import.meta.url),
};
