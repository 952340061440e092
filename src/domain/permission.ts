import { AuthError } from './errors.js';

/** What an administrative scope allows. */
export type Permission =
  | 'countersign:introspect'
  | 'countersign:clients:read'
  | 'countersign:clients:write'
  | 'countersign:clients:revoke'
  | 'countersign:keys'
  | 'countersign:audit';

/** The scope that implies every {@link Permission}. */
export const ADMIN_SCOPE = 'countersign:admin';

/** Every scope that begins so is ours, known or not: none may be handed out by someone who lacks it. */
const OWN_SCOPE_PREFIX = 'countersign:';

/**
 * What each RPC asks of its caller: nothing (`open`), a good credential (`authenticated`; the use-case looks closer),
 * or a permission. An RPC that is not in this table is refused.
 */
export const RPC_RULES = {
  IssueToken: 'open',
  ListVerificationKeys: 'open',
  RevokeToken: 'authenticated',
  IntrospectToken: 'countersign:introspect',
  BatchIntrospectTokens: 'countersign:introspect',
  WatchRevocations: 'countersign:introspect',
  RevokeTokenById: 'countersign:clients:revoke',
  CreateClient: 'countersign:clients:write',
  GetClient: 'countersign:clients:read',
  ListClients: 'countersign:clients:read',
  UpdateClient: 'countersign:clients:write',
  DeleteClient: 'countersign:clients:write',
  RotateClientSecret: 'countersign:clients:write',
  RevokeClientSecret: 'countersign:clients:revoke',
  RevokeClient: 'countersign:clients:revoke',
  ReinstateClient: 'countersign:clients:write',
  RevokeClientTokens: 'countersign:clients:revoke',
  ListSigningKeys: 'countersign:keys',
  RotateSigningKey: 'countersign:keys',
  RevokeSigningKey: 'countersign:keys',
  ListAuditEvents: 'countersign:audit',
  WatchAuditEvents: 'countersign:audit',
} as const satisfies Record<string, 'open' | 'authenticated' | Permission>;

export type RpcName = keyof typeof RPC_RULES;
/** An RPC that only an authenticated caller may use. */
export type GuardedRpc = {
  [R in RpcName]: (typeof RPC_RULES)[R] extends 'open' ? never : R;
}[RpcName];

/** Whether scopes hold a permission, directly or through {@link ADMIN_SCOPE}. */
export const holds = (scopes: readonly string[], permission: string): boolean =>
  scopes.includes(permission) || scopes.includes(ADMIN_SCOPE);

/** Refuses with `insufficient_scope` a caller whose scopes do not satisfy the rule of an RPC. */
export function requirePermission(rpc: string, scopes: readonly string[]): void {
  const rule = Object.hasOwn(RPC_RULES, rpc) ? RPC_RULES[rpc as RpcName] : undefined;
  if (rule === 'open' || rule === 'authenticated') return;
  if (rule === undefined) throw new AuthError('insufficient_scope', 'Nobody may call this.');
  if (!holds(scopes, rule)) throw new AuthError('insufficient_scope', `This needs the scope ${rule}.`);
}

/**
 * Refuses with `insufficient_scope` to reach over one's own head: each `countersign:` scope that the client has or
 * would have, the caller must hold itself. Otherwise whoever may write clients could make an administrator, or rotate
 * its way into one.
 */
export function requireAuthorityOver(
  callerScopes: readonly string[],
  ...clientScopes: readonly (readonly string[])[]
): void {
  for (const scope of clientScopes.flat()) {
    if (scope.startsWith(OWN_SCOPE_PREFIX) && !holds(callerScopes, scope)) {
      throw new AuthError(
        'insufficient_scope',
        'This client has, or would have, a scope that the caller lacks.',
      );
    }
  }
}
