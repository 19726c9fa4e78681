/**
 * Connection URLs: `smtps://user:pass@host:465/?pool=true&tls.rejectUnauthorized=false`.
 * @module
 */
import { problem } from '../../schema/schema.js';
import type { Findings } from './fields.js';

/** The options in a URL. Only names with `tls.` are nested. */
export function optionsOfUrl(text: string, findings: Findings): Readonly<Record<string, unknown>> {
  if (!URL.canParse(text))
    return (
      problem(findings, 'url', 'is not a URL: write smtp://user:pass@host:port, user and pass percent-encoded') ?? {}
    );
  const url = new URL(text);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')
    return problem(findings, 'url', 'expected smtp:// or smtps://, got another scheme') ?? {};
  const options: Record<string, unknown> = Object.create(null);
  const tls: Record<string, unknown> = Object.create(null);
  options['secure'] = url.protocol === 'smtps:';
  if (url.hostname !== '') options['host'] = url.hostname.replace(/^\[|\]$/g, '');
  if (url.port !== '') options['port'] = Number(url.port);
  try {
    if (url.username !== '' || url.password !== '')
      options['auth'] = { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  } catch {
    problem(findings, 'url', 'has user or pass that is not percent-encoded UTF-8: write a % as %25');
  }
  for (const [key, value] of url.searchParams) {
    const name = key.replace(/^tls\./, '');
    const target = name === key ? options : tls;
    if (!(name in target)) target[name] = valueOf(value);
  }
  if (Object.keys(tls).length > 0) options['tls'] = tls;
  return options;
}

function valueOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}
