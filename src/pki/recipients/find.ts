/**
 * Finds a certificate for every recipient before anything is sent, or names all recipients without one.
 * @module
 */
import { createAbortController } from '../../async/abort-controller.js';
import { throwIfAborted } from '../../errors/abort.js';
import { createEmailError, isEmailError } from '../../errors/email-error.js';
import type { CertificateData } from '../../model/certificate.js';
import type { EmailError, RecipientFailure } from '../../model/error.js';
import type { Warning } from '../../model/reply.js';
import type { RecipientCertificates, SmimeEncryptSettings } from '../../model/settings/smime.js';
import { showText } from '../../util/show.js';
import { readTrustAnchors } from '../certificate-data.js';
import type { TrustAnchors } from '../certificate-data.js';
import type { CommandRunner } from '../stores/run-command.js';
import type { Certificate } from '../x509/certificate.js';
import { RecipientCache } from './cache.js';
import { addressKey, choose, namesAddress } from './candidates.js';
import type { RecipientSource, SourceContext } from './offers.js';
import { openSource } from './sources.js';

/** Options of a look-up. */
export interface RecipientLookUpOptions {
  /** A cache that the caller keeps between look-ups; default none. */
  readonly cache?: RecipientCache | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default now. */
  readonly now?: Date | undefined;
  /** Default `smime.encrypt`. */
  readonly slot?: string | undefined;
  /** Runs the programs of stores. */
  readonly run?: CommandRunner | undefined;
  /** Reads TLS client certificates by their field; default: from their sources. */
  readonly identityFor?: SourceContext['identityFor'];
}

/** The result for one recipient. */
export interface RecipientLookUp {
  /** The address as it was given. */
  readonly address: string;
  readonly certificate?: Certificate | undefined;
  /** The reason why there is no certificate. */
  readonly reason?: string | undefined;
  /** The error of a source that could not be queried: it may have a certificate of the recipient. */
  readonly failure?: EmailError | undefined;
  /** Warnings about the certificate and this recipient. */
  readonly warnings: readonly Warning[];
  /** Warnings about the queried sources, the same for every recipient. */
  readonly sourceWarnings: readonly Warning[];
}

/** Certificates by address, with the addresses as they were given. */
export interface FoundRecipientCertificates {
  readonly byAddress: ReadonlyMap<string, Certificate>;
  /** With `onMissingCertificate: 'drop-recipient'`: the recipients that are left out. */
  readonly dropped: readonly RecipientFailure[];
  readonly warnings: readonly Warning[];
}

/** Number of concurrent look-ups. */
const concurrency = 8;

/**
 * Finds a certificate for every address. ERR_CERTIFICATE_MISSING names all addresses without one; with 'drop-recipient'
 * only those whose sources could not be queried, because no recipient is dropped when a server is down.
 * ERR_TLS_REQUIRED if the only reason is that a directory offers no TLS and plain text is not allowed.
 */
export async function findRecipientCertificates(
  addresses: readonly string[],
  settings: SmimeEncryptSettings,
  options: RecipientLookUpOptions = {},
): Promise<FoundRecipientCertificates> {
  const lookUps = await lookUpRecipients(addresses, settings, options);
  const missing = lookUps.filter(({ certificate }) => certificate === undefined);
  const drops = settings.onMissingCertificate === 'drop-recipient';
  const refused = drops ? missing.filter(({ failure }) => failure !== undefined) : missing;
  if (refused.length > 0) throw missingError(refused);
  const found = lookUps.flatMap(({ address, certificate }) =>
    certificate === undefined ? [] : [[address, certificate] as const],
  );
  return {
    byAddress: new Map(found),
    dropped: missing.map(failureOf),
    warnings: [
      ...sourceWarningsOf(lookUps),
      ...lookUps.flatMap(({ warnings }) => warnings),
      ...missing.map(dropWarning),
    ],
  };
}

/** The warnings of all sources, each once. */
export function sourceWarningsOf(lookUps: readonly RecipientLookUp[]): readonly Warning[] {
  const all = lookUps.flatMap(({ sourceWarnings }) => sourceWarnings);
  return [...new Map(all.map((warning) => [`${warning.code} ${warning.message}`, warning])).values()];
}

function failureOf({ address, reason }: RecipientLookUp): RecipientFailure {
  return { recipient: address, reason: reason ?? 'no certificate was found' };
}

function dropWarning({ address, reason }: RecipientLookUp): Warning {
  return {
    code: 'WARN_RECIPIENT_DROPPED',
    message: `${showText(address, 300)} is left out: ${reason ?? 'no certificate was found'}.`,
  };
}

