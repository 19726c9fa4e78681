/**
 * The protocol of the test server, without sockets. It takes a command line and returns the reply and the next step.
 * @module
 */
import { isHeloArgument, splitVerb } from '../command-syntax.js';
import type { ServerAuthContext, ServerMechanism } from './server-mechanism.js';
import { createServerMechanism } from './server-mechanisms.js';
import type { TestFaultStage, TestMessage } from './server-options.js';
import { replyCode } from './server-script.js';
import type { ServerScript } from './server-script.js';
import { ServerTransaction } from './server-transaction.js';
import type { ContentExpectation } from './server-transaction.js';

/** Facts about the server and the connection. */
export interface DialogueSettings {
  readonly protocol: 'smtp' | 'lmtp';
  readonly script: ServerScript;
  readonly needsAuthentication: boolean;
  readonly extensions: readonly string[];
  /** Is STARTTLS offered (before TLS)? */
  readonly offersTls: boolean;
  /** Is the connection under TLS? */
  readonly secure: boolean;
  readonly auth: ServerAuthContext;
  readonly keep: (message: TestMessage) => void;
}

/** The result of a line, or of the end of content. */
export interface DialogueStep {
  /** The whole reply, including CRLF. */
  readonly reply: string;
  /** The place at which a fault may replace the reply. */
  readonly stage?: TestFaultStage | undefined;
  readonly then?: 'close' | 'starttls' | undefined;
  /** Set if content follows. */
  readonly content?: ContentExpectation | undefined;
}

const hidden = '[hidden]';

/** The verbs of the protocol, and the stage of each for faults. */
const verbs: ReadonlyMap<string, TestFaultStage | undefined> = new Map([
  ...(['STARTTLS', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'RSET', 'NOOP', 'QUIT'] as const).map(
    (verb) => [verb, verb] as const,
  ),
  ...['EHLO', 'HELO', 'LHLO'].map((verb) => [verb, 'EHLO'] as const),
  ...['BDAT', 'VRFY'].map((verb) => [verb, undefined] as const),
]);

/** Commands that must end a pipelined group, because the next command depends on their reply (RFC 2920, 3207, 4954). */
const lastInGroup = new Set(['EHLO', 'HELO', 'LHLO', 'STARTTLS', 'AUTH', 'DATA']);

/** One dialogue: from the greeting or TLS handshake to STARTTLS or the end. */
export class ServerDialogue {
  readonly #settings: DialogueSettings;
  #announced: ReadonlyMap<string, string> | undefined;
  #transaction: ServerTransaction;
  #exchange: ServerMechanism | 'scripted' | undefined;
  #user: string | undefined;
  #authenticated = false;
  #sawAuth = false;

  constructor(settings: DialogueSettings) {
    this.#settings = settings;
    this.#transaction = new ServerTransaction(new Map());
  }

