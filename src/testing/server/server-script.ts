/**
 * The part of a test server that does not follow the protocol: scripted replies and faults.
 * @module
 */
import type { TestFault, TestFaultStage, TestSmtpServerOptions } from './server-options.js';

/** Asked before each reply; counts over all connections of a server. */
export interface ServerScript {
  /** Reply text with CRLF in place of the normal one. */
  reply(verb: string, line: string): string | undefined;
  /** What goes wrong here. */
  fault(at: TestFaultStage): TestFault | undefined;
}

/** A script of the options `replies` and `faults`. */
export function createServerScript(options: TestSmtpServerOptions): ServerScript {
  return { reply: replySource(options.replies), fault: faultSource(options.faults) };
}

function replySource(replies: TestSmtpServerOptions['replies']): ServerScript['reply'] {
  if (typeof replies === 'function') {
    return (verb, line) => {
      const text = replies(verb, line);
      return text === undefined ? undefined : formatScriptedReply(text);
    };
  }
  const queues = new Map(
    Object.entries(replies ?? {}).map(([verb, list]) => [verb.toUpperCase(), list.map(formatScriptedReply)]),
  );
  return (verb) => queues.get(verb)?.shift();
}

function faultSource(faults: TestSmtpServerOptions['faults']): ServerScript['fault'] {
  if (typeof faults === 'function') return faults;
  const plan = (faults ?? []).map((fault) => ({ fault, left: fault.times ?? Infinity }));
  return (at) => {
    const entry = plan.find(({ fault, left }) => fault.at === at && left > 0);
    if (entry === undefined) return undefined;
    entry.left--;
    return entry.fault;
  };
}

/** Lines without a code get that of the first; text without any code stays, so that a client can be shown nonsense. */
function formatScriptedReply(text: string): string {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const code = /^\d{3}(?=[ -])/.exec(lines[0] ?? '')?.[0];
  const finished = code === undefined || (lines.length > 1 && lines.every((line) => /^\d{3}(?:[ -]|$)/.test(line)));
  if (finished) return lines.map((line) => `${line}\r\n`).join('');
  const last = lines.length - 1;
  return lines.map((line, i) => `${code}${i === last ? ' ' : '-'}${i === 0 ? line.slice(4) : line}\r\n`).join('');
}

/** The code of reply text; 0 where it has none. */
export function replyCode(text: string): number {
  return /^\d{3}/.test(text) ? Number(text.slice(0, 3)) : 0;
}
