/**
 * Watches what every server of the whole run writes to its log, for anything that looks like a secret or a whole token.
 * The root hook fails the run if anything did, whichever test it was in.
 */
const SECRET =
  /cs_[A-Za-z0-9]{20,}|v4\.public\.[\w-]{40,}|k4\.(?:local|secret|secret-wrap|local-wrap)\.[\w.-]{20,}/;

const leaks: string[] = [];
let lines = 0;

/** Looks at lines of a log; what is not JSON is for people, and may be the one place where a secret is shown. */
export function watchLog(text: string): void {
  for (const line of text.split('\n')) {
    if (!line.startsWith('{')) continue;
    lines += 1;
    if (SECRET.test(line)) leaks.push(line.slice(0, 300));
  }
}

/** Fails when a secret was written; answers how many lines were looked at. */
export function assertNoLeaks(): number {
  if (leaks.length > 0) throw new Error(`A log holds secrets:\n${leaks.slice(0, 5).join('\n')}`);
  return lines;
}
