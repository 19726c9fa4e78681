/**
 * Turns a message into envelope and content. The message is checked when it is prepared, and written once the server's
 * abilities are known.
 * @module
 */
import { types } from 'node:util';
import { parseAddress } from '../address/mailbox.js';
import type { ParsedMailbox } from '../address/mailbox.js';
import { untilAborted } from '../async/until-aborted.js';
import { abortError } from '../errors/abort.js';
import { isEmailError, messageInvalid } from '../errors/email-error.js';
import { checkedId, createMessageId } from '../mime/identifier.js';
import type { Part } from '../mime/part.js';
import { joinEntity, renderEntity, renderMessage } from '../mime/render.js';
import type { RenderedMessage } from '../mime/render.js';
import type { Envelope } from '../model/envelope.js';
import type { MailMessage } from '../model/message.js';
import type { MessageProtection, MessageProtector, WrittenField } from '../model/protection.js';
import type { ContentCapabilities, OutgoingContent } from '../model/transport.js';
import { problem } from '../schema/schema.js';
import { resolveSecret } from '../system/secret.js';
import { isAscii } from '../util/bytes.js';
import { messageBody, openContent } from './content/body.js';
import type { ContentContext } from './content/content.js';
import type { FileAccess } from './content/file-access.js';
import type { TextFromHtml } from './content/html-choices.js';
import type { Sources } from './content/sources.js';
import type { DomainSigner, ReadSecret } from './domain-signer.js';
import { checkMessage } from './message/check-message.js';
import { buildEnvelope, isDsnRequired, readMailboxes } from './message/envelope.js';
import type { MessageMailboxes, SenderSettings } from './message/envelope.js';
import { fromField, messageFields } from './message/header-fields.js';
import { identityOf, type MessageIdentity } from './message/message-ids.js';
import { readable } from './message/own-message.js';
import { MessageProblems } from './message/problems.js';
import type { RecipientGuard } from './message/recipient-guard.js';
import type { MessageCopy, PreparedMessage } from './prepared-message.js';
import type { TakenMessage } from './taken-message.js';

/** The part of a message that is known before its content is written. */
interface Draft {
  readonly fields: readonly WrittenField[];
  readonly smtpUtf8: boolean;
  readonly domainSigner: DomainSigner | undefined;
}

/** A message that was found in order, before its body is opened. */
interface Outline {
  readonly message: MailMessage;
  readonly mailboxes: MessageMailboxes;
  readonly sources: Sources;
  readonly envelope: Envelope;
  readonly fields: readonly WrittenField[];
  /** The replaced recipients of a redirected message. */
  readonly originals: readonly string[] | undefined;
  /** With its brackets. */
  readonly messageId: string;
  readonly identity: MessageIdentity | undefined;
}

/** A message whose shape was checked. */
interface CheckedMessage {
  readonly message: MailMessage;
  readonly mailboxes: MessageMailboxes;
  readonly problems: MessageProblems;
  readonly sources: Sources;
  readonly guard: RecipientGuard | undefined;
}

/** Options of a mailer that change what its composer does. */
export interface ComposerOptions {
  /** Called for each message of a mailer with a recipient policy. */
  readonly loadGuard?: (() => Promise<RecipientGuard>) | undefined;
  readonly textFromHtml?: TextFromHtml | undefined;
  /** May content be read several times? */
  readonly isRetried?: boolean;
}

export class Composer {
  readonly #profile: SenderSettings;
  readonly #from: ParsedMailbox;
  /** The From field of `#from`, which most messages share. */
  #fromField: string | undefined;
  readonly #fileAccess: FileAccess;
  readonly #loadProtector: (() => Promise<MessageProtector>) | undefined;
  readonly #loadGuard: (() => Promise<RecipientGuard>) | undefined;
  readonly #textFromHtml: TextFromHtml | undefined;
  readonly #isRetried: boolean;

