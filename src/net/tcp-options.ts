/**
 * Options of a TCP connection for Node, which reads some of them from Object.prototype: a `path` there would lead to a Unix socket.
 *
 * @module
 */
import type { TcpNetConnectOpts } from 'node:net';
import { withoutPrototype } from '../util/without-prototype.js';

/** Node copies options into an object of its own, too: what it would then inherit is spelt out. */
const nothingInherited = {
  path: undefined,
  fd: undefined,
  handle: undefined,
  lookup: undefined,
  localPort: undefined,
  signal: undefined,
  onread: undefined,
  timeout: undefined,
  // Of streams, whose own methods these would replace.
  read: undefined,
  write: undefined,
  writev: undefined,
  final: undefined,
  destroy: undefined,
  construct: undefined,
} as const;

/** The same options, which inherit none. */
export function tcpOptions(options: TcpNetConnectOpts): TcpNetConnectOpts {
  return withoutPrototype({ ...nothingInherited, ...options } as TcpNetConnectOpts);
}
