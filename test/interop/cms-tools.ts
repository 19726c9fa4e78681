/**
 * CMS by other programs: openssl, NSS (cmsutil), gpgsm, BouncyCastle. Each works in a directory of its own, with keys
 * that the test imports.
 * @module
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Issued } from '../unit/smime/issue.js';
import { certificatePem, keyPem } from '../unit/smime/issue.js';

const jars = ['bcprov', 'bcpkix', 'bcmail', 'bcutil'].map((name) => `/usr/share/java/${name}.jar`).join(':');
const password = 'interop';

/** Runs a program. Returns its standard output, or throws an Error with its output. */
function run(
  program: string,
  args: readonly string[],
  options: { readonly input?: string | Buffer; readonly env?: NodeJS.ProcessEnv } = {},
): Buffer {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    ...options,
    env: { ...process.env, ...options.env },
    timeout: 30_000,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ''}: ${stderr.toString().slice(0, 500)}`);
  return stdout;
}

/** A directory with every identity as files, and in the databases of the tools that have one. */
export class CmsTools {
  readonly directory = mkdtempSync(join(tmpdir(), 'cms-'));
  readonly #gnupg = mkdtempSync('/tmp/gpgsm-'); // the paths of sockets must be short
  #files = 0;

  constructor(root: Issued, people: Readonly<Record<string, Issued>>) {
    writeFileSync(this.path('root.pem'), certificatePem(root));
    writeFileSync(this.path('password'), password);
    mkdirSync(this.path('nss'));
    run('certutil', ['-N', '-d', this.#nss, '--empty-password']);
    run('certutil', ['-A', '-d', this.#nss, '-n', 'root', '-t', 'CT,CT,CT', '-i', this.path('root.pem')]);
    for (const [name, issued] of Object.entries(people)) this.#addPerson(name, issued);
    this.#prepareGpgsm(people);
    run('javac', ['-cp', jars, '-d', this.directory, join(import.meta.dirname, 'java', 'Cms.java')]);
  }

  /** The versions, named as in the table of docs/reference/smime.md. */
  static versions(): readonly string[] {
    const nss = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'libnss3-tools']).toString();
    const java = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'libbcpkix-java']).toString();
    return [
      run('openssl', ['version']).toString().trim(),
      `NSS ${nss}`,
      run('gpgsm', ['--version']).toString().split('\n')[0] ?? '',
      `BouncyCastle ${java}`,
    ];
  }

  close(): void {
    spawnSync('gpgconf', ['--homedir', this.#gnupg, '--kill', 'all']);
    rmSync(this.directory, { recursive: true, force: true });
    rmSync(this.#gnupg, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  get #nss(): string {
    return `sql:${this.path('nss')}`;
  }

  #addPerson(name: string, issued: Issued): void {
    writeFileSync(this.path(`${name}.pem`), certificatePem(issued));
    writeFileSync(this.path(`${name}.crt`), issued.der);
    writeFileSync(this.path(`${name}.key`), keyPem(issued));
    writeFileSync(this.path(`${name}.pk8`), issued.key.privateKey.export({ format: 'der', type: 'pkcs8' }));
    run('openssl', [
      ...[
        'pkcs12',
        '-export',
        '-inkey',
        this.path(`${name}.key`),
        '-in',
        this.path(`${name}.pem`),
        '-name',
        name,
        '-out',
        this.path(`${name}.p12`),
      ],
      ...['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1', '-passout', `pass:${password}`],
    ]);
    spawnSync('pk12util', ['-i', this.path(`${name}.p12`), '-d', this.#nss, '-W', password, '-K', '']); // NSS does not know every kind of key
  }

  #prepareGpgsm(people: Readonly<Record<string, Issued>>): void {
    writeFileSync(join(this.#gnupg, 'gpgsm.conf'), 'disable-crl-checks\ndisable-policy-checks\nno-greeting\n');
    writeFileSync(join(this.#gnupg, 'gpg-agent.conf'), 'allow-loopback-pinentry\n');
    const fingerprint = run('openssl', ['x509', '-in', this.path('root.pem'), '-noout', '-fingerprint', '-sha1'])
      .toString()
      .split('=')[1]
      ?.trim();
    writeFileSync(join(this.#gnupg, 'trustlist.txt'), `${fingerprint} S relax\n`);
    const gpgsm = ['--homedir', this.#gnupg, '--batch', '--yes', '--pinentry-mode', 'loopback'];
    spawnSync('gpgsm', [...gpgsm, '--import', this.path('root.pem')]);
    for (const name of Object.keys(people))
      spawnSync('gpgsm', [...gpgsm, '--passphrase-fd', '0', '--import', this.path(`${name}.p12`)], {
        input: `${password}\n${password}\n`,
      });
  }

  #save(bytes: Uint8Array): string {
    const path = this.path(`f${this.#files++}`);
    writeFileSync(path, bytes);
    return path;
  }

  /** Does the tool accept the signature? `content` is given for a detached signature. */
  verify(tool: Tool, cms: Buffer, content: Buffer | undefined): boolean {
    const file = this.#save(cms);
    const signed = content === undefined ? undefined : this.#save(content);
    try {
      switch (tool) {
        case 'openssl':
          run('openssl', [
            'cms',
            '-verify',
            '-binary',
            '-inform',
            'DER',
            '-in',
            file,
            '-CAfile',
            this.path('root.pem'),
            ...(signed === undefined ? [] : ['-content', signed]),
          ]);
          return true;
        case 'nss':
          // Without -h cmsutil exits with 0 whatever the signature is.
          return run('cmsutil', [
            '-D',
            '-d',
            this.#nss,
            '-i',
            file,
            '-n',
            '-h',
            '0',
            ...(signed === undefined ? [] : ['-c', signed]),
          ]).includes('GoodSignature');
        case 'gpgsm':
          run('gpgsm', [
            '--homedir',
            this.#gnupg,
            '--batch',
            '--verify',
            file,
            ...(signed === undefined ? [] : [signed]),
          ]);
          return true;
        case 'bouncycastle':
          return this.java([['verify', file, signed ?? '-']])[0] === 'ok';
      }
    } catch {
      return false;
    }
  }

  /** The content of an encrypted CMS; undefined if the tool cannot read it. */
  decrypt(tool: Tool, cms: Buffer, person: string, keyAlgorithm: 'RSA' | 'EC'): Buffer | undefined {
    const file = this.#save(cms);
    const out = this.path(`f${this.#files++}`);
    try {
      switch (tool) {
        case 'openssl':
          return run('openssl', [
            'cms',
            '-decrypt',
            '-binary',
            '-inform',
            'DER',
            '-in',
            file,
            '-recip',
            this.path(`${person}.pem`),
            '-inkey',
            this.path(`${person}.key`),
          ]);
        case 'nss':
          run('cmsutil', ['-D', '-d', this.#nss, '-i', file, '-o', out]);
          break;
        case 'gpgsm':
          this.#runGpgsm(out, '--decrypt', file);
          break;
        case 'bouncycastle':
          if (this.java([['decrypt', file, this.path(`${person}.pk8`), keyAlgorithm, out]])[0] !== 'ok')
            return undefined;
      }
      return readFileSync(out);
    } catch {
      return undefined;
    }
  }

  /** A CMS that openssl makes of the content. */
  openssl(content: Buffer, ...args: readonly string[]): Buffer {
    const out = this.path(`f${this.#files++}`);
    run('openssl', ['cms', '-binary', '-in', this.#save(content), '-outform', 'DER', '-out', out, ...args]);
    return readFileSync(out);
  }

  /** A CMS that NSS makes of the content: `-S` signs, `-E` encrypts. */
  nss(content: Buffer, ...args: readonly string[]): Buffer {
    const out = this.path(`f${this.#files++}`);
    run('cmsutil', [...args, '-d', this.#nss, '-i', this.#save(content), '-o', out]);
    return readFileSync(out);
  }

  #runGpgsm(out: string, ...args: readonly string[]): void {
    const unattended = ['--batch', '--yes', '--pinentry-mode', 'loopback', '--passphrase-fd', '0'];
    run('gpgsm', ['--homedir', this.#gnupg, ...unattended, '-o', out, ...args], { input: `${password}\n` });
  }

  /** A CMS that gpgsm makes of the content. */
  gpgsm(content: Buffer, ...args: readonly string[]): Buffer {
    const out = this.path(`f${this.#files++}`);
    this.#runGpgsm(out, ...args, this.#save(content));
    return readFileSync(out);
  }

  /** A CMS that BouncyCastle makes. `command` gets the paths of the content and of the output file. */
  bouncyCastle(content: Buffer, command: (input: string, output: string) => readonly string[]): Buffer {
    const out = this.path(`f${this.#files++}`);
    const [answer] = this.java([command(this.#save(content), out)]);
    if (answer !== 'ok') throw new Error(`BouncyCastle: ${answer ?? 'no answer'}`);
    return readFileSync(out);
  }

  /** Runs commands of java/Cms.java and returns its answers. */
  java(commands: readonly (readonly string[])[]): readonly string[] {
    const input = commands.map((fields) => `${fields.join('\t')}\n`).join('');
    return run('java', ['-XX:TieredStopAtLevel=1', '-cp', `${jars}:${this.directory}`, 'Cms'], { input })
      .toString()
      .trim()
      .split('\n');
  }
}

export type Tool = 'openssl' | 'nss' | 'gpgsm' | 'bouncycastle';
export const tools: readonly Tool[] = ['openssl', 'nss', 'gpgsm', 'bouncycastle'];
