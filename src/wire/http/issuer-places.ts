/** Where an issuer's documents and endpoints are, as paths on this server. */
export interface IssuerPlaces {
  /** A well-known document's one place: before the issuer's path (RFC 8414 section 3.1). */
  wellKnown(name: string): string;
  /** Every place of an endpoint: as such, and below the issuer's path where it has one. */
  endpoint(path: string): readonly string[];
  /** An endpoint's URL as the metadata publishes it. */
  endpointUrl(path: string): string;
  wellKnownUrl(name: string): string;
}

/**
 * An issuer may have a path, `https://host/tenant`. Its endpoints are published below that path, and are served both
 * there and without it, since a proxy in front may take the path away or leave it.
 */
export function makeIssuerPlaces(issuer: string): IssuerPlaces {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, '');
  const wellKnown = (name: string): string => `/.well-known/${name}${path}`;
  return {
    wellKnown,
    endpoint: (endpoint) => (path === '' ? [endpoint] : [endpoint, `${path}${endpoint}`]),
    endpointUrl: (endpoint) => `${origin}${path}${endpoint}`,
    wellKnownUrl: (name) => `${origin}${wellKnown(name)}`,
  };
}
