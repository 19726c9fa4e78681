/**
 * SOCKS 4 and 4a, as specified by their authors: a request, and an answer of eight octets. There is no password.
 * @module
 */
import { profileInvalid } from '../../errors/email-error.js';
import { utf8 } from '../../util/bytes.js';
import { ipBytes } from '../../util/ip.js';
import type { ProxyDialogue } from './dialogue.js';
import { ProxyFault, notAProxy } from './dialogue.js';
import type { TunnelTarget } from './target.js';
import { authorityOf } from './target.js';

const maxUserBytes = 255;

const refusals: Readonly<Record<number, string>> = {
  91: 'request rejected or failed',
  92: 'the proxy cannot reach identd on this machine',
  93: 'identd reports another user id',
};

/** Names are sent as in 4a; plain SOCKS 4 only gets addresses. */
export function* socks4(target: TunnelTarget, username: string | undefined): ProxyDialogue<void> {
  const user = utf8(username ?? '');
  if (user.length > maxUserBytes || user.includes(0))
    throw profileInvalid('proxy.username', `expected at most ${maxUserBytes} octets without NUL`);
  const port = Buffer.of(target.port >> 8, target.port & 0xff);
  const address = target.kind === 'ipv4' ? ipBytes(target.host) : Buffer.of(0, 0, 0, 1);
  const name = target.kind === 'ipv4' ? Buffer.alloc(0) : utf8(`${target.host}\0`);
  const answer = yield { send: Buffer.concat([Buffer.of(4, 1), port, address, user, Buffer.of(0), name]), read: 8 };
  const [version, code = 0] = answer;
  if (version !== 0)
    throw new ProxyFault(`answered with octet ${version} instead of 0, as SOCKS 4 requires`, { remedy: notAProxy });
  if (code === 90) return;
  throw new ProxyFault(
    `refused the connection to ${authorityOf(target)}: ${refusals[code] ?? 'unknown reason'} (${code})`,
    {
      retryable: code === 91,
      remedy:
        code === 91
          ? 'Check server.host and server.port as seen from the proxy, and that its rules allow them; SOCKS 4 ' +
            'proxies may not accept names.'
          : 'The proxy requires an ident server on this machine, or another proxy.username.',
    },
  );
}
