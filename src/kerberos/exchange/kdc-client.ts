/**
 * Finds the KDCs of a realm and queries them in order until one answers.
 * @module
 */
import { createAbortController } from '../../async/abort-controller.js';
import { onAbort } from '../../async/on-abort.js';
import { abortError } from '../../errors/abort.js';
import { reasonOf } from '../../errors/email-error.js';
import { showTarget } from '../../net/connector.js';
import { exchangeByTcp, exchangeByUdp, lookUpKdcs } from '../../net/kdc.js';
import type { KdcAddress, LookUpOptions } from '../../net/kdc.js';
import { isIpv6 } from '../../util/ip.js';
import { showText } from '../../util/show.js';
import type { Krb5Settings } from '../config/settings.js';
import { kerberosError, MalformedError, readingFrom } from '../errors.js';
import { applicationOf } from '../protocol/asn1.js';
import { messageType } from '../protocol/messages.js';
import { readKrbError } from '../protocol/replies.js';
import { errorCode } from './kdc-errors.js';

const defaultPort = 88;
const maxKdcs = 16;
/** If a KDC is silent for this long, the next one is queried too. */
const staggerMs = 1000;

/** Options of reaching KDCs. */
export interface KdcAccess extends LookUpOptions {
  /** How long to wait for an answer by UDP; default `timeoutMs`. */
  readonly udpTimeoutMs?: number | undefined;
  readonly settings: Krb5Settings;
  /** The KDCs of `kdcRealm`, if the profile names them. */
  readonly kdcs: readonly string[] | undefined;
  readonly kdcRealm: string | undefined;
}

/** The answer of a KDC. */
export interface RealmReply {
  /** A whole Kerberos message. */
  readonly message: Buffer;
  /** The KDC, for errors: `the KDC of REALM (host:port)`. */
  readonly sender: string;
  /** The KDC as host:port, for `server` of errors. */
  readonly server: string;
}

/** Sends a request to the realm. ERR_KERBEROS if no KDC answers with a Kerberos message, or the signal's reason. */
export async function askRealm(access: KdcAccess, realm: string, request: Uint8Array): Promise<RealmReply> {
  const kdcs = await findKdcs(access, realm);
  const failures: string[] = [];
  const reply = await firstAnswer(
    kdcs.map((kdc) => async (signal) => {
      try {
        const message = await askKdc({ ...access, signal }, kdc, request);
        const server = showText(showTarget(kdc.host, kdc.port), 300);
        return { message, sender: `the KDC of ${showText(realm, 200)} (${server})`, server };
      } catch (error) {
        failures.push(reasonOf(error));
        throw error;
      }
    }),
    access.signal,
  );
  if (reply !== undefined) return reply;
  throw kerberosError(
    `No KDC of the realm ${showText(realm, 200)} answered: ${failures.map((text) => showText(text, 200)).join('; ')}`,
    {
      remedy:
        'Check that the KDC is running and that port 88 to it is open; name it in authentication.kdc or in krb5.conf.',
      retryable: true,
      server: kdcs.length === 1 && kdcs[0] !== undefined ? showTarget(kdcs[0].host, kdcs[0].port) : undefined,
    },
  );
}

/** Queries one KDC: by UDP if krb5.conf prefers that for this length, by TCP otherwise or if UDP failed. */
async function askKdc(access: KdcAccess, kdc: KdcAddress, request: Uint8Array): Promise<Buffer> {
  const limit = access.settings.udpPreferenceLimit;
  if (limit !== undefined && request.length <= limit) {
    const timeoutMs = Math.min(access.timeoutMs, access.udpTimeoutMs ?? access.timeoutMs);
    const reply = await exchangeByUdp(kdc, request, { ...access, timeoutMs }).catch(() => undefined);
    if (access.signal.aborted) throw abortError(access.signal);
    if (reply !== undefined && errorOf(reply) !== errorCode.responseTooBig) return usable(kdc, reply);
  }
  return usable(kdc, await exchangeByTcp(kdc, request, access));
}

