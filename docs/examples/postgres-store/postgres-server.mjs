/**
 * A PostgreSQL server for the test. It is Debian's, in a directory of its own, with a socket instead of a port.
 * @module
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PostgreSQL refuses to run as root; Debian's package creates a user for it. */
function identity() {
  if (process.getuid() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function programs() {
  const versions = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a));
  return join('/usr/lib/postgresql', versions[0], 'bin');
}

/** Starts a server. `connection` is for pg; `stop` ends the server and removes its files. */
export async function startPostgres() {
  const owner = identity();
  const directory = mkdtempSync(join(tmpdir(), 'sealpost-pg-'));
  if (owner.uid !== undefined) chownSync(directory, owner.uid, owner.gid);
  const data = join(directory, 'data');
  const options = { ...owner, cwd: directory, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  execFileSync(join(programs(), 'initdb'), ['-D', data, '-U', 'sealpost', '-A', 'trust', '-E', 'UTF8', '-N'], options);
  const server = spawn(
    join(programs(), 'postgres'),
    ['-D', data, '-k', directory, '-c', 'listen_addresses=', '-c', 'log_destination=stderr'],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  for await (const chunk of server.stderr) {
    log += chunk;
    if (log.includes('database system is ready to accept connections')) break;
  }
  if (server.exitCode !== null) throw new Error(`PostgreSQL did not start: ${log}`);
  server.stderr.resume();
  return {
    connection: { host: directory, user: 'sealpost', database: 'postgres' },
    async stop() {
      const ended = once(server, 'exit');
      // Fast shutdown: the server disconnects its clients.
      server.kill('SIGINT');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
