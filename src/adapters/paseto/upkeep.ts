/** How far apart servers spread their upkeep, so that they do not all try the same change at once. */
const JITTER = 0.2;

/**
 * Runs a task again and again, each time about `everyMs` after the last one ended, and never two at once. Keeps no
 * process alive. A failure is told and does not end it. Answers a function that does.
 */
export function startUpkeep(
  task: () => Promise<unknown>,
  everyMs: number,
  onError: (err: unknown) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  const schedule = (): void => {
    if (ended) return;
    timer = setTimeout(run, everyMs * (1 + JITTER * (2 * Math.random() - 1)));
    timer.unref();
  };
  const run = (): void => {
    task()
      .catch((err: unknown) => {
        // What fails while everything is being closed is nobody's concern.
        if (!ended) onError(err);
      })
      .finally(schedule);
  };
  schedule();

  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