/** Checks that the reply is a Kerberos message, and not an error that says the KDC is unavailable. */
function usable(kdc: KdcAddress, reply: Buffer): Buffer {
  readingFrom(`The reply of ${showTarget(kdc.host, kdc.port)}`, () => applicationOf(reply));
  if (errorOf(reply) === errorCode.serviceUnavailable)
    throw new Error(`${showTarget(kdc.host, kdc.port)}: KDC_ERR_SVC_UNAVAILABLE`);
  return reply;
}

/** The code of a KRB-ERROR; undefined for other and for malformed messages. */
function errorOf(reply: Buffer): number | undefined {
  try {
    return applicationOf(reply) === messageType.error ? readKrbError(reply).code : undefined;
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/**
 * Makes the attempts in order. The next one starts when one fails or is silent for a while; the others end once one has
 * succeeded. Undefined if all fail.
 */
function firstAnswer<T>(
  attempts: readonly ((signal: AbortSignal) => Promise<T>)[],
  signal: AbortSignal,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const others = createAbortController();
    let next = 0;
    let running = 0;
    let timer: NodeJS.Timeout | undefined;
    let stop = (): void => {};
    const end = (act: () => void): void => {
      clearTimeout(timer);
      stop();
      others.abort();
      act();
    };
    const start = (): void => {
      clearTimeout(timer);
      const attempt = attempts[next++];
      if (attempt === undefined) {
        if (running === 0) end(() => resolve(undefined));
        return;
      }
      running++;
      timer = setTimeout(start, staggerMs);
      attempt(others.signal).then(
        (value) => end(() => resolve(value)),
        () => {
          running--;
          if (!others.signal.aborted) start();
        },
      );
    };
    stop = onAbort(signal, () => end(() => reject(abortError(signal))));
    if (!others.signal.aborted) start();
  });
}

async function findKdcs(access: KdcAccess, realm: string): Promise<readonly KdcAddress[]> {
  const fromProfile = realm === access.kdcRealm ? access.kdcs : undefined;
  if (fromProfile !== undefined)
    return fromProfile.slice(0, maxKdcs).map((entry) => parseKdc(entry, 'authentication.kdc'));
  const configured = access.settings.kdcsOf(realm).filter((entry) => entry !== '');
  if (configured.length > 0)
    return configured
      .slice(0, maxKdcs)
      .map((entry) => parseKdc(entry, `krb5.conf, realm ${showText(realm, 200)}, kdc`));
  const shown = showText(realm, 200);
  const remedy =
    `Check that ${shown} is the realm: in Active Directory it is the domain in capitals. Name its KDC in ` +
    `authentication.kdc, or as kdc under ${shown} in the [realms] of krb5.conf (the file of ` +
    'authentication.krb5ConfFile, else of KRB5_CONFIG, else /etc/krb5.conf), or set dns_lookup_kdc = true in ' +
    'that file.';
  if (!access.settings.dnsLookupKdc) {
    throw kerberosError(`No KDC of the realm ${shown} is known: krb5.conf names none, and dns_lookup_kdc is off`, {
      remedy,
    });
  }
  let found: readonly KdcAddress[];
  try {
    found = await lookUpKdcs(realm, access);
  } catch (cause) {
    if (access.signal.aborted) throw abortError(access.signal);
    throw kerberosError(`No KDC of the realm ${shown} is known: krb5.conf names none, and ${reasonOf(cause)}`, {
      cause,
      remedy,
      retryable: true,
    });
  }
  if (found.length > 0) return found;
  throw kerberosError(
    `No KDC of the realm ${shown} is known: neither krb5.conf nor DNS (_kerberos._tcp.${shown}) names one`,
    { remedy },
  );
}

/** `host`, `host:port`, `[v6]:port` or a bare IPv6 address. */
function parseKdc(entry: string, where: string): KdcAddress {
  if (isIpv6(entry)) return { host: entry, port: defaultPort };
  const match = /^(?:\[([^\]]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/.exec(entry);
  const port = Number(match?.[3] ?? defaultPort);
  const host = match?.[1] ?? match?.[2];
  if (host !== undefined && port > 0 && port < 65536) return { host, port };
  const remedy = /^https?:/i.test(entry)
    ? 'A KDC proxy (MS-KKDCP) is not supported; name a KDC that listens on TCP.'
    : 'Write host or host:port.';
  throw kerberosError(`${where} is not an address of a KDC: ${showText(entry, 200)}`, { remedy });
}
