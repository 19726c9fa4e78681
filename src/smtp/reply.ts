/**
 * A reply of a server (RFC 5321 section 4.2).
 * @module
 */
import type { SmtpReply } from '../model/reply.js';
import { hiddenText, type Secrets } from '../util/secrets.js';
import { showText } from '../util/show.js';

/**
 * A reply as it arrived. Its code is parsed at once, its text only on demand: the text of most replies is never used.
 */
export class Reply {
  readonly code: number;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  #secrets: Secrets | undefined;

  /** `bytes` from `start` to `end` are whole lines and must not change. */
  constructor(code: number, bytes: Buffer, start: number, end: number) {
    this.code = code;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** 2yz: success. */
  get positive(): boolean {
    return this.code < 300;
  }

  /** 3yz: the server waits for more. */
  get intermediate(): boolean {
    return this.code >= 300 && this.code < 400;
  }

  /** 4yz or 5yz: a refusal. */
  get negative(): boolean {
    return this.code >= 400;
  }

  /** From now on `read` leaves out the text if it repeats one of these secrets. */
  hide(secrets: Secrets): void {
    this.#secrets = secrets;
  }

  /** The joined text of the lines: the challenge in a 334. Must not be shown. */
  get challenge(): string {
    return this.#texts().join('');
  }

  /** The lines without their codes. Nearly every reply has only one line. */
  #texts(): string[] {
    const whole = this.#bytes.toString('utf8', this.#start, this.#end);
    const end = whole.indexOf('\n');
    if (end === whole.length - 1) return [textOf(whole.slice(0, end))];
    return whole.split('\n').slice(0, -1).map(textOf);
  }

  /** The whole reply. */
  read(): SmtpReply {
    const texts = this.#texts();
    const isHidden = this.#secrets?.isIn(texts.join('\n')) === true;
    // Each line repeats the enhanced code, whose class equals that of the reply (RFC 2034 section 4).
    const enhancedCode = enhanced.exec(texts[0] ?? '')?.[1];
    if (enhancedCode === undefined || enhancedCode.charCodeAt(0) - 0x30 !== Math.floor(this.code / 100)) {
      return { code: this.code, enhancedCode: undefined, lines: isHidden ? [hiddenText] : texts };
    }
    const lines = texts.map((text, i) =>
      i === 0 || enhanced.exec(text)?.[1] === enhancedCode ? text.slice(enhancedCode.length + 1) : text,
    );
    return { code: this.code, enhancedCode, lines: isHidden ? [hiddenText] : lines };
  }
}

function textOf(line: string): string {
  return line.endsWith('\r') ? line.slice(4, -1) : line.slice(4);
}

/** An enhanced code (RFC 3463 section 2). */
const enhanced = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/;

/** A reply on one line for an error or a log, shortened and escaped. */
export function showReply(reply: SmtpReply): string {
  const text = reply.lines.filter((line) => line !== '').join(' / ');
  return [String(reply.code), reply.enhancedCode, showText(text)].filter(Boolean).join(' ');
}
