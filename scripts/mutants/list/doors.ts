import { type Mutant, mutant } from '../mutant.js';

/** Faults at the doors. */
export const DOORS: readonly Mutant[] = [
  mutant(
    'a connection may reset as many calls as it likes',
    'src/wire/grpc/reset-budget.ts',
    ['if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.#spend(session);', ''],
    ['wire/grpc/reset-budget', 'wire/grpc/server'],
    [
      'a connection whose calls are reset faster than anybody gives up is ended once, and never while it is being read: Node would abort',
      'ends a connection that begins calls only to reset them, and runs few of them',
    ],
  ),
  mutant(
    'nobody asks whether a connection that broke the protocol is still there',
    'src/wire/grpc/limits.ts',
    ["'grpc.keepalive_time_ms': limits.keepaliveMs,", "'grpc.keepalive_time_ms': 2_000_000_000,"],
    ['wire/grpc/server'],
    ['takes back the descriptor of a connection that broke the protocol and then left'],
  ),
  mutant(
    'a form may have a parameter twice',
    'src/wire/http/form.ts',
    ['if (seen.has(name) && !repeatable.has(name)) throw', 'if (seen.has(name) && repeatable.has("")) throw'],
    ['wire/http/form'],
    ['the form reader refuses a recognised parameter that is there twice, whichever way it is written'],
  ),
  mutant(
    'of two credentials one goes unchecked, over HTTP',
    'src/wire/http/credentials.ts',
    ['if (inBody.length > (inHeader === undefined ? 1 : 0)) {', 'if (inBody.length > 3) {'],
    ['wire/http/gateway', 'wire/http/two-doors'],
    ['the two doors on the embedded store give the same verdict on the same request, code by code'],
  ),
  mutant(
    'of two credentials one goes unchecked, over gRPC',
    'src/wire/grpc/credential.ts',
    [
      "if (call.credential.kind !== 'none') throw invalidRequest",
      'if (call === undefined) throw invalidRequest',
    ],
    ['wire/grpc/token-service', 'wire/grpc/credentials'],
    [
      'a credential over gRPC in the message and in the metadata at once is refused, even the same and even in part',
    ],
  ),
  mutant(
    'of two authorization entries the first counts, over gRPC',
    'src/wire/grpc/credential.ts',
    ['if (entries.length > 1 || typeof', 'if (typeof'],
    ['wire/grpc/credentials'],
    ['a credential over gRPC sent twice is refused, whichever of the two is good'],
  ),
  mutant(
    'of two Authorization headers the first counts, over HTTP',
    'src/wire/http/gatekeeper.ts',
    ['if (seen.has(single)) return true;', ''],
    ['wire/http/matrix'],
    ['on the embedded store T12d: two Authorization headers'],
  ),
  mutant(
    'a credential may stand in the URI',
    'src/wire/http/form-endpoint.ts',
    ["refuseCredentialsInQuery(request.raw.url ?? '');", 'void refuseCredentialsInQuery;'],
    ['wire/http/matrix'],
    ['on the embedded store T15: credentials in the query'],
  ),
  mutant(
    'Basic credentials are decoded as laxly as Node does',
    'src/wire/basic-credentials.ts',
    ["if (bytes.toString('base64') !== encoded) return undefined;", ''],
    ['wire/basic-credentials'],
    ['Basic credentials with base64 without its padding are none'],
  ),
  mutant(
    'the revocation endpoint says 200 though the store refused',
    'src/wire/http/revoke.ts',
    [
      "await revokeToken({ token: form.one('token') }, call);",
      "await revokeToken({ token: form.one('token') }, call).catch(() => undefined);",
    ],
    ['wire/http/gateway'],
    ['the HTTP gateway says nothing of an unexpected error, and gives the truth to the observer'],
  ),
  mutant(
    'a message that goes on behind its end is read',
    'src/wire/grpc/decode-request.ts',
    ['reader.pos === bytes.length && ', ''],
    ['wire/grpc/messages'],
    ['a message over gRPC IssueToken that goes on after a zero tag is refused as malformed'],
  ),
  mutant(
    'a message of any size is read',
    'src/wire/grpc/decode-request.ts',
    ['if (bytes.length > maxBytes) throw', 'if (maxBytes < 0) throw'],
    ['wire/grpc/messages'],
    ['a message over gRPC with a secret of 1 MB, or of more, ends in an error that is not ours alone'],
  ),
  mutant(
    'callers see what an error of ours says',
    'src/wire/grpc/status.ts',
    ['details: INTERNAL_MESSAGE', 'details: String(error)'],
    ['wire/grpc/handlers'],
    [
      'a handler over gRPC that throws is answered with a fixed sentence; the truth goes to the observer under the request id',
    ],
  ),
  mutant(
    'a handler that never settles leaves its caller waiting',
    'src/wire/grpc/unary-call.ts',
    [
      'this.#timer = setTimeout(expire, door.callTimeoutMs, this);',
      'this.#timer = setTimeout(expire, 2 ** 30, this);',
    ],
    ['wire/grpc/handlers'],
    [
      'a handler over gRPC that never settles is answered by the server itself, and what it does later reaches nobody',
    ],
  ),
  mutant(
    'a guarded RPC reads a message before anybody has said who they are',
    'src/wire/grpc/register-service.ts',
    [
      "RPC_RULES[rpc] === 'open' ? credentialFromMetadata : requiredCredential",
      'requiredCredential ? credentialFromMetadata : requiredCredential',
    ],
    ['wire/grpc/messages', 'wire/grpc/rules'],
    ['a message over gRPC IntrospectToken without a credential is not even read, where one is needed'],
  ),
  mutant(
    'anybody’s X-Forwarded-For is believed',
    'src/wire/http/source-address.ts',
    ['while (isTrusted(source)) {', 'while (hops.length > 0 || isTrusted(source)) {'],
    ['wire/http/source-address'],
    ['the source address of an HTTP call is the connection’s, where that is no trusted proxy'],
  ),
];
