import type { EmailError } from './error.js';
import type { SmtpReply, Warning } from './reply.js';

/** Commands and replies are 'debug'; connections and messages 'info'. */
export type LogLevel = 'error' | 'warning' | 'info' | 'debug';

/** What every event has. */
export interface LogEventBase {
  /** When. */
  readonly time: Date;
  /** How grave. */
  readonly level: LogLevel;
  /** Number of the connection within the mailer, from 1; 0 where there is none. */
  readonly connection: number;
}
/** A command that was sent, or a summary of content. Secrets are already gone. */
export interface CommandEvent extends LogEventBase {
  /** Discriminant. */
  readonly type: 'command';
  /** The command line with secrets replaced. */
  readonly display: string;
}
/** A reply that arrived. */
export interface ReplyEvent extends LogEventBase {
  /** Discriminant. */
  readonly type: 'reply';
  /** The reply. */
  readonly reply: SmtpReply;
}
/** A connection changed its state. */
export interface ConnectionEvent extends LogEventBase {
  /** Discriminant. */
  readonly type: 'connection';
  /** The new state. */
  readonly state: 'resolving' | 'connected' | 'secured' | 'authenticated' | 'closed';
  /** Address, cipher, mechanism, or reason. */
  readonly detail: string;
}
/** A message was started, sent, or failed. */
export interface MessageEvent extends LogEventBase {
  /** Discriminant. */
  readonly type: 'message';
  /** Message-ID without brackets. */
  readonly messageId: string;
  /** What happened. */
  readonly state: 'started' | 'sent' | 'failed';
  /** Octets; 0 at the start. */
  readonly bytes: number;
  /** Milliseconds since the start. */
  readonly durationMs: number;
}
/** A warning. */
export interface WarningEvent extends LogEventBase {
  /** Discriminant. */
  readonly type: 'warning';
  /** The warning. */
  readonly warning: Warning;
}
/** A failure. */
export interface ErrorEvent extends LogEventBase {
  /** Discriminant. */
  readonly type: 'error';
  /** The error. */
  readonly error: EmailError;
}
/** What a logger is given. */
export type LogEvent = CommandEvent | ReplyEvent | ConnectionEvent | MessageEvent | WarningEvent | ErrorEvent;
