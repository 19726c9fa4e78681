import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { untilAborted } from '../async/until-aborted.js';
import { throwIfAborted } from '../errors/abort.js';
import { createEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { similarHost } from '../profile/well-known.js';
import { showText } from '../util/show.js';

/** Names to addresses, by the system's own resolver: hosts file and all. */

/** An address and its family. */
export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** The addresses of a host in the order in which they are to be tried (RFC 8305 section 4): families alternate. ERR_DNS, which names `setting`, where there is none. */
export async function resolveHost(
  host: string,
  signal: AbortSignal,
  setting = 'server.host',
): Promise<readonly HostAddress[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family: family as 4 | 6 }];
  const found = await lookupAll(host, signal, setting);
  if (found.length === 0) throw notFound(host, setting, 'ENOTFOUND');
  const [first] = found;
  const same = found.filter((entry) => entry.family === first?.family);
  const other = found.filter((entry) => entry.family !== first?.family);
  return same.flatMap((entry, index) => [entry, ...other.slice(index, index + 1)]).concat(other.slice(same.length));
}

/** A look-up cannot be called back: after an abort its answer is ignored. */
async function lookupAll(host: string, signal: AbortSignal, setting: string): Promise<readonly HostAddress[]> {
  throwIfAborted(signal);
  const answer = new Promise<readonly HostAddress[]>((resolve, reject) => {
    lookup(host, { all: true, verbatim: true }, (error, addresses) => {
      if (error) reject(notFound(host, setting, error.code ?? error.message, error));
      else resolve(addresses as readonly HostAddress[]);
    });
  });
  return untilAborted(answer, signal);
}

function notFound(host: string, setting: string, reason: string, cause?: Error): EmailError {
  const shown = showText(host, 255);
  const temporary = reason === 'EAI_AGAIN' || reason === 'ETIMEOUT';
  return createEmailError(
    'ERR_DNS',
    temporary
      ? `The name service did not answer for ${shown} (${reason}).`
      : `There is no host named ${shown} (${reason}).`,
    {
      phase: 'resolve',
      retryable: temporary,
      cause,
      remedy: temporary
        ? 'Check the name servers of this machine and its way to them.'
        : `${likelyMeant(host)}Check ${setting} for a typing error, and that the name exists in the DNS this machine asks.`,
    },
  );
}

/** A name close to a well-known provider's is most likely mistyped. */
function likelyMeant(host: string): string {
  const meant = similarHost(host);
  return meant === undefined ? '' : `Did you mean ${meant}? `;
}
