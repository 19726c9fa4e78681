/**
 * A connector over `cloudflare:sockets`, for a port that begins with TLS (465). The Worker does the TLS, and checks the
 * certificate against its own authorities and the name in `server.host`. Without a valid certificate there is no
 * connection.
 * @module
 */
import { Duplex } from 'node:stream';
import { connect } from 'cloudflare:sockets';

/** @returns {import('sealpost').Connector} */
export function createTlsConnector() {
  return {
    async connect({ host, port }, { signal }) {
      signal.throwIfAborted();
      const socket = connect({ hostname: host, port }, { secureTransport: 'on', allowHalfOpen: false });
      // The library handles errors of the stream. Without this line, a rejection of the promise would be unhandled.
      socket.closed.catch(() => {});
      const abort = () => void socket.close().catch(() => {});
      signal.addEventListener('abort', abort, { once: true });
      try {
        await socket.opened;
        signal.throwIfAborted();
      } finally {
        signal.removeEventListener('abort', abort);
      }
      return Duplex.fromWeb(socket);
    },
  };
}