  /** `loadProtector` is called only if the profile has S/MIME settings, when the first message needs it. */
  constructor(
    profile: SenderSettings,
    fileAccess: FileAccess,
    loadProtector: (() => Promise<MessageProtector>) | undefined,
    { loadGuard, textFromHtml, isRetried = false }: ComposerOptions = {},
  ) {
    this.#profile = profile;
    this.#fileAccess = fileAccess;
    this.#loadProtector = loadProtector;
    this.#loadGuard = loadGuard;
    this.#textFromHtml = textFromHtml;
    this.#isRetried = isRetried;
    const { name, email } = profile.sender;
    this.#from = parseAddress(name === undefined ? { email } : { name, email }, 'sender');
  }

  /**
   * Checks and finds everything that needs no connection. Rejects with ERR_MESSAGE_INVALID, ERR_CONTENT,
   * ERR_CERTIFICATE and others; then the sources of the message are closed. With `sending`, the Message-ID
   * is in use until the send fails; then the next attempt may take it.
   */
  async prepare(taken: TakenMessage, signal: AbortSignal, sending: boolean): Promise<PreparedMessage> {
    const { given, message, sources, fault } = taken;
    let identity: MessageIdentity | undefined;
    try {
      if (fault) throw fault.error;
      if (signal.aborted) throw abortError(signal);
      const problems = new MessageProblems();
      const right = readable(() => checkMessage(message, given, problems));
      const mailboxes = readMailboxes(this.#profile, right, this.#from, problems);
      const guard = this.#loadGuard && (await this.#loadGuard());
      const checked: CheckedMessage = { message: right, mailboxes, problems, sources, guard };
      if (right.raw !== undefined) return await this.#prepareRaw(checked);
      if (right.messageId === undefined) {
        identity = identityOf(given, mailboxes, right.envelope?.to);
        if (sending) identity.begin();
      }
      const prepared = this.#prepareParts(checked, identity, signal);
      return types.isPromise(prepared) ? await prepared : prepared;
    } catch (error) {
      if (sending) identity?.release();
      await sources.close();
      if (signal.aborted) throw abortError(signal, isEmailError(error) ? { phase: error.phase } : {});
      throw error;
    }
  }

  /** At once if nothing is signed or encrypted and all content is available. */
  #prepareParts(
    { message, mailboxes, problems, sources, guard }: CheckedMessage,
    identity: MessageIdentity | undefined,
    signal: AbortSignal,
  ): PreparedMessage | Promise<PreparedMessage> {
    const profile = this.#profile;
    const { date = new Date() } = message;
    const messageId = identity?.id ?? problems.attempt(() => checkedMessageId(message.messageId ?? '')) ?? '';
    const envelope = buildEnvelope(profile, message, mailboxes, messageId.slice(1, -1), problems);
    const from = mailboxes.from === this.#from ? (this.#fromField ??= fromField(this.#from)) : undefined;
    const fields = messageFields({ profile, message, mailboxes, from, messageId, date }, problems);
    if (!this.#loadProtector) refuseProtectionWanted(message, problems);
    problems.throwIfAny();
    const originals = undefined;
    const written: Outline = { message, mailboxes, sources, envelope, fields, originals, messageId, identity };
    const outline = guard ? { ...written, ...guard.admit(envelope, mailboxes, fields) } : written;
    const isPlain = this.#loadProtector === undefined && (message.dkim ?? profile.dkim) === undefined;
    return isPlain ? this.#withBody(outline, undefined, undefined, signal) : this.#protect(outline, signal);
  }

  async #protect(outline: Outline, signal: AbortSignal): Promise<PreparedMessage> {
    const { message } = outline;
    const protection = this.#loadProtector && (await protect(this.#loadProtector, outline, signal));
    const domainSigner = await this.#openDomainSigner(message, signal);
    return this.#withBody(outline, protection, domainSigner, signal);
  }

