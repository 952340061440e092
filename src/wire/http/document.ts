import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { JSON_TYPE } from './refuse.js';

/** A public document as it goes out. */
export interface PublicDocument {
  readonly body: string;
  /** A strong validator: the same bytes have the same one. */
  readonly etag: string;
}

export function documentOf(content: object): PublicDocument {
  const body = JSON.stringify(content);
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}

/** Sends a document that anybody may keep for a while, or 304 to whoever has it already (RFC 9110 section 13.1.2). */
export function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  document: PublicDocument,
  maxAgeSeconds: number,
): void {
  reply.headers({ 'cache-control': `public, max-age=${maxAgeSeconds}`, etag: document.etag });
  const known = request.headers['if-none-match'];
  if (known !== undefined && hasTag(known, document.etag)) reply.code(304).send();
  else reply.code(200).type(JSON_TYPE).send(document.body);
}

const hasTag = (list: string, etag: string): boolean =>
  list.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
