import type { FastifyReply, FastifyRequest } from 'fastify';
import { requestIdFrom } from '../request-id.js';
import type { Admission } from './admission.js';
import { JSON_TYPE, NO_STORE, refusalBody } from './refuse.js';

/** Refuses what no endpoint would look at, before a byte of the body is read; else lets the request on. */
export type Gatekeeper = (request: FastifyRequest, reply: FastifyReply, next: () => void) => void;

/** Headers that count once, by the length of their names, which is quicker to compare. */
const SINGLE = new Map(['host', 'content-type', 'authorization'].map((name) => [name.length, name]));

/**
 * Stands before the router's choice. Node keeps the first of a repeated header and drops the rest without a word, so
 * that two `Authorization` headers would pass for one, and a proxy may have looked at the other (RFC 9110 section 5.3).
 */
export function makeGatekeeper(
  methodsByPath: ReadonlyMap<string, string>,
  isLeaving: () => boolean,
  turnsAway: Admission['turnsAway'],
): Gatekeeper {
  return (request, reply, next) => {
    request.arrivedMs = performance.now();
    request.requestId = requestIdFrom(request.headers['x-request-id']);
    reply.header('x-request-id', request.requestId);
    if (isLeaving()) reply.header('connection', 'close');

    if (turnsAway(request, reply)) return;
    const { raw } = request;
    if (raw.headers.host === undefined && raw.httpVersion === '1.1') {
      return turnAway(reply, 400, 'The Host header is missing.');
    }
    if (repeatsSingleHeader(raw.rawHeaders)) {
      return turnAway(reply, 400, 'A header that counts once is there twice.');
    }
    if (request.is404) {
      const allow = methodsByPath.get(pathOf(raw.url ?? ''));
      if (allow === undefined) return turnAway(reply, 404, 'There is nothing here.');
      reply.header('allow', allow);
      return turnAway(reply, 405, `The method must be ${allow.replace(', ', ' or ')}.`);
    }
    next();
  };
}

/**
 * Ends a request that never became a call of an endpoint. The connection goes too: whatever else of the request is on
 * its way is not read.
 */
export function turnAway(reply: FastifyReply, status: number, why: string): void {
  reply.code(status).headers(NO_STORE).type(JSON_TYPE).header('connection', 'close');
  reply.send(refusalBody(status === 404 ? 'not_found' : 'invalid_request', why));
}

function repeatsSingleHeader(rawHeaders: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const single = SINGLE.get(name.length);
    if (single === undefined || name.toLowerCase() !== single) continue;
    if (seen.has(single)) return true;
    seen.add(single);
  }
  return false;
}

/** Without query, and without scheme and host where the target is in absolute form (RFC 9112 section 3.2.2). */
const pathOf = (target: string): string => target.replace(/^https?:\/\/[^/?]*/i, '').replace(/\?.*$/s, '');
