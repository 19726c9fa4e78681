/**
 * Events for loggers and diagnostics channels.
 * @module
 */
import type { ConnectionStep, EmailError } from './error.js';
import type { SmtpReply, Warning } from './reply.js';
import type { TlsSettings } from './settings/server.js';

/** Severity of an event. Commands and replies are 'debug'; connections and messages are 'info'. */
export type LogLevel = 'error' | 'warning' | 'info' | 'debug';

/** Fields that every event has. */
export interface LogEventBase {
  /** Time of the event. */
  readonly time: Date;
  /** Severity of the event. */
  readonly level: LogLevel;
  /** Number of the connection within the mailer, from 1; 0 for an event without one. */
  readonly connection: number;
}
/** A command that was sent, or a summary of content. Secrets have been replaced. */
export interface CommandEvent extends LogEventBase {
  /** Distinguishes this kind of event from the others. */
  readonly type: 'command';
  /** The command line with secrets replaced. */
  readonly display: string;
}
/** A reply that arrived. */
export interface ReplyEvent extends LogEventBase {
  /** Distinguishes this kind of event from the others. */
  readonly type: 'reply';
  /** The reply. */
  readonly reply: SmtpReply;
}
/** A connection changed its state. */
export interface ConnectionEvent extends LogEventBase {
  /** Distinguishes this kind of event from the others. */
  readonly type: 'connection';
  /** The new state. */
  readonly state: 'resolving' | 'connected' | 'secured' | 'authenticated' | 'closed';
  /** Address, cipher, mechanism, or reason. */
  readonly detail: string;
}
/** A message was started, sent, or failed. */
export interface MessageEvent extends LogEventBase {
  /** Distinguishes this kind of event from the others. */
  readonly type: 'message';
  /** Message-ID without brackets. */
  readonly messageId: string;
  /** The state that the message reached. */
  readonly state: 'started' | 'sent' | 'failed';
  /** Octets sent; 0 at the start. */
  readonly bytes: number;
  /** Milliseconds since the start. */
  readonly durationMs: number;
}
/** A warning. */
export interface WarningEvent extends LogEventBase {
  /** Distinguishes this kind of event from the others. */
  readonly type: 'warning';
  /** The warning. */
  readonly warning: Warning;
}
/** A failure. */
export interface ErrorEvent extends LogEventBase {
  /** Distinguishes this kind of event from the others. */
  readonly type: 'error';
  /** The error. */
  readonly error: EmailError;
}
/** An event, as passed to a logger. */
export type LogEvent = CommandEvent | ReplyEvent | ConnectionEvent | MessageEvent | WarningEvent | ErrorEvent;

/** A log file. */
export interface LogFileSettings {
  /**
   * Path of the file; relative paths start at the working directory. A missing file is created with mode 0600; its
   * directory must exist.
   */
  readonly path: string;
  /**
   * Longest size. A file that would exceed it is renamed to `path.1`, and a new one is started. Default 0: no limit.
   */
  readonly maxBytes?: number | undefined;
  /** Number of renamed files to keep, at least 1; the oldest is removed. Default 5. */
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
  /** Log to this syslog server instead of the system's own log. */
  readonly syslog?: SyslogSettings | undefined;
}

/** Logs that a profile configures, besides the `logger` of MailerOptions. A log that fails never makes a send fail. */
export interface LoggingSettings {
  /** True: the Windows event log, or the system log of macOS and Linux. */
  readonly eventLog?: boolean | EventLogSettings | undefined;
  /** Appends one line per event. Secrets and the content of messages are never written. */
  readonly file?: string | LogFileSettings | undefined;
  /** The lowest level that is logged. Default 'info'; commands and replies are 'debug'. */
  readonly level?: LogLevel | undefined;
}

/**
 * The data of the channels of `node:diagnostics_channel`. It contains no address, subject, Message-ID or content. The
 * exception is `error`: its message may name recipients, its `code` does not.
 */
export interface TraceBase {
  /** `server.host` of the profile. */
  readonly server: string;
  /** `server.port` of the profile, or its default. */
  readonly port: number;
  /** The reason of a failure; set before the `error` message. */
  error?: unknown;
}

/** `tracing:sealpost:send:*`: one call of `send`, the wait for a connection included. */
export interface SendTrace extends TraceBase {
  /** Name of the profile. */
  readonly profile: string;
  /** Number of recipients that the server accepted; set at the end. */
  accepted?: number;
  /** Number of recipients that the server refused; set at the end. */
  rejected?: number;
  /** Octets of content in all transactions; set at the end. */
  bytes?: number;
}

/** `tracing:sealpost:connection:*`: the opening of a connection, and each step within it. */
export interface ConnectionTrace extends TraceBase {
  /** Number of the connection within the mailer, from 1. */
  readonly connection: number;
  /** The step; absent for the whole opening. */
  readonly step?: ConnectionStep | undefined;
  /** Authentication mechanism; set at the end of the opening. */
  mechanism?: string | undefined;
  /** TLS version, such as `TLSv1.3`; set at the end of the opening. */
  tls?: string | undefined;
}

/** `tracing:sealpost:command:*`: a command or content, until its reply. */
export interface CommandTrace extends TraceBase {
  /** Number of the connection within the mailer. */
  readonly connection: number;
  /** `MAIL`, `RCPT`, `BDAT` and so on; `content` stands for the content after `DATA`. */
  readonly verb: string;
  /** Octets of content that were sent with the command. */
  bytes: number;
  /** Code of the reply; set at the end. */
  code?: SmtpReply['code'];
  /** Enhanced code of the reply (RFC 3463), if it has one; set at the end. */
  enhancedCode?: SmtpReply['enhancedCode'];
}

/** `sealpost:reply`: a reply that arrived. Its text is left out, because servers repeat addresses. */
export interface ReplyTrace {
  /** Number of the connection within the mailer. */
  readonly connection: number;
  /** The command that it answers; undefined for a greeting and for an unsolicited reply. */
  readonly verb: string | undefined;
  /** Code of the reply. */
  readonly code: SmtpReply['code'];
  /** Enhanced code of the reply (RFC 3463), if it has one. */
  readonly enhancedCode: SmtpReply['enhancedCode'];
}
