/**
 * Options of a TCP connection for Node, which reads some of them from Object.prototype: a `path` there would connect to
 * a Unix socket.
 * @module
 */
import type { TcpNetConnectOpts } from 'node:net';
import { withoutPrototype } from '../util/without-prototype.js';

/** Node copies the options into an object of its own, so every field that it could inherit is set. */
const nothingInherited = {
  path: undefined,
  fd: undefined,
  handle: undefined,
  lookup: undefined,
  localPort: undefined,
  signal: undefined,
  onread: undefined,
  timeout: undefined,
  // Fields of streams that would replace their methods.
  read: undefined,
  write: undefined,
  writev: undefined,
  final: undefined,
  destroy: undefined,
  construct: undefined,
} as const;

/** The same options, without anything inherited. */
export function tcpOptions(options: TcpNetConnectOpts): TcpNetConnectOpts {
  return withoutPrototype({ ...nothingInherited, ...options } as TcpNetConnectOpts);
}
