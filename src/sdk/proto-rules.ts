import { fileURLToPath } from 'node:url';
import type { AccessRule } from './access-rule.js';
import type { MethodRules } from './grpc-guard.js';

/** The folder of our `.proto` files, for the include paths of whoever imports `countersign/v1/require.proto`. */
export const protoDirectory = fileURLToPath(new URL('../../proto', import.meta.url));

/** A package definition, as `@grpc/proto-loader` gives it: services by name among other things. */
export interface PackageDefinitionLike {
  readonly [name: string]: object;
}

const OPTION = /^\(\.?countersign\.v1\.require\)$/;

/**
 * The rules that a service's own .proto states as `option (countersign.v1.require)`. Read the file with
 * `@grpc/proto-loader` and {@link protoDirectory} among its `includeDirs`; generated stubs and descriptor sets do not
 * carry options. A method without the option gets no rule, so the guard refuses it. Throws a `TypeError` for an option
 * that is not understood.
 */
export function rulesFromPackageDefinition(definition: PackageDefinitionLike): MethodRules {
  const rules: Record<string, AccessRule> = {};
  for (const method of Object.values(definition).flatMap((service) => Object.values(service) as unknown[])) {
    if (!isMethod(method)) continue;
    const name = Object.keys(method.options).find((key) => OPTION.test(key));
    if (name !== undefined) rules[method.path] = ruleFrom(method.options[name], method.path);
  }
  return rules;
}

function isMethod(
  value: unknown,
): value is { readonly path: string; readonly options: Record<string, unknown> } {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('options' in value))
    return false;
  return typeof value.path === 'string' && typeof value.options === 'object' && value.options !== null;
}

/** The option as proto-loader leaves it: unchecked against its message, one of a repeated field without a list. */
function ruleFrom(option: unknown, path: string): AccessRule {
  const {
    scopes,
    any_scopes: anyScopes,
    public: open,
    ...unknown
  } = { ...(option as Record<string, unknown>) };
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw new TypeError(`The option of ${path} has an unknown part: ${stranger}.`);
  if (open !== undefined && typeof open !== 'boolean')
    throw new TypeError(`public of ${path} must be true or false.`);
  const all = texts(scopes, path);
  const any = texts(anyScopes, path);
  return { public: open, scopes: any.length > 0 ? { all, any } : all };
}

function texts(value: unknown, path: string): string[] {
  const list = value === undefined ? [] : [value].flat();
  if (!list.every((text) => typeof text === 'string')) throw new TypeError(`A scope of ${path} is no text.`);
  return list;
}
