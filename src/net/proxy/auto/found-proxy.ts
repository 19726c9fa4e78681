/**
 * A proxy as the environment and the system write it, read by the rules of the profile.
 *
 * @module
 */
import { createEmailError } from '../../../errors/email-error.js';
import type { ProxyServerSettings } from '../../../model/settings/proxy.js';
import { parseProxyText } from '../../../profile/proxy-url.js';
import { proxy } from '../../../profile/shape/proxy.js';
import type { Report } from '../../../schema/schema.js';

/** What a look for a proxy gives. */
export interface FoundProxy {
  /** 'none' is an answer too: go directly. */
  readonly settings: ProxyServerSettings | 'none';
  /** Where it stood, for people. */
  readonly origin: string;
}

/**
 * A proxy as the environment and system settings write it: `scheme://user:password@host:port`, or `host:port` of an HTTP proxy.
 * `socks` is SOCKS 5. ERR_PROXY names the origin, and nothing of what it holds.
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
      remedy: `Correct ${origin}, or set the profile's proxy in place of 'auto'.`,
    },
  );
}
