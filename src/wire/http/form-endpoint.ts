import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Call } from '../../domain/call.js';
import { invalidRequest } from '../../domain/errors.js';
import { RPC_RULES, type RpcName } from '../../domain/permission.js';
import type { Admission, Place } from './admission.js';
import { type CREDENTIAL_PARAMETERS, credentialFrom, refuseCredentialsInQuery } from './credentials.js';
import { type Form, type FormShape, makeReadForm } from './form.js';
import { turnAway } from './gatekeeper.js';
import { JSON_TYPE, NO_STORE, type RefusalManner, refuse } from './refuse.js';
import type { RefusalExceptions } from './status.js';
import { Abandoned, type Tell } from './tell.js';

/** The longest body, in bytes. */
const MAX_BODY_BYTES = 64 * 1024;
const FORM_TYPE = 'application/x-www-form-urlencoded';

type CredentialParameter = (typeof CREDENTIAL_PARAMETERS)[number];

/** One endpoint that takes a form: what it knows of its parameters, and the use-case behind it. */
export interface FormEndpoint<Name extends string> {
  readonly path: string;
  readonly rpc: RpcName;
  readonly shape: FormShape<Name | CredentialParameter>;
  /** Whether a caller may come by `Authorization: Bearer`. */
  readonly acceptsBearer: boolean;
  readonly exceptions?: RefusalExceptions;
  /** The body of the 200; undefined for none. */
  answer(form: Form<Name | CredentialParameter>, call: Call): Promise<object | undefined>;
}

/**
 * The route of an endpoint. What it refuses, it refuses in this order: what the body cannot be by its type, its size
 * and its form, then who calls, and only then, in the use-case, what is asked for.
 */
export function makeFormRoute<Name extends string>(
  endpoint: FormEndpoint<Name>,
  tell: Tell,
  admission: Admission,
): Pick<RouteOptions, 'method' | 'handler' | 'errorHandler' | 'config'> {
  const { rpc } = endpoint;
  const readForm = makeReadForm(endpoint.shape);
  const accepts = { bearer: endpoint.acceptsBearer };
  const manner = mannerOf(endpoint);

  const serve = (request: FastifyRequest, reply: FastifyReply, place: Place): void => {
    let call = tell.callOf(request);
    const failed = (error: unknown): void => {
      place.leave(error);
      refuse(reply, error, manner);
      tell.ended(request, call, rpc, error);
    };
    try {
      // After a stall or a wait there may be many that nobody waits for any more: do not act for them.
      if (request.raw.socket.destroyed) throw new Abandoned();
      refuseCredentialsInQuery(request.raw.url ?? '');
      const form = readForm(bodyOf(request));
      call = { ...call, credential: credentialFrom(request.headers.authorization, form, accepts) };
      endpoint.answer(form, call).then((body) => {
        place.leave();
        // An empty body has the type, too: there are clients that take a 200 without it for an error.
        reply.code(200).headers(NO_STORE).type(JSON_TYPE);
        reply.send(body === undefined ? '' : JSON.stringify(body));
        tell.ended(request, call, rpc);
      }, failed);
    } catch (error) {
      failed(error);
    }
  };

  const handler = (request: FastifyRequest, reply: FastifyReply): void => {
    admission.enter(
      rpc,
      (place) => serve(request, reply, place),
      (error) => {
        refuse(reply, error, manner);
        tell.ended(request, tell.callOf(request), rpc, error);
      },
    );
  };

  // The body could not be had: the handler has not run.
  const errorHandler = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const refusal = bodyRefusalOf(error);
    if (refusal === undefined) refuse(reply, error, manner);
    else turnAway(reply, refusal.status, refusal.why);
    tell.ended(
      request,
      tell.callOf(request),
      rpc,
      refusal === undefined ? error : invalidRequest(refusal.why),
    );
  };

  return { method: 'POST', handler, errorHandler, config: { rpc } };
}

/** Lets a Fastify read bodies of the one type there is here, as bytes. */
export function acceptFormsOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    FORM_TYPE,
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (_request, body, done) => done(null, body),
  );
}

/** A request without a body has no type either, and comes as far as here. */
function bodyOf({ body, headers }: FastifyRequest): Buffer {
  if (!Buffer.isBuffer(body)) throw invalidRequest(WRONG_TYPE);
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') throw invalidRequest('The body must not be compressed.');
  return body;
}

function bodyRefusalOf(error: FastifyError): { status: number; why: string } | undefined {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return { status: 413, why: 'The body is longer than 64 KiB.' };
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return { status: 400, why: WRONG_TYPE };
  const status = error.statusCode ?? 500;
  return status < 500 ? { status: 400, why: 'The body did not arrive whole.' } : undefined;
}

const WRONG_TYPE = `The body must be ${FORM_TYPE}.`;

function mannerOf(endpoint: Pick<FormEndpoint<string>, 'rpc' | 'exceptions'>): RefusalManner {
  const rule = RPC_RULES[endpoint.rpc];
  const scope = rule === 'open' || rule === 'authenticated' ? undefined : rule;
  return {
    ...(endpoint.exceptions !== undefined && { exceptions: endpoint.exceptions }),
    ...(scope !== undefined && { scope }),
  };
}
