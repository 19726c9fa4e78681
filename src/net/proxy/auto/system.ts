/**
 * The readers of system settings, for each platform.
 * @module
 */
import type { BypassTarget } from './bypass.js';
import type { FoundProxy } from './found-proxy.js';
import type { Environment } from './environment.js';
import type { RunTool } from './run-tool.js';

/** The input of a reader of system settings. */
export interface SystemContext {
  readonly target: BypassTarget;
  readonly environment: Environment;
  readonly run: RunTool;
  readonly signal: AbortSignal;
}

/** Reads one source; undefined if it has no setting. */
export type SystemReader = (context: SystemContext) => Promise<FoundProxy | undefined>;

/** `host:port` for a URL. */
export function urlOf({ host, port }: BypassTarget): string {
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}