  /** The line as the transcript shows it. */
  display(line: string): string {
    if (this.#exchange !== undefined) return line === '*' ? line : hidden;
    const { verb, rest } = splitVerb(line);
    if (verb === 'AUTH') {
      this.#sawAuth = true;
      const [mechanism = '', ...secret] = rest.split(' ');
      return ['AUTH', mechanism, ...(secret.length > 0 ? [hidden] : [])].join(' ');
    }
    // Some clients send their secret even after AUTH was refused.
    return this.#sawAuth && !verbs.has(verb) ? hidden : line;
  }

  /** Handles a command line. `more` says that octets after this line have already arrived. */
  line(line: string, more: boolean): DialogueStep {
    if (this.#exchange !== undefined) return ended(this.#continueAuth(line));
    const { verb, rest } = splitVerb(line);
    if (verb === 'BDAT') return this.#bdat(rest, line);
    const stage = verbs.get(verb);
    if (more && (lastInGroup.has(verb) || !this.#has('PIPELINING'))) {
      const step = this.#reply('503 5.5.1 Octets arrived behind the command');
      return verb === 'DATA' ? { ...step, then: 'close' } : step;
    }
    const scripted = this.#settings.script.reply(verb, line);
    if (scripted !== undefined && replyCode(scripted) >= 400) return ended({ reply: scripted, stage });
    if (verb === 'AUTH') return ended(this.#auth(rest, scripted));
    const step = this.#command(verb, rest);
    if (scripted === undefined) return { ...step, stage };
    if (stage === 'EHLO') {
      this.#announced = announcedBy(scripted);
      this.#reset();
    }
    return { ...step, reply: scripted, stage };
  }

  /** The reply, or replies, after the last octet of content. */
  contentDone({ last, scripted, finish }: ContentExpectation): DialogueStep {
    const { script, protocol, secure, keep } = this.#settings;
    const result = finish();
    const outcome = scripted ?? this.#reply('refusal' in result ? result.refusal : '250 2.0.0 OK').reply;
    if (!last) return ended({ reply: outcome });
    const transaction = this.#transaction;
    const replies = protocol === 'lmtp' && !transaction.failed ? transaction.recipients.length : 1;
    const texts = Array.from({ length: replies }, () => script.reply('END', '') ?? outcome);
    const to = transaction.recipients.filter((_, i) => replyCode(texts[Math.min(i, texts.length - 1)] ?? '') < 400);
    if (to.length > 0 && 'content' in result && result.content !== undefined)
      keep(transaction.message(result.content, to, this.#user, secure));
    if (!transaction.failed) this.#reset();
    return ended({ reply: texts.join(''), stage: 'end' });
  }

  #command(verb: string, rest: string): DialogueStep {
    switch (verb) {
      case 'EHLO':
      case 'HELO':
      case 'LHLO':
        return this.#hello(verb, rest);
      case 'STARTTLS':
        return this.#startTls(rest);
      case 'MAIL':
        return this.#mail(rest);
      case 'RCPT':
        return this.#reply(this.#transaction.rcpt(rest));
      case 'DATA':
        return this.#data(rest);
      case 'RSET':
        this.#reset();
        return this.#reply('250 2.0.0 OK');
      case 'NOOP':
        return this.#reply('250 2.0.0 OK');
      case 'QUIT':
        return { ...this.#reply('221 2.0.0 Bye'), then: 'close' };
      case 'VRFY':
        return this.#reply('252 2.5.0 Send some mail and see');
      default:
        return this.#reply('500 5.5.1 Unknown command');
    }
  }

  #hello(verb: string, argument: string): DialogueStep {
    const { protocol } = this.#settings;
    if ((verb === 'LHLO') !== (protocol === 'lmtp'))
      return this.#reply(`500 5.5.1 ${verb} is not for ${protocol.toUpperCase()}`);
    if (!isHeloArgument(argument)) return this.#reply('501 5.5.4 Neither a domain nor an address literal');
    const lines = ['localhost', ...(verb === 'HELO' ? [] : this.#extensionLines())];
    const text = lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('');
    this.#announced = announcedBy(text);
    this.#reset();
    return { reply: text };
  }

  #extensionLines(): readonly string[] {
    const { extensions, secure, offersTls, auth } = this.#settings;
    const lines = extensions.filter((line) => secure || line.toUpperCase() !== 'REQUIRETLS');
    return [
      ...lines,
      ...(offersTls ? ['STARTTLS'] : []),
      ...(auth.offered.length > 0 ? [`AUTH ${auth.offered.join(' ')}`] : []),
    ];
  }

  #startTls(rest: string): DialogueStep {
    if (!this.#has('STARTTLS')) return this.#reply('502 5.5.1 STARTTLS is not offered');
    if (rest !== '') return this.#reply('501 5.5.4 STARTTLS takes no parameter');
    if (this.#transaction.open) return this.#reply('503 5.5.1 Not within a mail transaction');
    return { ...this.#reply('220 2.0.0 Go ahead'), then: 'starttls' };
  }

  #mail(rest: string): DialogueStep {
    if (this.#announced === undefined) return this.#reply('503 5.5.1 EHLO first');
    if (this.#settings.needsAuthentication && !this.#authenticated)
      return this.#reply('530 5.7.0 Authentication required');
    return this.#reply(this.#transaction.mail(rest, this.#settings.secure));
  }

  #data(rest: string): DialogueStep {
    if (rest !== '') return this.#reply('501 5.5.4 DATA takes no parameter');
    const content = this.#transaction.data();
    return typeof content === 'string'
      ? this.#reply(content)
      : { ...this.#reply('354 End with a dot on a line by itself'), content };
  }

  #bdat(rest: string, line: string): DialogueStep {
    const [, digits, last] = /^(\d{1,15})( LAST)?$/i.exec(rest) ?? [];
    if (digits === undefined) return { ...this.#reply('501 5.5.4 Malformed BDAT'), then: 'close' };
    if (!this.#has('CHUNKING')) return { ...this.#reply('502 5.5.1 CHUNKING is not offered'), then: 'close' };
    const scripted = this.#settings.script.reply('BDAT', line);
    return { reply: '', content: this.#transaction.bdat(Number(digits), last !== undefined, scripted) };
  }

  #auth(rest: string, scripted: string | undefined): DialogueStep {
    if (scripted !== undefined) return this.#scriptedAuth(scripted);
    const [name = '', initial, ...more] = rest.split(' ');
    const { auth, needsAuthentication } = this.#settings;
    const refusal = (text: string): DialogueStep => ({ ...this.#reply(text), stage: 'AUTH' });
    if (!this.#has('AUTH'))
      return refusal(
        needsAuthentication ? '538 5.7.11 AUTH is not offered before TLS' : '502 5.5.1 AUTH is not offered',
      );
    if (this.#authenticated) return refusal('503 5.5.1 Already authenticated');
    if (this.#transaction.open) return refusal('503 5.5.1 Not within a mail transaction');
    if (!auth.offered.includes(name.toUpperCase())) return refusal('504 5.5.4 The mechanism is not offered');
    if (more.length > 0) return refusal('501 5.5.4 Too many parameters');
    this.#exchange = createServerMechanism(name.toUpperCase(), auth);
    if (initial === undefined) return this.#advance(this.#exchange, undefined);
    return this.#decode(this.#exchange, initial === '=' ? '' : initial);
  }

  #continueAuth(line: string): DialogueStep {
    const exchange = this.#exchange;
    const scripted = this.#settings.script.reply('AUTH', line);
    if (scripted === undefined && exchange !== 'scripted' && exchange !== undefined)
      return this.#decode(exchange, line);
    return this.#scriptedAuth(scripted ?? this.#reply('535 5.7.8 Authentication failed').reply);
  }

  #scriptedAuth(reply: string): DialogueStep {
    this.#exchange = replyCode(reply) === 334 ? 'scripted' : undefined;
    this.#authenticated ||= replyCode(reply) === 235;
    return { reply, stage: 'AUTH' };
  }

  #decode(exchange: ServerMechanism, line: string): DialogueStep {
    const cancelled = line === '*';
    if (!cancelled && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(line)) {
      return this.#advance(exchange, Buffer.from(line, 'base64'));
    }
    this.#exchange = undefined;
    return { ...this.#reply(cancelled ? '501 5.7.0 Cancelled' : '501 5.5.2 Not base64'), stage: 'AUTH' };
  }

  #advance(exchange: ServerMechanism, response: Buffer | undefined): DialogueStep {
    const step = exchange(response);
    if ('challenge' in step)
      return { reply: `334 ${Buffer.from(step.challenge).toString('base64')}\r\n`, stage: 'AUTH' };
    this.#exchange = undefined;
    if ('refused' in step) return { ...this.#reply(`535 5.7.8 Authentication failed: ${step.refused}`), stage: 'AUTH' };
    this.#user = step.user;
    this.#authenticated = true;
    return { ...this.#reply('235 2.7.0 Authenticated'), stage: 'AUTH' };
  }

  /** A reply of one line. The enhanced code is removed unless ENHANCEDSTATUSCODES was announced (RFC 2034). */
  #reply(text: string): DialogueStep {
    return { reply: `${this.#has('ENHANCEDSTATUSCODES') ? text : text.replace(/^(\d{3} )\d\.\d+\.\d+ /, '$1')}\r\n` };
  }

  #has(extension: string): boolean {
    return this.#announced?.has(extension) ?? false;
  }

  #reset(): void {
    this.#transaction = new ServerTransaction(this.#announced ?? new Map());
  }
}

/** A 421 ends a connection at any point (RFC 5321 section 4.2.1). */
function ended(step: DialogueStep): DialogueStep {
  return replyCode(step.reply) === 421 ? { ...step, content: undefined, then: 'close' } : step;
}

/**
 * The extensions that an EHLO reply announces. The client is held to the reply that was actually sent, scripted or not.
 */
function announcedBy(reply: string): ReadonlyMap<string, string> {
  const lines = reply.split('\r\n').slice(1, -1);
  return new Map(
    lines.map((line) => {
      const [keyword = '', ...parameters] = line.slice(4).split(' ');
      return [keyword.toUpperCase(), parameters.join(' ')];
    }),
  );
}
