/**
 * Scripted replies and faults: the behaviour of a test server that deviates from the protocol.
 * @module
 */
import type { TestFault, TestFaultStage, TestSmtpServerOptions } from './server-options.js';

/** Consulted before each reply. It counts over all connections of a server. */
export interface ServerScript {
  /** The reply text, with CRLF, that replaces the normal one. */
  reply(verb: string, line: string): string | undefined;
  /** The fault at this stage, if there is one. */
  fault(at: TestFaultStage): TestFault | undefined;
}

/** Makes a script from the options `replies` and `faults`. */
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

/**
 * Lines without a code get that of the first line. Text without any code is left unchanged, so that a test can send
 * malformed replies.
 */
function formatScriptedReply(text: string): string {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const code = /^\d{3}(?=[ -])/.exec(lines[0] ?? '')?.[0];
  const finished = code === undefined || (lines.length > 1 && lines.every((line) => /^\d{3}(?:[ -]|$)/.test(line)));
  if (finished) return lines.map((line) => `${line}\r\n`).join('');
  const last = lines.length - 1;
  return lines.map((line, i) => `${code}${i === last ? ' ' : '-'}${i === 0 ? line.slice(4) : line}\r\n`).join('');
}

/** The code of a reply; 0 if it has none. */
export function replyCode(text: string): number {
  return /^\d{3}/.test(text) ? Number(text.slice(0, 3)) : 0;
}
