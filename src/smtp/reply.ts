import type { SmtpReply } from '../model/reply.js';
import { showText } from '../util/show.js';

/** A reply as it came: its code is read at once, its text only where somebody asks, for most replies are never looked at. */
export class Reply {
  readonly code: number;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;

  /** `bytes` from `start` to `end` are whole lines and stay as they are. */
  constructor(code: number, bytes: Buffer, start: number, end: number) {
    this.code = code;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** 2yz. */
  get positive(): boolean {
    return this.code < 300;
  }

  /** 3yz: the server waits for more. */
  get intermediate(): boolean {
    return this.code >= 300 && this.code < 400;
  }

  /** 4yz or 5yz. */
  get negative(): boolean {
    return this.code >= 400;
  }

  /** Its lines without their codes. Nearly every reply has but one. */
  #texts(): string[] {
    const whole = this.#bytes.toString('utf8', this.#start, this.#end);
    const end = whole.indexOf('\n');
    if (end === whole.length - 1) return [textOf(whole.slice(0, end))];
    return whole.split('\n').slice(0, -1).map(textOf);
  }

  /** The whole reply. */
  read(): SmtpReply {
    const texts = this.#texts();
    // RFC 2034 section 4: each line repeats the code, whose class is that of the reply.
    const enhancedCode = enhanced.exec(texts[0] ?? '')?.[1];
    if (enhancedCode === undefined || enhancedCode.charCodeAt(0) - 0x30 !== Math.floor(this.code / 100)) {
      return { code: this.code, lines: texts };
    }
    const lines = texts.map((text) =>
      enhanced.exec(text)?.[1] === enhancedCode ? text.slice(enhancedCode.length + 1) : text,
    );
    return { code: this.code, enhancedCode, lines };
  }
}

function textOf(line: string): string {
  return line.endsWith('\r') ? line.slice(4, -1) : line.slice(4);
}

/** A reply in which none of these stands any more: servers repeat lines that they do not understand. */
export function withoutSecrets(reply: Reply, secrets: Iterable<string>): Reply {
  const { enhancedCode, lines } = reply.read();
  const text = lines.join('\n');
  let cleaned = text;
  for (const secret of secrets) if (secret !== '') cleaned = cleaned.replaceAll(secret, '<secret>');
  if (cleaned === text) return reply;
  const prefix = enhancedCode === undefined ? `${reply.code} ` : `${reply.code} ${enhancedCode} `;
  const bytes = Buffer.from(`${cleaned.replace(/^/gm, () => prefix)}\n`);
  return new Reply(reply.code, bytes, 0, bytes.length);
}

/** RFC 3463 section 2. */
const enhanced = /^([245]\.\d{1,3}\.\d{1,3})(?: |$)/;

/** A reply on one line, for an error or a log, bounded and escaped. */
export function showReply(reply: SmtpReply): string {
  const text = reply.lines.filter((line) => line !== '').join(' / ');
  return [String(reply.code), reply.enhancedCode, showText(text)].filter(Boolean).join(' ');
}
