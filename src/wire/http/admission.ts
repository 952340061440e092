import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuthError, temporarilyUnavailable } from '../../domain/errors.js';
import type { RpcName } from '../../domain/permission.js';
import type { CallObserver } from '../call-observer.js';
import { type Crowd, isUrgent, TOO_MANY } from '../crowd.js';
import { refuse } from './refuse.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a request to this route asks for; left out where it is no work. */
    readonly rpc?: RpcName;
  }
}

/** Lets requests in as the crowd has room for them. */
export interface Admission {
  /** Refuses a request of which nothing but the head was read, while there are too many. Answers whether it did. */
  turnsAway(request: FastifyRequest, reply: FastifyReply): boolean;
  /** Does the work now or in its turn; it has to call {@link Place.leave} once. `failed` hears that there is no turn. */
  enter(rpc: RpcName, work: (place: Place) => void, failed: (error: unknown) => void): void;
}

/** A place in the crowd. */
export interface Place {
  /** Gives it up; `error` is what the work failed with, if it did. */
  leave(error?: unknown): void;
}

export function makeAdmission(crowd: Crowd, observer: CallObserver): Admission {
  const place: Place = { leave: (error) => crowd.leave(outageIn(error)) };

  return {
    turnsAway: (request, reply) => {
      if (!crowd.isTurningAway) return false;
      const { rpc } = request.routeOptions.config;
      if (rpc === undefined || isUrgent(rpc)) return false;
      refuse(reply, TOO_MANY);
      observer.turnedAway?.(rpc, 'http');
      return true;
    },
    enter: (rpc, work, failed) => {
      const urgent = isUrgent(rpc);
      if (crowd.enter(urgent)) work(place);
      else crowd.wait(urgent).then(() => work(place), failed);
    },
  };
}

/** What those in line would meet, too. */
const outageIn = (error: unknown): AuthError | undefined =>
  error instanceof AuthError && error.code === 'temporarily_unavailable'
    ? temporarilyUnavailable()
    : undefined;
