/**
 * What PowerShell is asked to run for the Windows event log. The script is constant; everything that varies comes as JSON on its standard
 * input, so that nothing can be read as a command.
 *
 * @module
 */
import type { LogLevel } from '../model/log.js';

/**
 * The source is made where it is missing, which takes an administrator. Without one, events are written under the source that .NET
 * itself registers, with ours in the text.
 */
const script = `
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
try {
  $request = [Console]::In.ReadToEnd() | ConvertFrom-Json
  $source = $request.source
  $prefix = ''
  try {
    if (-not [Diagnostics.EventLog]::SourceExists($source)) { [Diagnostics.EventLog]::CreateEventSource($source, 'Application') }
  } catch { $source = '.NET Runtime'; $prefix = $request.source + ': ' }
  foreach ($entry in $request.entries) {
    [Diagnostics.EventLog]::WriteEntry($source, $prefix + $entry.text, $entry.type, 1000)
  }
} catch { [Console]::Error.Write($_.Exception.Message); exit 1 }
`;

/** Names of System.Diagnostics.EventLogEntryType. */
const types: Readonly<Record<LogLevel, string>> = {
  error: 'Error',
  warning: 'Warning',
  info: 'Information',
  debug: 'Information',
};

/** Arguments for PowerShell. */
export const windowsEventArguments: readonly string[] = [
  '-NoProfile',
  '-NonInteractive',
  '-ExecutionPolicy',
  'Bypass',
  '-EncodedCommand',
  Buffer.from(script, 'utf16le').toString('base64'),
];

/** Its standard input. Text survives every code page of a console as ASCII. */
export function windowsEventInput(
  source: string,
  entries: readonly { readonly level: LogLevel; readonly text: string }[],
): string {
  const request = { source, entries: entries.map(({ level, text }) => ({ text, type: types[level] })) };
  return JSON.stringify(request).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
