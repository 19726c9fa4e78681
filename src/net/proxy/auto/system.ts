/**
 * The readers of system settings: what each is given, and which one serves which platform.
 *
 * @module
 */
import type { BypassTarget } from './bypass.js';
import type { FoundProxy } from './found-proxy.js';
import type { Environment } from './environment.js';
import type { RunTool } from './run-tool.js';

/** What the readers of system settings work with. */
export interface SystemContext {
  readonly target: BypassTarget;
  readonly environment: Environment;
  readonly run: RunTool;
  readonly signal: AbortSignal;
}

/** Looks at one place; undefined where it says nothing. */
export type SystemReader = (context: SystemContext) => Promise<FoundProxy | undefined>;

/** `host:port` for a URL. */
export function urlOf({ host, port }: BypassTarget): string {
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}
