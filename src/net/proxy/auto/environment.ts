/**
 * Proxies in environment variables, read as curl does: lower case first, empty means unset, http_proxy does not apply
 * to mail.
 * @module
 */
import type { BypassTarget } from './bypass.js';
import { matchesNoProxy } from './bypass.js';
import type { FoundProxy } from './found-proxy.js';
import { proxyOfText } from './found-proxy.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined if the environment has no setting for this target. */
export function proxyOfEnvironment(environment: Environment, target: BypassTarget): FoundProxy | undefined {
  const exceptions = firstSet(environment, ['no_proxy', 'NO_PROXY']);
  if (exceptions !== undefined && matchesNoProxy(exceptions.value, target))
    return { settings: 'none', origin: exceptions.name };
  const proxy = firstSet(environment, ['all_proxy', 'ALL_PROXY', 'https_proxy', 'HTTPS_PROXY']);
  return proxy && proxyOfText(proxy.value, proxy.name);
}

function firstSet(
  environment: Environment,
  names: readonly string[],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (value) return { name, value };
  }
  return undefined;
}
