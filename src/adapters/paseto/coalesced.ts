/**
 * Makes a function that runs one at a time, however many call it, and gives each caller the result of a run that began
 * after it called. So a crowd costs two runs, and nobody gets an answer older than their question.
 */
export function coalesced<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  function start(): Promise<T> {
    const mine = run().finally(() => {
      if (running === mine) running = undefined;
    });
    running = mine;
    return mine;
  }

  return () => {
    if (running === undefined) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        // Whoever came just as the last run ended may have begun the next one, which is as good.
        return running ?? start();
      });
    return next;
  };
}
