import type { History, Operation } from './history.js';
import type { Testimony } from './witness.js';

/** One broken promise, with the operations that show it. */
export interface Violation {
  readonly invariant: 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8';
  readonly what: string;
  readonly operations: readonly Operation[];
}

export interface Bounds {
  /** How long after a revocation's answer a verifier may still accept, in ms. */
  readonly verifierMs: number;
  /** The longest that any call may take, in ms. */
  readonly settleMs: number;
  /** From when on everything is asked about for the last time, after all harm is over; undefined: no such pass. */
  readonly finalFromMs?: number;
}

/** The promise of an offline verifier; and a call's cap of 1 s, doubled, because the machine has others to serve too. */
export const DEFAULT_BOUNDS: Bounds = { verifierMs: 1500, settleMs: 2000 };

/** Where the server itself is stopped or cut off, nothing but the caller's own deadline ends a call. */
export const SILENT_SERVER_BOUNDS: Bounds = { ...DEFAULT_BOUNDS, settleMs: 4000 };

/** What a store in trouble may be answered with, and a caller that is gone. */
const HONEST_CODES: ReadonlySet<string> = new Set([
  'temporarily_unavailable',
  'slow_down',
  'UNAVAILABLE',
  'RESOURCE_EXHAUSTED',
  'DEADLINE_EXCEEDED',
]);

/** What a server may take beyond what it had when it was ready, in MB: caches fill, and Node lets rubbish lie for a while. */
export const DEFAULT_GROWTH_MB = 100;

const REVOKING = new Set<Operation['kind']>(['revokeToken', 'revokeClient', 'revokeClientTokens']);

/**
 * Judges a history. What is `unknown` may have happened at any time from when it was sent on, or never; so it excuses
 * both answers and proves neither.
 *
 * I1 no introspection says active that began after a revocation of its token was answered, and no revoked client gets
 *    a token
 * I2 no verifier accepts a token later than the bound after that
 * I3 as I1, in the final pass: no answered revocation is missing once all harm is over
 * I4 no token is called dead that nothing revoked
 * I5 what fails, fails with a code that says so
 * I6 every call settles in time
 */
export function check(history: History, bounds: Bounds): readonly Violation[] {
  const byClient = new Map<string, Operation[]>();
  for (const operation of history.operations) {
    const before = byClient.get(operation.clientId);
    if (before === undefined) byClient.set(operation.clientId, [operation]);
    else before.push(operation);
  }
  return [
    ...[...byClient.values()].flatMap((operations) => checkClient(operations, bounds)),
    ...history.operations.flatMap((operation) => checkAnswer(operation, bounds)),
  ];
}

/**
 * Judges what was seen besides the calls.
 *
 * I7 no server takes more memory than the bound beyond what it began with
 * I8 no secret stands in a log, an answer or a page of metrics
 */
export function checkTestimony({ memory, leaks }: Testimony, mostGrowthMb: number): readonly Violation[] {
  return [
    ...memory
      .filter(({ beganMb, mostMb }) => mostMb - beganMb > mostGrowthMb)
      .map(({ server, beganMb, mostMb }) => ({
        invariant: 'I7' as const,
        what: `${server} grew from ${Math.round(beganMb)} to ${Math.round(mostMb)} MB`,
        operations: [],
      })),
    ...leaks.map(({ where, secret }) => ({
      invariant: 'I8' as const,
      what: `${secret} in ${where}`,
      operations: [],
    })),
  ];
}

