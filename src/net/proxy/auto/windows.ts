/**
 * The proxies of Windows: the user's Internet settings, with automatic configuration evaluated by the system, then the
 * machine's WinHTTP settings.
 * @module
 */
import type { ProxyServerSettings } from '../../../model/settings/proxy.js';
import { matchesExceptions } from './bypass.js';
import type { BypassTarget } from './bypass.js';
import type { FoundProxy } from './found-proxy.js';
import { proxyOfText } from './found-proxy.js';
import type { SystemContext, SystemReader } from './system.js';
import { urlOf } from './system.js';

const settingsKey = 'Software\\Microsoft\\Windows\\CurrentVersion\\Internet Settings';
const userOrigin = "the user's Internet settings";
const scriptOrigin = 'automatic configuration (PAC)';
const machineOrigin = 'the WinHTTP settings of this machine';
const targetVariable = 'SEALPOST_PROXY_TARGET';

/** The target is passed in the environment, so that no part of it is read as a command. */
const script = [
  `$target = [Uri] $env:${targetVariable}`,
  '$proxy = [System.Net.WebRequest]::GetSystemWebProxy()',
  "if ($proxy.IsBypassed($target)) { 'DIRECT' } else { $proxy.GetProxy($target).AbsoluteUri }",
].join('\n');

/** The Internet settings of the user who runs this process. */
export const userInternetSettings: SystemReader = async (context) => {
  const values = registryValues(await queryRegistry(context, `HKCU\\${settingsKey}`));
  const connection = registryValues(
    await queryRegistry(context, `HKCU\\${settingsKey}\\Connections`, 'DefaultConnectionSettings'),
  );
  // Flags in the ninth octet: 4 means a script by URL, 8 automatic detection.
  const flags = Buffer.from(connection.get('DefaultConnectionSettings') ?? '', 'hex')[8] ?? 0;
  if (values.has('AutoConfigURL') || (flags & 0x0c) !== 0) {
    const answer = (await evaluateScript(context))?.trim();
    if (answer === 'DIRECT') return { settings: 'none', origin: scriptOrigin };
    if (answer) return proxyOfText(answer, scriptOrigin);
  }
  if (Number(values.get('ProxyEnable') ?? 0) !== 1) return undefined;
  return proxyOfLists(values.get('ProxyServer') ?? '', values.get('ProxyOverride') ?? '', context.target, userOrigin);
};

/**
 * The settings of `netsh winhttp`. They are read from the registry, because that program's output is in the user's
 * language.
 */
export const winHttpSettings: SystemReader = async (context) => {
  const values = registryValues(
    await queryRegistry(
      context,
      `HKLM\\SOFTWARE\\${settingsKey.slice('Software\\'.length)}\\Connections`,
      'WinHttpSettings',
    ),
  );
  const { proxy, bypass } = readWinHttpSettings(Buffer.from(values.get('WinHttpSettings') ?? '', 'hex'));
  return proxyOfLists(proxy, bypass, context.target, machineOrigin);
};

/** The full path of a program: Windows would look in the working directory first. */
function systemFile(context: SystemContext, ...parts: readonly string[]): string {
  return [context.environment['SystemRoot'] ?? 'C:\\Windows', 'System32', ...parts].join('\\');
}

async function queryRegistry(context: SystemContext, key: string, value?: string): Promise<string> {
  const { run, signal, environment } = context;
  const args = ['query', key, ...(value === undefined ? [] : ['/v', value])];
  return (await run(systemFile(context, 'reg.exe'), args, { signal, env: environment })) ?? '';
}

function evaluateScript(context: SystemContext): Promise<string | undefined> {
  const { run, signal, environment, target } = context;
  const encoded = Buffer.from(script, 'utf16le').toString('base64');
  const args = ['-NoLogo', '-NoProfile', '-NonInteractive', '-EncodedCommand', encoded];
  const file = systemFile(context, 'WindowsPowerShell', 'v1.0', 'powershell.exe');
  return run(file, args, { signal, env: { ...environment, [targetVariable]: urlOf(target) } });
}

/** Parses the output of `reg query` into data by name. */
function registryValues(output: string): ReadonlyMap<string, string> {
  const lines = output.split(/\r?\n/).map((line) => /^ {4}(.+?) {4}REG_[A-Z_]+(?: {4}(.*))?$/.exec(line));
  return new Map(
    lines.flatMap((match) => (match?.[1] === undefined ? [] : [[match[1], match[2]?.trim() ?? ''] as const])),
  );
}

/**
 * Reads version, counter, flags, then proxy and bypass list, each preceded by its length. Numbers are little-endian.
 */
function readWinHttpSettings(bytes: Buffer): { readonly proxy: string; readonly bypass: string } {
  const textAt = (at: number): string => {
    const length = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0;
    return at + 4 + length <= bytes.length ? bytes.toString('latin1', at + 4, at + 4 + length) : '';
  };
  const hasProxy = ((bytes[8] ?? 0) & 2) !== 0;
  const proxy = hasProxy ? textAt(12) : '';
  return { proxy, bypass: textAt(16 + proxy.length) };
}

/** Parses `host:port` for all protocols, or `https=host:port;socks=host:port`. */
function proxyOfLists(
  servers: string,
  exceptions: string,
  target: BypassTarget,
  origin: string,
): FoundProxy | undefined {
  const entries = servers.split(/[;\s]+/).filter((entry) => entry !== '');
  const byScheme = (scheme: string): string | undefined =>
    entries.find((entry) => entry.toLowerCase().startsWith(`${scheme}=`))?.slice(scheme.length + 1);
  const socks = byScheme('socks');
  const server = socks ?? byScheme('https') ?? entries.find((entry) => !entry.includes('='));
  if (server === undefined) return undefined;
  if (matchesExceptions(exceptions.split(/[;\s]+/), target)) return { settings: 'none', origin };
  const found = proxyOfText(server, origin);
  // Windows uses SOCKS 4 for a server under `socks=`.
  if (socks === undefined || socks.includes('://') || found.settings === 'none') return found;
  const { host, port }: ProxyServerSettings = found.settings;
  return { settings: { type: 'socks4', host, port }, origin };
}
