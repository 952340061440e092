/** Who may: anyone (`public`), or whoever has a valid token with these scopes. `{}` asks for a token and no scope. */
export interface AccessRule {
  /** One scope, or several that the token must all hold, or `all` and `any` apart. */
  readonly scopes?:
    | string
    | readonly string[]
    | { readonly all?: readonly string[]; readonly any?: readonly string[] }
    | undefined;
  /** Open to everyone, without a token. */
  readonly public?: boolean | undefined;
}

/** A rule in the form that is checked. */
export interface Requirement {
  readonly public: boolean;
  readonly all: readonly string[];
  /** Empty: no such condition. */
  readonly any: readonly string[];
}

/** Scope-tokens as RFC 6749 section 3.3 has them; so they may stand in a challenge as they are. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Reads a rule, refusing with a `TypeError` whatever could be meant otherwise; `where` names the rule. */
export function requirementFrom(rule: AccessRule, where: string): Requirement {
  const unknown = Object.keys(rule).find((name) => name !== 'scopes' && name !== 'public');
  if (unknown !== undefined) throw new TypeError(`The rule of ${where} has an unknown part: ${unknown}.`);
  const { scopes = [] } = rule;
  const { all = [], any = undefined } =
    typeof scopes === 'string' || isList(scopes) ? { all: [scopes].flat() } : scopes;
  // An empty `any` could mean nothing or nobody.
  if (any?.length === 0) throw new TypeError(`The rule of ${where} names no scope under any.`);
  for (const scope of [...all, ...(any ?? [])]) {
    if (!SCOPE.test(scope)) throw new TypeError(`The rule of ${where} has a malformed scope.`);
  }
  const open = rule.public === true;
  if (open && (all.length > 0 || any !== undefined)) {
    throw new TypeError(`The rule of ${where} is public and yet asks for scopes.`);
  }
  return { public: open, all, any: any ?? [] };
}

const isList = (value: unknown): value is readonly string[] => Array.isArray(value);

export const isSatisfied = ({ all, any }: Requirement, scopes: readonly string[]): boolean =>
  all.every((scope) => scopes.includes(scope)) &&
  (any.length === 0 || any.some((scope) => scopes.includes(scope)));

/** The scopes that would have been needed, for a challenge: of several possible ones, all are named. */
export const scopesOf = ({ all, any }: Requirement): string => [...new Set([...all, ...any])].join(' ');
