/**
 * Servers on loopback that answer correctly, wrongly or not at all. None of them keeps the process alive.
 * @module
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return server.address().port;
}

/**
 * Runs `serve` for each connection. Its sockets do not keep the process alive. `reached` resolves with the first one.
 */
export async function startServer(serve) {
  let reach;
  const reached = new Promise((resolve) => (reach = resolve));
  const server = createServer((socket) => {
    // A socket that is not read would never see its end.
    socket
      .unref()
      .resume()
      .on('error', () => {});
    serve(socket, reach);
  });
  return { port: await listen(server), reached };
}

/** Answers each line by its first word; the server stops at a line without an answer. */
export function startScript(greeting, answers) {
  return startServer((socket, reach) => {
    socket.write(greeting);
    let held = '';
    let inContent = false;
    socket.on('data', (chunk) => {
      held += chunk.toString('latin1');
      for (;;) {
        const end = held.indexOf(inContent ? '\r\n.\r\n' : '\r\n');
        // Only the last octets of content are kept, in which its end may begin.
        if (end === -1 && inContent) held = held.slice(-4);
        if (end === -1) return;
        const verb = inContent ? 'END' : held.slice(0, 4).toUpperCase();
        held = held.slice(end + (inContent ? 5 : 2));
        const answer = answers[verb];
        inContent = verb === 'DATA' && answer !== undefined;
        if (answer === undefined) return reach();
        socket.write(answer);
      }
    });
  });
}

/** A token endpoint. `answer` gives the body of the response; undefined: there is no response. */
export async function startTokenEndpoint(answer) {
  let reach;
  const reached = new Promise((resolve) => (reach = resolve));
  const server = createHttpServer((request, response) => {
    request.socket.unref();
    request.resume().on('end', () => {
      const body = answer();
      if (body === undefined) return reach();
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}/token`, reached };
}