function missingError(missing: readonly RecipientLookUp[]): EmailError {
  const [first] = missing;
  const failure = missing.find((each) => each.failure !== undefined)?.failure;
  // A source that must not be queried is a fault of the profile, not of one recipient.
  const isUnsafe = missing.every((each) => each.failure?.code === 'ERR_TLS_REQUIRED');
  const names = missing.slice(0, 5).map(({ address }) => showText(address, 300));
  const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : '';
  const why = first?.reason === undefined ? '' : ` (${names.length > 1 ? 'the first: ' : ''}${first.reason})`;
  return createEmailError(
    isUnsafe ? 'ERR_TLS_REQUIRED' : 'ERR_CERTIFICATE_MISSING',
    `No usable certificate for ${names.join(', ')}${more}${why}; nothing was sent`,
    {
      recipients: missing.map(failureOf),
      retryable: missing.every((each) => each.failure?.retryable === true),
      remedy:
        failure?.remedy ??
        'Get a valid certificate for each of these recipients into one of the sources in ' +
          'smime.encrypt.certificates, or send to them without encryption.',
      server: failure?.server,
      cause: failure,
    },
  );
}

/** Looks up all addresses, in the given order and each once, for reports. Never throws because of a recipient. */
export async function lookUpRecipients(
  addresses: readonly string[],
  settings: SmimeEncryptSettings,
  options: RecipientLookUpOptions = {},
): Promise<readonly RecipientLookUp[]> {
  const signal = options.signal ?? createAbortController().signal;
  throwIfAborted(signal);
  const slot = options.slot ?? 'smime.encrypt';
  const cache = options.cache ?? new RecipientCache();
  const trust =
    settings.trustAnchors === undefined ? undefined : await readAnchors(settings.trustAnchors, slot, cache, signal);
  const anchored = trust !== undefined;
  const requirements = { now: options.now ?? new Date(), anchors: trust?.anchors, lists: trust?.revocationLists };
  const list = isList(settings.certificates) ? settings.certificates : [settings.certificates];
  const sources: RecipientSource[] = [];
  try {
    list.forEach((source, i) => {
      const field = `${slot}.certificates${list.length > 1 || isList(settings.certificates) ? `.${i}` : ''}`;
      sources.push(
        openSource(source, {
          slot: field,
          anchored,
          signal,
          cache,
          run: options.run,
          identityFor: options.identityFor,
        }),
      );
    });
    return await mapSome([...new Set(addresses)], (address) => lookUp(address, sources, requirements, signal));
  } finally {
    for (const source of sources) source.close?.();
  }
}

function isList(
  certificates: RecipientCertificates | readonly RecipientCertificates[],
): certificates is readonly RecipientCertificates[] {
  return Array.isArray(certificates);
}

function readAnchors(
  all: readonly CertificateData[],
  slot: string,
  cache: RecipientCache,
  signal: AbortSignal,
): Promise<TrustAnchors> {
  return cache.remember(all, '', signal, async () => {
    return await readTrustAnchors(all, `${slot}.trustAnchors`);
  });
}

/** Runs `work` for all items, some at a time, and returns the results in order. */
async function mapSome<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}

async function lookUp(
  address: string,
  sources: readonly RecipientSource[],
  requirements: Parameters<typeof choose>[2],
  signal: AbortSignal,
): Promise<RecipientLookUp> {
  const reasons: string[] = [];
  const sourceWarnings: Warning[] = [];
  let failure: EmailError | undefined;
  for (const source of sources) {
    throwIfAborted(signal);
    try {
      const offer = await source.find(address);
      sourceWarnings.push(...(offer.warnings ?? []));
      const { certificate, refusals } = choose(offer, address, requirements);
      if (certificate !== undefined)
        return { address, certificate, warnings: addressWarnings(address, certificate, source.name), sourceWarnings };
      const why = refusals.length > 0 ? refusals.join(', ') : `there is none in ${source.name}`;
      reasons.push(`${why}${unreadText(offer.skipped)}`);
    } catch (error) {
      throwIfAborted(signal);
      // An error of the profile or of a secret affects every recipient.
      if (!isEmailError(error) || error.code === 'ERR_PROFILE_INVALID' || error.code === 'ERR_SECRET') throw error;
      failure ??= error;
      reasons.push(error.message.replace(/\.$/, ''));
    }
  }
  return {
    address,
    reason: reasons.length > 0 ? reasons.join('; ') : 'there is no source of certificates',
    failure,
    warnings: [],
    sourceWarnings,
  };
}

/** The first unreadable part of a source, and their number. */
function unreadText(skipped: readonly Error[] = []): string {
  const [first] = skipped;
  if (first === undefined) return '';
  const count = skipped.length === 1 ? '' : `${skipped.length} files or certificates could not be read, the first: `;
  return `; ${count}${showText(first.message, 300)}`;
}

function addressWarnings(address: string, certificate: Certificate, source: string): readonly Warning[] {
  if (certificate.emails.length === 0 || namesAddress(certificate, addressKey(address))) return [];
  const named = showText(certificate.emails.slice(0, 3).join(', '), 300);
  return [
    {
      code: 'WARN_CERTIFICATE_ADDRESS',
      message: `The certificate from ${source} that is used for ${showText(address, 300)} is for ${named}.`,
    },
  ];
}
