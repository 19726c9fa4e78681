/**
 * The PowerShell script for the Windows event log. It is constant, and all variable input is JSON on its standard
 * input, so that no input is executed.
 * @module
 */
import type { LogLevel } from '../model/log.js';
import { jsonText } from '../util/own.js';

/**
 * Creates the event source if it is missing, which needs an administrator. If that fails, the events are written under
 * `.NET Runtime`, the source that .NET registers, and each text begins with the name of the missing source.
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

/** The standard input of the script: JSON in ASCII, which every console code page keeps. */
export function windowsEventInput(
  source: string,
  entries: readonly { readonly level: LogLevel; readonly text: string }[],
): string {
  const request = { source, entries: entries.map(({ level, text }) => ({ text, type: types[level] })) };
  return jsonText(request).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
