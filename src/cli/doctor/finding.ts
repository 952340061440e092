/** One thing that doctor looked at, what it found, and what to do about it. */
export interface Finding {
  /** Such as `settings` or `clock`. */
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly finding: string;
  /** Undefined when all is well. */
  readonly advice: string | undefined;
}

export const ok = (check: string, finding: string): Finding => ({
  check,
  status: 'ok',
  finding,
  advice: undefined,
});

export const warn = (check: string, finding: string, advice: string): Finding => ({
  check,
  status: 'warn',
  finding,
  advice,
});

export const fail = (check: string, finding: string, advice: string): Finding => ({
  check,
  status: 'fail',
  finding,
  advice,
});
