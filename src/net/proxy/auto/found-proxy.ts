/**
 * Parses a proxy as the environment or the system writes it, by the rules of the profile.
 * @module
 */
import { createEmailError } from '../../../errors/email-error.js';
import type { ProxyServerSettings } from '../../../model/settings/proxy.js';
import { parseProxyText } from '../../../profile/proxy-url.js';
import { proxy } from '../../../profile/shape/proxy.js';
import type { Report } from '../../../schema/schema.js';

/** The result of a search for a proxy. */
export interface FoundProxy {
  /** The proxy; 'none' is an answer too: connect directly. */
  readonly settings: ProxyServerSettings | 'none';
  /** The source of the setting, for people. */
  readonly origin: string;
}

/**
 * Parses `scheme://user:password@host:port`, or `host:port` of an HTTP proxy, as the environment and system settings
 * write it. `socks` means SOCKS 5. ERR_PROXY names the source but not its contents.
 */
export function proxyOfText(text: string, origin: string): FoundProxy {
  const [, scheme = 'http', rest = ''] = /^(?:([a-z0-9+.-]+):\/\/)?(.*)$/is.exec(text.trim()) ?? [];
  const url = `${/^socks$/i.test(scheme) ? 'socks5' : scheme}://${rest}`;
  const report: Report = { problems: [], allowReferences: true };
  proxy.check(url, '', report);
  const parts = parseProxyText(url);
  const [problem] = report.problems;
  if (problem === undefined && parts.fault === undefined) return { settings: parts.settings, origin };
  throw createEmailError(
    'ERR_PROXY',
    `The proxy in ${origin} cannot be used: ${[problem?.path, problem?.message].filter(Boolean).join(': ')}`,
    {
      phase: 'proxy',
      remedy: `Correct ${origin}, or set proxy in the profile instead of 'auto'.`,
    },
  );
}
