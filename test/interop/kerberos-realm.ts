/**
 * KDCs besides the test bed's: MIT krb5kdc on a free port, with its state in a temporary directory.
 * @module
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Testbed } from './testbed.js';

/** A running KDC. */
export interface PrivateKdc {
  readonly realm: string;
  readonly directory: string;
  readonly port: number;
  /** Environment for MIT's tools: KRB5_CONFIG and others. */
  readonly environment: NodeJS.ProcessEnv;
  /** Runs commands of kadmin.local. */
  administer(...commands: readonly string[]): string;
  /** Runs a tool of MIT's. */
  run(command: string, args: readonly string[], input?: string): string;
  /** Writes a krb5.conf that names this KDC, with additional settings. Returns its path. */
  clientConf(name: string, libdefaults?: readonly string[], more?: string): string;
  /** Restarts the KDC with additional lines in its krb5.conf. */
  restartWith(more: string): Promise<void>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Does a server listen there? */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
    socket.on('error', () => resolve(false));
  });
}

/**
 * Starts a KDC for `realm`. With `copyOf` it has the test bed's principals and keys, so that the test bed's servers
 * accept its tickets. Changes here do not affect the test bed.
 */
export async function startKdc(realm: string, copyOf?: Testbed): Promise<PrivateKdc> {
  const directory = mkdtempSync(join(tmpdir(), 'sealpost-kdc-'));
  const port = await freePort();
  writeFileSync(
    join(directory, 'kdc.conf'),
    `[kdcdefaults]
  kdc_listen = 127.0.0.1:${port}
  kdc_tcp_listen = 127.0.0.1:${port}
[realms]
  ${realm} = {
    database_name = ${directory}/principal
    key_stash_file = ${directory}/stash
    acl_file = ${directory}/kadm5.acl
    max_life = 7d
    max_renewable_life = 14d
    supported_enctypes = aes256-cts:normal aes128-cts:normal aes256-sha2:normal aes128-sha2:normal arcfour-hmac:normal
  }
[logging]
  kdc = FILE:${directory}/kdc.log
`,
  );
  const environment = {
    ...process.env,
    KRB5_CONFIG: join(directory, 'server.conf'),
    KRB5_KDC_PROFILE: join(directory, 'kdc.conf'),
    KRB5RCACHENAME: 'none:',
    LANG: 'C',
  };
  const conf = (libdefaults: readonly string[], more: string): string => `[libdefaults]
  default_realm = ${realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  rdns = false
  qualify_shortname = ""
${libdefaults.map((line) => `  ${line}\n`).join('')}[realms]
  ${realm} = {
    kdc = 127.0.0.1:${port}
  }
${more}`;
  writeFileSync(join(directory, 'server.conf'), conf(['allow_weak_crypto = true', 'allow_rc4 = true'], ''));
  const run = (command: string, args: readonly string[], input = ''): string =>
    execFileSync(command, args, { env: environment, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  if (copyOf === undefined) run('kdb5_util', ['create', '-s', '-r', realm, '-P', 'master-key']);
  else {
    const from = dirname(copyOf.kerberos.krb5Config);
    for (const file of readdirSync(from))
      if (/^(principal|stash)/.test(file)) copyFileSync(join(from, file), join(directory, file));
  }
  let kdc: ChildProcess;
  let ended: Promise<void>;
  const start = async (): Promise<void> => {
    kdc = spawn('krb5kdc', ['-n', '-r', realm, '-P', join(directory, 'pid')], { env: environment, stdio: 'ignore' });
    ended = new Promise<void>((resolve) => kdc.once('exit', () => resolve()));
    for (let tries = 0; !(await listens(port)); tries++) {
      if (tries > 200 || kdc.exitCode !== null) throw new Error(`krb5kdc of ${realm} does not listen`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const end = async (): Promise<void> => {
    kdc.kill();
    await ended;
  };
  await start();
  return {
    realm,
    directory,
    port,
    environment,
    run,
    administer: (...commands) => run('kadmin.local', ['-r', realm], `${commands.join('\n')}\n`),
    clientConf(name, libdefaults = [], more = '') {
      const file = join(directory, name);
      writeFileSync(file, conf(libdefaults, more));
      return file;
    },
    async restartWith(more) {
      await end();
      writeFileSync(join(directory, 'server.conf'), conf([], more));
      await start();
    },
    async stop() {
      await end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