function checkClient(operations: readonly Operation[], bounds: Bounds): Violation[] {
  const issued = new Map<string, Operation>();
  for (const one of operations) {
    if (one.kind === 'issue' && one.tokenId !== undefined) issued.set(one.tokenId, one);
  }
  const revocations = operations.filter(({ kind }) => REVOKING.has(kind));
  const reinstatements = operations.filter(({ kind }) => kind === 'reinstateClient');
  const violations: Violation[] = [];

  for (const asked of operations) {
    if (asked.kind === 'issue') violations.push(...checkIssue(asked, revocations, reinstatements));
    if (asked.kind !== 'introspect' && asked.kind !== 'verify') continue;
    if (asked.outcome.kind !== 'ok') continue;
    const issue = issued.get(asked.tokenId);
    if (asked.outcome.verdict === 'active') {
      const slackMs = asked.kind === 'verify' ? bounds.verifierMs : 0;
      const cause = revocations.find(
        (one) =>
          one.outcome.kind === 'ok' &&
          certainlyCovers(one, asked.tokenId, issue) &&
          asked.sentMs > one.answeredMs + slackMs,
      );
      if (cause !== undefined) {
        const isFinal = bounds.finalFromMs !== undefined && asked.sentMs >= bounds.finalFromMs;
        violations.push({
          invariant: isFinal ? 'I3' : asked.kind === 'verify' ? 'I2' : 'I1',
          what: `a token was accepted ${Math.round(asked.sentMs - cause.answeredMs)} ms after its revocation was answered`,
          operations: [cause, asked, ...(issue === undefined ? [] : [issue])],
        });
      }
    } else if (!revocations.some((one) => possiblyCovers(one, asked, issue))) {
      violations.push({
        invariant: 'I4',
        what: 'a token was called dead that nothing had revoked',
        operations: [asked, ...(issue === undefined ? [] : [issue])],
      });
    }
  }
  return violations;
}

/** A revoked client gets no token until it is reinstated, and is not called revoked before. */
function checkIssue(
  issue: Operation,
  revocations: readonly Operation[],
  reinstatements: readonly Operation[],
): Violation[] {
  const marking = revocations.filter(({ kind }) => kind === 'revokeClient');
  if (issue.outcome.kind === 'ok') {
    const cause = marking.findLast((one) => one.outcome.kind === 'ok' && one.answeredMs < issue.sentMs);
    const isLifted = (one: Operation): boolean =>
      one.sentMs < issue.answeredMs &&
      one.outcome.kind !== 'refused' &&
      (one.outcome.kind === 'unknown' || one.answeredMs > (cause?.sentMs ?? 0));
    if (cause === undefined || reinstatements.some(isLifted)) return [];
    return [{ invariant: 'I1', what: 'a revoked client was given a token', operations: [cause, issue] }];
  }
  if (issue.outcome.kind !== 'refused' || issue.outcome.code !== 'invalid_client') return [];
  if (marking.some(({ sentMs }) => sentMs < issue.answeredMs)) return [];
  return [{ invariant: 'I4', what: 'a client was refused that nothing had revoked', operations: [issue] }];
}

/** Whether a revocation, once it took effect, must have killed the token: it was issued before the revocation began. */
function certainlyCovers(one: Operation, tokenId: string, issue: Operation | undefined): boolean {
  if (one.kind === 'revokeToken') return one.tokenId === tokenId;
  return issue !== undefined && issue.answeredMs < one.sentMs;
}

/** Whether a revocation, answered or not, may have killed the token before the answer that called it dead. */
function possiblyCovers(one: Operation, asked: Operation, issue: Operation | undefined): boolean {
  if (one.sentMs > asked.answeredMs) return false;
  if (one.kind === 'revokeToken') return 'tokenId' in asked && one.tokenId === asked.tokenId;
  if (one.outcome.kind === 'refused' && !HONEST_CODES.has(one.outcome.code)) return false;
  // One that was answered before the token was asked for had raised the generation that the token then got.
  const settledMs = one.outcome.kind === 'ok' ? one.answeredMs : Number.POSITIVE_INFINITY;
  return issue === undefined || settledMs > issue.sentMs;
}

function checkAnswer(operation: Operation, bounds: Bounds): Violation[] {
  const { outcome, sentMs, answeredMs } = operation;
  const violations: Violation[] = [];
  if (outcome.kind === 'refused' && !isExpected(operation, outcome.code)) {
    violations.push({ invariant: 'I5', what: `failed with ${outcome.code}`, operations: [operation] });
  }
  if (answeredMs - sentMs > bounds.settleMs) {
    violations.push({
      invariant: 'I6',
      what: `took ${Math.round(answeredMs - sentMs)} ms`,
      operations: [operation],
    });
  }
  return violations;
}

/** A revoked client is refused by name; everything else that fails must say that it failed. */
const isExpected = ({ kind }: Operation, code: string): boolean =>
  HONEST_CODES.has(code) || (kind === 'issue' && code === 'invalid_client') || code === 'conflict';