  #withBody(
    outline: Outline,
    protection: MessageProtection | undefined,
    domainSigner: DomainSigner | undefined,
    signal: AbortSignal,
  ): PreparedMessage | Promise<PreparedMessage> {
    const { message, mailboxes, sources, envelope, fields } = outline;
    const replay = this.#isRetried || domainSigner !== undefined || envelope.to.length > 1;
    const opening = messageBody(message, { fileAccess: this.#fileAccess, replay, sources }, this.#textFromHtml);
    const draft: Draft = { fields, smtpUtf8: needsUtf8(envelope, mailboxes), domainSigner };
    return types.isPromise(opening)
      ? opening.then((body) => preparedOf(outline, draft, body, protection, signal))
      : preparedOf(outline, draft, opening, protection, signal);
  }

  async #openDomainSigner({ dkim }: MailMessage, signal: AbortSignal): Promise<DomainSigner | undefined> {
    const { dkim: profiles } = this.#profile;
    if (dkim === undefined && profiles === undefined) return undefined;
    const { DomainSigner: Signer } = await import('./domain-signer.js');
    if (dkim === undefined)
      return (
        profiles && Signer.open(profiles, 'profile.dkim', (secret, path) => resolveSecret(secret, path, signal), signal)
      );
    const { resolveMessageSecret } = await import('./content/file-access.js');
    const read: ReadSecret = (secret, path) => resolveMessageSecret(secret, path, this.#fileAccess, signal);
    return Signer.open(dkim, 'dkim', read, signal);
  }

  /** The envelope is admitted before the content is opened, and again with the header. */
  async #prepareRaw({ message, mailboxes, problems, sources, guard }: CheckedMessage): Promise<PreparedMessage> {
    const { inspectRaw, rawContent, refuseProtection } = await import('./raw.js');
    problems.throwIfAny();
    const envelopeWith = (messageId: string): Envelope => {
      const envelope = buildEnvelope(this.#profile, message, mailboxes, messageId, problems);
      problems.throwIfAny();
      return envelope;
    };
    guard?.admit(envelopeWith(''), mailboxes, []);
    const wanted = (await this.#loadProtector?.())?.wanted(message);
    if (wanted?.sign) throw refuseProtection('sign');
    if (wanted?.encrypt) throw refuseProtection('encrypt');
    const context: ContentContext = { fileAccess: this.#fileAccess, replay: true, sources };
    const raw = await inspectRaw(await openContent(message.raw as NonNullable<MailMessage['raw']>, 'raw', context));
    const own = envelopeWith(raw.messageId || createMessageId(mailboxes.from.domain).slice(1, -1));
    const write = (accepts?: ContentCapabilities): Promise<OutgoingContent> => rawContent(raw, accepts);
    const { envelope, originals, compose } = guard?.admitRaw(own, mailboxes, raw.head, write) ?? {
      envelope: own,
      originals: undefined,
      compose: write,
    };
    return {
      messageId: raw.messageId,
      envelope,
      copies: [{ envelope, compose }],
      warnings: [],
      originalRecipients: originals,
      dsnIfOffered: !isDsnRequired(message),
      dispose: disposeOf(sources),
      identity: undefined,
    };
  }
}

function preparedOf(
  { message, sources, envelope, originals, messageId, identity }: Outline,
  draft: Draft,
  body: Part,
  protection: MessageProtection | undefined,
  signal: AbortSignal,
): PreparedMessage {
  const copies: readonly MessageCopy[] = protection
    ? protection.groups.map((to) => ({
        envelope: { ...envelope, to },
        compose: () => writeProtected(draft, body, protection, to, signal),
      }))
    : [{ envelope, compose: (accepts) => writePlain(draft, body, accepts) }];
  return {
    messageId: messageId.slice(1, -1),
    envelope: protection ? { ...envelope, to: protection.groups.flat() } : envelope,
    copies,
    warnings: protection?.warnings ?? [],
    originalRecipients: originals,
    dsnIfOffered: !isDsnRequired(message),
    dispose: disposeOf(sources),
    identity,
  };
}

/** Finds signing and encryption for a message, if profile and message ask for it. */
async function protect(
  loadProtector: () => Promise<MessageProtector>,
  { message, envelope, originals, mailboxes: { from, sender, to, cc } }: Outline,
  signal: AbortSignal,
): Promise<MessageProtection | undefined> {
  const addresses = {
    senders: sender === undefined ? [from.email] : [from.email, sender.email],
    recipients: envelope.to,
    visible: new Set(originals ? envelope.to : [...to, ...cc].map(({ email }) => email)),
  };
  return untilAborted((await loadProtector()).protect(message, addresses, signal), signal);
}

function refuseProtectionWanted({ smime }: MailMessage, problems: MessageProblems): void {
  for (const what of ['sign', 'encrypt'] as const) {
    if (smime?.[what]) problem(problems, `smime.${what}`, `the profile has no smime.${what} settings`);
  }
}

function checkedMessageId(text: string): string {
  const id = checkedId(text, 'messageId');
  if (!/^<[^@]+@[^@]+>$/.test(id))
    throw messageInvalid('messageId', 'a Message-ID must be two parts separated by an @ (RFC 5322 section 3.6.4)');
  return id;
}

function disposeOf(sources: Sources): (() => Promise<void>) | undefined {
  return sources.used ? () => sources.close() : undefined;
}

async function writePlain(
  draft: Draft,
  body: Part,
  accepts: ContentCapabilities | undefined,
): Promise<OutgoingContent> {
  const { domainSigner } = draft;
  const head = `${textOf(draft.fields)}MIME-Version: 1.0\r\n`;
  // With DKIM the content stays 7bit: a relay that had to change the encoding would break the signature.
  const binary = accepts?.binaryMime === true && !domainSigner;
  if (!domainSigner)
    return outgoing(renderMessage(head, body, { eightBit: undefined, binary, boundary: undefined }), draft);
  const entity = renderEntity(body);
  return outgoing(joinEntity((await domainSigner.sign(head, entity)) + head, entity), draft);
}

/** Signs, then encrypts (RFC 8551 section 3.7). The outer message gets the fields. */
async function writeProtected(
  draft: Draft,
  body: Part,
  protection: MessageProtection,
  recipients: readonly string[],
  signal: AbortSignal,
): Promise<OutgoingContent> {
  const sealed = await protection.seal(renderEntity(body), draft.fields, recipients, signal);
  const head = `${textOf(sealed.fields)}MIME-Version: 1.0\r\n`;
  const signature = draft.domainSigner ? await draft.domainSigner.sign(head, sealed.entity) : '';
  return outgoing(joinEntity(signature + head, sealed.entity), draft);
}

function textOf(fields: readonly WrittenField[]): string {
  let text = '';
  for (const field of fields) text += field.text;
  return text;
}

/** UTF-8 in header fields is 8-bit content too (RFC 6531 section 3.1: a server with SMTPUTF8 also offers 8BITMIME). */
function outgoing({ content, size, encoding }: RenderedMessage, draft: Draft): OutgoingContent {
  const eightBit = encoding === '8bit' || draft.smtpUtf8;
  const body = encoding === 'binary' ? 'binarymime' : eightBit ? '8bitmime' : '7bit';
  return { body, smtpUtf8: draft.smtpUtf8, size, bytes: content, canonical: encoding !== 'binary' };
}

/** Does the message need SMTPUTF8? Everything written is ASCII, except mailboxes whose local part is not (RFC 6531). */
function needsUtf8({ from, to }: Envelope, mailboxes: MessageMailboxes): boolean {
  const { sender, readReceiptTo, returnReceiptTo } = mailboxes;
  if (mailboxes.from.smtpUtf8 || sender?.smtpUtf8 || readReceiptTo?.smtpUtf8 || returnReceiptTo?.smtpUtf8) return true;
  if (hasUtf8(mailboxes.to) || hasUtf8(mailboxes.cc) || hasUtf8(mailboxes.replyTo)) return true;
  return !isAscii(from) || !to.every(isAscii);
}

function hasUtf8(list: readonly ParsedMailbox[]): boolean {
  return list.some(({ smtpUtf8 }) => smtpUtf8);
}
