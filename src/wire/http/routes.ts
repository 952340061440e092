import type { FastifyInstance } from 'fastify';
import type { UseCases } from '../../domain/use-cases.js';
import type { Admission } from './admission.js';
import { type FormEndpoint, makeFormRoute } from './form-endpoint.js';
import { introspectEndpoint } from './introspect.js';
import { makeIssuerPlaces } from './issuer-places.js';
import { KEYS_NAME, METADATA_NAME, makeMetadataHandler } from './metadata.js';
import { makePasetoKeysHandler } from './paseto-keys.js';
import { revokeEndpoint } from './revoke.js';
import type { Tell } from './tell.js';
import { tokenEndpoint } from './token.js';

/** The use-cases that have an endpoint here. */
export type HttpUseCases = Pick<
  UseCases,
  'issueToken' | 'introspectToken' | 'revokeToken' | 'listVerificationKeys'
>;

/** Adds every route there is, and answers which methods (as in `Allow`) each path has. */
export function addRoutes(
  app: FastifyInstance,
  { useCases, issuer }: { readonly useCases: HttpUseCases; readonly issuer: string },
  tell: Tell,
  admission: Admission,
): ReadonlyMap<string, string> {
  const places = makeIssuerPlaces(issuer);
  const methodsByPath = new Map<string, string>();

  const post = <Name extends string>(endpoint: FormEndpoint<Name>): void => {
    const route = makeFormRoute(endpoint, tell, admission);
    for (const url of places.endpoint(endpoint.path)) {
      app.route({ ...route, url });
      methodsByPath.set(url, 'POST');
    }
  };
  const get = (url: string, handler: ReturnType<typeof makeMetadataHandler>): void => {
    app.get(url, handler);
    methodsByPath.set(url, 'GET, HEAD');
  };

  post(tokenEndpoint(useCases));
  post(introspectEndpoint(useCases));
  post(revokeEndpoint(useCases));
  get(places.wellKnown(METADATA_NAME), makeMetadataHandler(issuer, places));
  const keys = makePasetoKeysHandler(useCases, tell);
  for (const url of new Set([`/.well-known/${KEYS_NAME}`, places.wellKnown(KEYS_NAME)])) get(url, keys);
  return methodsByPath;
}
