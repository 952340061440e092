/** A client of the server under test. */
export interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/** The parts that clients play in the rows; a target that cannot cast one is spared the rows that need it. */
export type Role =
  /** May get tokens: of the target's scope by default, for its audience by default. */
  | 'client'
  /** Another one like it. */
  | 'other'
  /** May introspect any token. */
  | 'introspector'
  /** May introspect, but no token of the client's audience. */
  | 'stranger'
  /** May authenticate and introspect, and gets no token. */
  | 'introspectionOnly'
  /** May introspect, and gets bearer tokens that say so. */
  | 'bearerIntrospector'
  /** May revoke anybody's tokens. */
  | 'revoker'
  /** Right secret, but revoked. */
  | 'revoked'
  /** The secret has expired after a rotation. */
  | 'expired'
  /** Its secret has `%`, `:`, `+`, `&` and `=`. */
  | 'special'
  /** Allowed scopes, none of them by default. */
  | 'noDefaultScope'
  /** No scopes at all. */
  | 'scopeless'
  /** Two audiences, none of them by default. */
  | 'twoAudiences'
  /** Its tokens live a second. */
  | 'shortLived'
  /** Nobody else's: to be guessed at. */
  | 'victim';

export type Endpoint = 'token' | 'introspection' | 'revocation' | 'metadata' | 'keys';

/** What a row may need of a target. */
export type Need = Role | Endpoint | keyof Abilities;

/** What else a target can do for a row. */
export interface Abilities {
  /** Runs the act while the target's store does not answer. */
  readonly duringOutage?: <T>(act: () => Promise<T>) => Promise<T>;
  /** Tokens are for one audience each, which `resource` chooses (RFC 8707). */
  readonly resources?: boolean;
  /** Failures are throttled. */
  readonly throttles?: boolean;
  /** Waits until the clock has gone that far on. */
  readonly wait?: (seconds: number) => Promise<void>;
  /** The same kind of server with an issuer that has a path, and where it really listens. */
  readonly issuerWithPath?: { readonly issuer: string; readonly origin: string };
}

/** Whether a target has what a row needs. */
export const offers = ({ clients, endpoints, abilities }: Target, need: Need): boolean =>
  Object.hasOwn(clients, need) ||
  Object.hasOwn(endpoints, need) ||
  Boolean(abilities[need as keyof Abilities]);

/** A server under test, as far as a row has to know it. */
export interface Target {
  readonly issuer: string;
  /** Where things are; a target without one is spared the rows about it. */
  readonly endpoints: Readonly<Partial<Record<Endpoint, string>>>;
  readonly clients: Readonly<Partial<Record<Role, Credentials>>>;
  /** A scope that the client gets by default, and a second that it may have. */
  readonly scope: string;
  readonly secondScope: string;
  /** The client's default audience, and a second that it may have. */
  readonly audience: string;
  readonly secondAudience: string;
  readonly abilities: Abilities;
  /** Ours: every answer is held to what we promise of every answer. */
  readonly strict: boolean;
  readonly insecure: boolean;
}
