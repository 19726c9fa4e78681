/**
 * The addresses of a host, in the order in which they are tried.
 * @module
 */
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { errorCode } from '../util/error-code.js';
import { showText } from '../util/show.js';
import { findAddresses, type HostAddress, type NameSources } from './name-service.js';

/**
 * The addresses of a host, families alternating (RFC 8305 section 4). Rejects with ERR_DNS, which names `setting`, if
 * there is none, and when the signal aborts.
 */
export async function resolveHost(
  host: string,
  signal: AbortSignal,
  setting = 'server.host',
  sources?: NameSources,
): Promise<readonly HostAddress[]> {
  const found = await findAddresses(host, signal, sources).catch(async (error: unknown) => {
    throw isEmailError(error) ? error : await notFound(host, setting, errorCode(error) || reasonOf(error), error);
  });
  if (found.length === 0) throw await notFound(host, setting, 'ENOTFOUND');
  const [first] = found;
  const same = found.filter((entry) => entry.family === first?.family);
  const other = found.filter((entry) => entry.family !== first?.family);
  return same.flatMap((entry, index) => [entry, ...other.slice(index, index + 1)]).concat(other.slice(same.length));
}

/** Codes of the system and of DNS servers for names that do not exist. Any other failure may be temporary. */
const permanent = new Set(['ENOTFOUND', 'ENODATA', 'EAI_NONAME', 'EAI_NODATA', 'EAI_FAIL', 'EBADNAME']);

async function notFound(host: string, setting: string, reason: string, cause?: unknown): Promise<EmailError> {
  const shown = showText(host, 255);
  const temporary = !permanent.has(reason);
  return createEmailError(
    'ERR_DNS',
    temporary ? `DNS gave no answer for ${shown} (${reason}).` : `There is no host named ${shown} (${reason}).`,
    {
      phase: 'resolve',
      retryable: temporary,
      cause,
      remedy: temporary
        ? 'Check the name servers of this machine, and the network connection to them.'
        : `${await likelyMeant(host)}Check ${setting} for a typing error, and check that the name exists in the DNS that this machine uses.`,
    },
  );
}

/** A name close to a well-known provider's is most likely mistyped. */
async function likelyMeant(host: string): Promise<string> {
  const { similarHost } = await import('../profile/well-known.js');
  const meant = similarHost(host);
  return meant === undefined ? '' : `Did you mean ${meant}? `;
}
