/**
 * Events for loggers.
 * @module
 */
import type { ConnectionStep, EmailError } from './error.js';
import type { SmtpReply, Warning } from './reply.js';
import type { TlsSettings } from './settings/server.js';

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

/** A log file. */
export interface LogFileSettings {
  /** Relative paths are from the working directory. Made with mode 0600 where it is missing; its directory must be there. */
  readonly path: string;
  /** A file that would become longer is renamed to `path.1`, and a new one begun. Default 0: no limit. */
  readonly maxBytes?: number | undefined;
  /** Renamed files that are kept, at least 1; the oldest goes. Default 5. */
  readonly maxFiles?: number | undefined;
}

/** A syslog server (RFC 5424). */
export interface SyslogSettings {
  /** DNS name or IP address. */
  readonly host: string;
  /** Default 514; 6514 with TLS. */
  readonly port?: number | undefined;
  /** Default 'udp' (RFC 5426). 'tcp' frames by octet counting (RFC 6587), 'tls' is RFC 5425. */
  readonly protocol?: 'udp' | 'tcp' | 'tls' | undefined;
  /** Checks of the server's certificate, with 'tls'. */
  readonly tls?: TlsSettings | undefined;
}

/** The log of the operating system, or of a syslog server in its place. */
export interface EventLogSettings {
  /** Names the program. Default 'sealpost'. On Windows it is the event source. */
  readonly source?: string | undefined;
  /** In place of the system's own log. */
  readonly syslog?: SyslogSettings | undefined;
}

/** Logs that the profile asks for, besides the `logger` of MailerOptions. A log that fails never breaks a send. */
export interface LoggingSettings {
  /** True: the Windows event log, or the system log of macOS and Linux. */
  readonly eventLog?: boolean | EventLogSettings | undefined;
  /** One line an event, appended. Secrets and the content of messages are never written. */
  readonly file?: string | LogFileSettings | undefined;
  /** Events of this level and graver ones. Default 'info'; commands and replies are 'debug'. */
  readonly level?: LogLevel | undefined;
}

/**
 * What the channels of `node:diagnostics_channel` carry. No address, subject, Message-ID or content is in any of it, apart from `error`, whose
 * message may name recipients: its `code` does not.
 */
export interface TraceBase {
  /** `server.host` of the profile. */
  readonly server: string;
  /** `server.port` of the profile, or its default. */
  readonly port: number;
  /** Why it failed; set before the `error` message. */
  error?: unknown;
}

/** `tracing:sealpost:send:*`: one call of `send`, the wait for a connection included. */
export interface SendTrace extends TraceBase {
  /** Name of the profile. */
  readonly profile: string;
  /** Recipients that the server took the message for; set at the end. */
  accepted?: number;
  /** Recipients that it refused; set at the end. */
  rejected?: number;
  /** Octets of content, of all transactions; set at the end. */
  bytes?: number;
}

/** `tracing:sealpost:connection:*`: the opening of a connection, and, inside it, each of its steps. */
export interface ConnectionTrace extends TraceBase {
  /** Number of the connection within the mailer, from 1. */
  readonly connection: number;
  /** The step; absent: the whole opening. */
  readonly step?: ConnectionStep | undefined;
  /** Mechanism of the authentication; set at the end of the opening. */
  mechanism?: string | undefined;
  /** As `TLSv1.3`; set at the end of the opening. */
  tls?: string | undefined;
}

/** `tracing:sealpost:command:*`: a command, or content, until its reply. */
export interface CommandTrace extends TraceBase {
  /** Number of the connection within the mailer. */
  readonly connection: number;
  /** `MAIL`, `RCPT`, `BDAT` and so on; `content` is what follows `DATA`. */
  readonly verb: string;
  /** Octets of content that were sent with it. */
  bytes: number;
  /** Code of the reply; set at the end. */
  code?: SmtpReply['code'];
  /** Enhanced code of the reply (RFC 3463), where it has one; set at the end. */
  enhancedCode?: SmtpReply['enhancedCode'];
}

/** `sealpost:reply`: a reply that arrived. Its text is not in it: servers repeat addresses. */
export interface ReplyTrace {
  /** Number of the connection within the mailer. */
  readonly connection: number;
  /** The command it answers; undefined for a greeting, and for a reply that no command asked for. */
  readonly verb: string | undefined;
  /** Code of the reply. */
  readonly code: SmtpReply['code'];
  /** Enhanced code of the reply (RFC 3463), where it has one. */
  readonly enhancedCode: SmtpReply['enhancedCode'];
}
