import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  IntrospectTokenRequest,
  IssueTokenRequest,
} from '../../src/wire/gen/countersign/v1/token_service.js';
import { forged } from '../support/forged.js';
import {
  callFields,
  END_HEADERS,
  END_STREAM,
  FRAME,
  fieldBlock,
  frame,
  message,
  openRaw,
} from '../support/h2-frames.js';

/** Calls of strangers, as many at once as can be, from many addresses: what a server does for those it does not know. */
export interface StrangerOrder {
  readonly port: number;
  /** Addresses 127.0.0.2 and on, a connection each. */
  readonly sources: number;
  /** Calls at once on each connection. */
  readonly atOnce: number;
  readonly seconds: number;
  /** Whether they keep to what the server allows them at once, as every HTTP/2 library does by itself. */
  readonly obeys: boolean;
  readonly kinds: readonly StrangerKind[];
  /** One that exists. */
  readonly clientId: string;
  /** A good one, to be spoilt. */
  readonly token: string;
}

interface Request {
  readonly path: string;
  readonly authorization?: string;
  readonly body: Uint8Array;
}

type Facts = Pick<StrangerOrder, 'clientId' | 'token'>;

const ISSUE = '/countersign.v1.TokenService/IssueToken';
const INTROSPECT = '/countersign.v1.TokenService/IntrospectToken';
/** Shaped like a secret of ours. */
const GUESS = `cs_${'A'.repeat(49)}`;
/** Twice what a token may be, and as long as fits into a header that is still read. */
const OVERSIZE = 8192;

const issue = (clientId: string, clientSecret: string): Request => ({
  path: ISSUE,
  body: IssueTokenRequest.encode(IssueTokenRequest.fromPartial({ clientId, clientSecret })).finish(),
});
const introspect = (authorization: string, token = 'x'): Request => ({
  path: INTROSPECT,
  authorization,
  body: IntrospectTokenRequest.encode({ token }).finish(),
});
const guessFor = (clientId: string): string =>
  `Basic ${Buffer.from(`${clientId}:${GUESS}`).toString('base64')}`;

const KINDS = {
  'wrong secret': ({ clientId }: Facts): Request => issue(clientId, GUESS),
  'unknown client': (_: Facts, n: number): Request => issue(`nobody-${n}`, GUESS),
  'wrong secret, as Basic': ({ clientId }: Facts): Request => introspect(guessFor(clientId)),
  'wrong secret, about a forged token': ({ clientId, token }: Facts): Request =>
    introspect(guessFor(clientId), forged(token)),
  'forged token': ({ token }: Facts): Request => introspect(`Bearer ${forged(token)}`),
  'oversized token': (): Request => introspect(`Bearer v4.public.${'A'.repeat(OVERSIZE)}`),
  'no credential': (): Request => ({ ...introspect(''), authorization: '' }),
} as const satisfies Record<string, (facts: Facts, n: number) => Request>;

export type StrangerKind = keyof typeof KINDS;

export const STRANGER_KINDS = Object.keys(KINDS) as readonly StrangerKind[];

/** Of a connection (RFC 9113 section 6.9.2). */
const FIRST_WINDOW = 65_535;

async function callWithoutEnd(order: StrangerOrder, localAddress: string, first: number): Promise<number> {
  const { port, seconds, kinds, obeys } = order;
  let { atOnce } = order;
  const connection = await openRaw(port, localAddress);
  const endMs = performance.now() + seconds * 1000;
  let room = FIRST_WINDOW;
  let under = 0;
  let stream = 1;
  let ended = 0;
  let isAsking = false;
  const begin = (): void => {
    const bytes: Buffer[] = [];
    while (under < atOnce && room > OVERSIZE) {
      const n = first + stream;
      const kind = kinds[(n >> 1) % kinds.length] as StrangerKind;
      const { path, authorization = '', body } = KINDS[kind](order, n) as Request;
      const fields = callFields(path);
      const block = fieldBlock(authorization === '' ? fields : [...fields, ['authorization', authorization]]);
      const content = message(body);
      bytes.push(
        frame(FRAME.headers, END_HEADERS, stream, block),
        frame(FRAME.data, END_STREAM, stream, content),
      );
      room -= content.length;
      under += 1;
      stream += 2;
    }
    if (bytes.length > 0) connection.socket.write(Buffer.concat(bytes));
  };
  return new Promise((resolve) => {
    const stop = (): void => {
      connection.socket.destroy();
      resolve(ended);
    };
    connection.socket.once('close', stop);
    setTimeout(stop, seconds * 1000);
    connection.onFrame = (type, flags, of, payload) => {
      if (type === FRAME.settings && flags === 0 && obeys) {
        atOnce = Math.min(order.atOnce, maxConcurrentIn(payload) ?? atOnce);
        connection.socket.write(frame(FRAME.settings, ACK, 0));
      }
      if (type === FRAME.windowUpdate && of === 0) room += payload.readUInt32BE(0);
      if ((type === FRAME.headers && (flags & END_STREAM) !== 0) || type === FRAME.rstStream) {
        under -= 1;
        ended += 1;
      }
      // One write for all that came at once.
      if (isAsking) return;
      isAsking = true;
      setImmediate(() => {
        isAsking = false;
        if (performance.now() < endMs) begin();
      });
    };
    begin();
  });
}

const ACK = 1;
const MAX_CONCURRENT_STREAMS = 3;

/** What SETTINGS say of calls at once (section 6.5.2), if they do. */
function maxConcurrentIn(payload: Buffer): number | undefined {
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    if (payload.readUInt16BE(at) === MAX_CONCURRENT_STREAMS) return payload.readUInt32BE(at + 2);
  }
  return undefined;
}

const ME = fileURLToPath(import.meta.url);

/** Calls as ordered, from a process of its own; answers how many calls were ended, one way or another. */
export function callAsStrangers(order: StrangerOrder): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = fork(ME, [JSON.stringify(order)], { execArgv: ['--import=tsx'] });
    child.once('message', (ended) => resolve(Number(ended)));
    child.once('exit', (code) => reject(new Error(`the flooder ended with ${code}`)));
  });
}

if (process.argv[1] === ME) {
  const order = JSON.parse(process.argv[2] ?? '') as StrangerOrder;
  const ended = await Promise.all(
    Array.from({ length: order.sources }, (_, index) =>
      callWithoutEnd(order, `127.0.0.${2 + index}`, index * 1_000_000),
    ),
  );
  process.send?.(
    ended.reduce((sum, one) => sum + one, 0),
    () => process.exit(),
  );
}
