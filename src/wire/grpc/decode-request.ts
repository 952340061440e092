import { BinaryReader } from '@bufbuild/protobuf/wire';
import { invalidRequest } from '../../domain/errors.js';

/** The two halves of a method's request, as ts-proto writes them. */
export interface RequestCodec<Request> {
  requestSerialize(value: Request): Buffer;
  requestDeserialize(value: Buffer): Request;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const PROTO = Buffer.from('__proto__');

/**
 * Reads a request, stricter than ts-proto does by itself. Fails with `invalid_request` for what is no message at all,
 * has text that is no UTF-8, or says something that would be lost on the way in: what we act on must be what a proxy
 * or an audit before us saw.
 */
export function decodeRequest<Request>(
  codec: RequestCodec<Request>,
  bytes: Buffer,
  maxBytes: number,
): Request {
  if (bytes.length > maxBytes) throw invalidRequest(`The message is longer than ${maxBytes} bytes.`);
  try {
    const reader = new BinaryReader(bytes, (text) => strictUtf8.decode(text));
    // The generated functions hand on what they get to `decode`, which takes a reader as well.
    const request = codec.requestDeserialize(reader as unknown as Buffer);
    // A zero tag or an end of group is taken for the end of the message, whatever follows.
    if (reader.pos === bytes.length && !losesProto(codec, bytes, request)) return request;
  } catch {
    // What exactly is wrong with the bytes helps nobody.
  }
  throw invalidRequest('The message is malformed.');
}

/**
 * Whether the message has a map key or a field of a Struct by the name of `__proto__`: assigned to an object, as the
 * generated code does, it vanishes. In any other place the name is as good as another.
 */
function losesProto<Request>(codec: RequestCodec<Request>, bytes: Buffer, request: Request): boolean {
  const sent = countProto(bytes);
  return sent > 0 && sent !== countProto(codec.requestSerialize(request));
}

function countProto(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(PROTO); at !== -1; at = bytes.indexOf(PROTO, at + PROTO.length)) count += 1;
  return count;
}
