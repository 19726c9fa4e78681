/**
 * Servers on loopback that answer well, badly or not at all. None of them keeps the process alive.
 *
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

/** Runs `serve` for each connection, whose socket holds nothing. `reached` resolves with the first one. */
export async function startServer(serve) {
  let reach;
  const reached = new Promise((resolve) => (reach = resolve));
  const server = createServer((socket) => {
    // One that is not read would never see its end.
    socket
      .unref()
      .resume()
      .on('error', () => {});
    serve(socket, reach);
  });
  return { port: await listen(server), reached };
}

/** Says what stands under the first word of each line; a line without an answer is where it stops. */
export function startScript(greeting, answers) {
  return startServer((socket, reach) => {
    socket.write(greeting);
    let held = '';
    let inContent = false;
    socket.on('data', (chunk) => {
      held += chunk.toString('latin1');
      for (;;) {
        const end = held.indexOf(inContent ? '\r\n.\r\n' : '\r\n');
        // Of content only what may begin its end is kept.
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

/** A token endpoint; `answer` gives the body of the response, or undefined for none. */
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
