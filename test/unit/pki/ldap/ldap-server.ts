import { createServer, type AddressInfo, type Socket } from 'node:net';
import {
  children,
  contentOf,
  element,
  integer,
  octetString,
  readElement,
  sequence,
  setOf,
  tag,
} from '../../../../src/util/der.js';

/** A client's message: its ID, the tag of its operation, and all its bytes. */
export interface LdapRequest {
  readonly id: number;
  readonly operation: number;
  readonly bytes: Buffer;
}

/** An LDAP server that gives the answers of the test. */
export interface LdapTestServer {
  readonly port: number;
  readonly requests: LdapRequest[];
  readonly open: Set<Socket>;
  close(): Promise<void>;
}

/** Frames an operation as an LDAPMessage. */
export function ldapMessage(id: number, operation: Buffer): Buffer {
  return sequence(integer(id), operation);
}

/** A result with the tag of an operation. */
export function ldapResult(id: number, operation: number, code: number, text = ''): Buffer {
  return ldapMessage(
    id,
    element(
      operation,
      element(tag.enumerated, Buffer.of(code)),
      octetString(Buffer.alloc(0)),
      octetString(Buffer.from(text)),
    ),
  );
}

/** An entry with attributes. */
export function ldapEntry(id: number, attributes: Readonly<Record<string, readonly Buffer[]>>): Buffer {
  const list = Object.entries(attributes).map(([name, values]) =>
    sequence(octetString(Buffer.from(name)), setOf(...values.map(octetString))),
  );
  return ldapMessage(id, element(0x64, octetString(Buffer.from('cn=x')), sequence(...list)));
}

function firstRequest(received: Buffer): LdapRequest | undefined {
  try {
    const whole = readElement(received, 0);
    const bytes = received.subarray(0, whole.end);
    const [id, operation] = [...children(bytes, whole)];
    if (id === undefined || operation === undefined) return undefined;
    return { id: contentOf(bytes, id).readUIntBE(0, id.end - id.start), operation: operation.tag, bytes };
  } catch {
    return undefined;
  }
}

/** Starts the server on a free port. `answer` may write any bytes. */
export async function startLdapServer(answer: (request: LdapRequest, socket: Socket) => void): Promise<LdapTestServer> {
  const requests: LdapRequest[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let rest = Buffer.alloc(0);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length > 2) {
        const request = firstRequest(rest);
        // Bytes that are not LDAP, such as a TLS handshake, are left to `answer`.
        if (request === undefined) return;
        rest = rest.subarray(request.bytes.length);
        requests.push(request);
        answer(request, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    open,
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
