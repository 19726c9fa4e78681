/**
 * One mail transaction on the server's side: MAIL, RCPT, and content by DATA or BDAT, in their order.
 * @module
 */
import { CountedReader, DotReader, checkContent } from '../content-reader.js';
import type { ContentReader } from '../content-reader.js';
import { parsePathCommand } from '../command-syntax.js';
import { checkParameters } from '../esmtp-parameters.js';
import type { Announced } from '../esmtp-parameters.js';
import { ReceivedMessage } from '../received-message.js';
import type { TestMessage, TestRecipient } from './server-options.js';
import { replyCode } from './server-script.js';

/** A reader for content, and the outcome of that content. */
export interface ContentExpectation {
  readonly reader: ContentReader;
  /** Is this the end of the message? */
  readonly last: boolean;
  /** Reply text of a script that replaces the normal one. */
  readonly scripted?: string | undefined;
  /** The refusal; or the whole message if `last`. */
  finish(): { readonly refusal: string } | { readonly content: Buffer | undefined };
}

/** The state between MAIL and the end of data. Each transaction has a new one. */
export class ServerTransaction {
  readonly #announced: Announced;
  #from: string | undefined;
  #parameters: Readonly<Record<string, string>> = {};
  #recipients: TestRecipient[] = [];
  #chunks: Buffer[] | undefined;
  #chunkBytes = 0;
  #failed = false;

  constructor(announced: Announced) {
    this.#announced = announced;
  }

  /** Has MAIL been accepted? */
  get open(): boolean {
    return this.#from !== undefined;
  }

  /** Was a BDAT refused? Then only RSET helps (RFC 3030 section 2). */
  get failed(): boolean {
    return this.#failed;
  }

  get recipients(): readonly TestRecipient[] {
    return this.#recipients;
  }

  mail(rest: string, secure: boolean): string {
    if (this.#from !== undefined) return '503 5.5.1 Nested MAIL';
    const parsed = parsePathCommand(rest, 'FROM:');
    if (typeof parsed === 'string') return `501 5.5.4 ${parsed}`;
    const { address, parameters } = parsed;
    const refusal = checkParameters('MAIL', parameters, this.#announced);
    if (refusal !== undefined) return refusal;
    if (parameters['REQUIRETLS'] !== undefined && !secure) return '530 5.7.4 REQUIRETLS needs TLS';
    if (!isPrintableAscii(address) && parameters['SMTPUTF8'] === undefined)
      return '553 5.6.7 The address needs SMTPUTF8';
    this.#from = address;
    this.#parameters = parameters;
    return '250 2.1.0 OK';
  }

  rcpt(rest: string): string {
    if (this.#from === undefined) return '503 5.5.1 MAIL first';
    if (this.#chunks !== undefined || this.#failed) return '503 5.5.1 Content has begun';
    const parsed = parsePathCommand(rest, 'TO:');
    if (typeof parsed === 'string') return `501 5.5.4 ${parsed}`;
    const refusal = checkParameters('RCPT', parsed.parameters, this.#announced);
    if (refusal !== undefined) return refusal;
    const plain = isPrintableAscii(parsed.address) && isPrintableAscii(parsed.parameters['ORCPT'] ?? '');
    if (!plain && this.#parameters['SMTPUTF8'] === undefined) return '553 5.6.7 The address needs SMTPUTF8';
    this.#recipients.push(parsed);
    return '250 2.1.5 OK';
  }

  /** A refusal, or the reader of the content after 354. */
  data(): string | ContentExpectation {
    if (this.#from === undefined) return '503 5.5.1 MAIL first';
    if (this.#chunks !== undefined || this.#failed) return '503 5.5.1 BDAT has begun';
    if (this.#recipients.length === 0) return '554 5.5.1 No valid recipients';
    if (this.#parameters['BODY']?.toUpperCase() === 'BINARYMIME') return '503 5.5.1 BINARYMIME needs BDAT';
    const reader = new DotReader(this.#limit());
    return {
      reader,
      last: true,
      finish: () => (reader.overflow ? { refusal: tooLarge } : this.#judge(reader.take())),
    };
  }

  /** Starts a chunk. Its octets follow whatever the reply (RFC 3030 section 2), so there is always content to read. */
  bdat(length: number, last: boolean, scripted: string | undefined): ContentExpectation {
    const refusal = replyCode(scripted ?? '') >= 400 ? scripted : this.#bdatRefusal(length);
    const reader = new CountedReader(length, refusal === undefined);
    const finish: ContentExpectation['finish'] = () => {
      if (refusal !== undefined) {
        this.#failed = this.open;
        return { refusal };
      }
      (this.#chunks ??= []).push(reader.take());
      this.#chunkBytes += length;
      return last ? this.#judge(Buffer.concat(this.#chunks)) : { content: undefined };
    };
    return { reader, last, scripted, finish };
  }

  /** Makes the message, after its content was accepted for these recipients. */
  message(content: Buffer, to: readonly TestRecipient[], user: string | undefined, secure: boolean): TestMessage {
    const envelope = { from: this.#from ?? '', parameters: this.#parameters, to };
    return new ReceivedMessage({ envelope, content, user, secure });
  }

  #bdatRefusal(length: number): string | undefined {
    if (this.#from === undefined) return '503 5.5.1 MAIL first';
    if (this.#failed) return '503 5.5.1 An earlier BDAT failed: RSET first';
    if (this.#recipients.length === 0) return '554 5.5.1 No valid recipients';
    return this.#chunkBytes + length > this.#limit() ? tooLarge : undefined;
  }

  #judge(content: Buffer): { readonly refusal: string } | { readonly content: Buffer } {
    const refusal = checkContent(content, this.#parameters);
    return refusal === undefined ? { content } : { refusal };
  }

  #limit(): number {
    return Number(this.#announced.get('SIZE') ?? 0) || Infinity;
  }
}

const tooLarge = '552 5.3.4 The message is larger than the limit';

function isPrintableAscii(text: string): boolean {
  return !/[^\x20-\x7e]/.test(text);
}
