/**
 * A Redis server for the test. It is Debian's program, in a directory of its own, with a socket instead of a port.
 * @module
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function startRedis() {
  const directory = mkdtempSync(join(tmpdir(), 'sealpost-redis-'));
  const socket = join(directory, 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', socket, '--dir', directory, '--save', '', '--daemonize', 'no'];
  const server = spawn('redis-server', [...settings, '--maxmemory-policy', 'noeviction'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  for await (const chunk of server.stdout) {
    log += chunk;
    if (log.includes('ready to accept connections')) break;
  }
  if (server.exitCode !== null) throw new Error(`Redis did not start: ${log}`);
  server.stdout.resume();
  return {
    socket,
    async stop() {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
