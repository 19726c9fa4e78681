/**
 * Recipients' certificates in LDAP: `userCertificate;binary` (RFC 4523) and `userSMIMECertificate` (RFC 2798).
 * @module
 */
import { createAbortController } from '../../async/abort-controller.js';
import { untilAborted } from '../../async/until-aborted.js';
import { atServer, isEmailError, profileInvalid } from '../../errors/email-error.js';
import type { Warning } from '../../model/reply.js';
import type { LdapCertificates } from '../../model/settings/smime.js';
import { showTarget } from '../../net/connector.js';
import { resolveSecret } from '../../system/secret.js';
import { showText } from '../../util/show.js';
import { noPasswords } from '../certificate-data.js';
import type { Contents } from '../formats/contents.js';
import { readContents } from '../formats/read-contents.js';
import { LdapClient } from '../ldap/client.js';
import { parseFilter } from '../ldap/filter.js';
import type { AttributeValue } from '../ldap/messages.js';
import type { LdapServer } from '../ldap/server.js';
import { WorkBudget } from '../formats/work-budget.js';
import { loadTlsIdentity } from '../tls-identity.js';
import { addressKey } from './candidates.js';
import { hasAny, vouchedOffer } from './offers.js';
import type { RecipientSource, SourceContext } from './offers.js';

const attributes = ['userCertificate;binary', 'userSMIMECertificate;binary', 'userCertificate', 'userSMIMECertificate'];
const certificateAttributes: ReadonlySet<string> = new Set(['usercertificate', 'usersmimecertificate']);
const maxValues = 100;

/**
 * The LDAP source: one connection for all recipients, opened for the first. ERR_PROFILE_INVALID for invalid settings.
 */
export function createLdapSource(source: LdapCertificates, context: SourceContext): RecipientSource {
  const { cache, signal, slot } = context;
  // The connection does not depend on the signal of the caller that opened it, because its searches may serve other
  // look-ups too.
  const connection = createAbortController();
  const server = serverOf(source, { ...context, signal: connection.signal });
  const filter = parseFilter(source.filter ?? '(mail={address})', `${slot}.filter`);
  let client: Promise<LdapClient> | undefined;
  let searches = 0;
  let isClosed = false;
  const endIfDone = (): void => {
    if (!isClosed || searches > 0) return;
    connection.abort();
    client?.then(
      (open) => open.close(),
      () => undefined,
    );
  };
  const search = async (address: string, shared: AbortSignal): ReturnType<RecipientSource['find']> => {
    searches++;
    try {
      client ??= LdapClient.open(server, connection.signal);
      const open = await untilAborted(client, shared);
      const values = await open.search(
        { baseDn: source.baseDn, filter: filter(address), attributes, sizeLimit: 20, timeLimitSeconds: 15 },
        shared,
      );
      const offer = await vouchedOffer(await readValues(values, shared));
      return open.isSecure ? offer : { ...offer, warnings: [plainTextWarning(server)] };
    } catch (error) {
      throw atServer(error, showTarget(server.host, server.port));
    } finally {
      searches--;
      endIfDone();
    }
  };
  // An offer from a plain-text connection is never used by a look-up without trust anchors.
  const prefix = server.plainTextAllowed ? 'plain:' : '';
  return {
    name: server.name,
    find: (address) =>
      cache.remember(source, `${prefix}${addressKey(address)}`, signal, (shared) => search(address, shared), hasAny),
    close: () => {
      isClosed = true;
      endIfDone();
    },
  };
}

function plainTextWarning({ name, slot }: LdapServer): Warning {
  return {
    code: 'WARN_LDAP_PLAINTEXT',
    message:
      `${name} refused StartTLS and was asked in plain text: anyone on the network path can read the addresses ` +
      `and change the answers. Use ldaps:// in ${slot}.ldap, or set ${slot}.tls to refuse that.`,
  };
}

/** Skips values that are not certificates. No key is derived: a directory has no reason to encrypt certificates. */
async function readValues(values: readonly AttributeValue[], signal: AbortSignal): Promise<readonly Contents[]> {
  const read: Contents[] = [];
  const budget = new WorkBudget(signal, 0);
  for (const { attribute, value } of values.slice(0, maxValues)) {
    if (!certificateAttributes.has(attribute)) continue;
    try {
      read.push(await readContents(value, { passwords: noPasswords, wantKeys: false, budget, signal }));
    } catch (error) {
      if (!isEmailError(error) || error.code !== 'ERR_CERTIFICATE') throw error;
    }
  }
  return read;
}

function serverOf(
  { ldap, bindDn, password, tls }: LdapCertificates,
  { slot, signal, identityFor, anchored }: SourceContext,
): LdapServer {
  const url = URL.canParse(ldap) ? new URL(ldap) : undefined;
  const isPlain =
    url !== undefined &&
    url.username === '' &&
    url.password === '' &&
    /^\/?$/.test(url.pathname) &&
    url.search === '' &&
    url.hash === '';
  if (url === undefined || !isPlain || url.hostname === '' || !['ldap:', 'ldaps:'].includes(url.protocol)) {
    throw profileInvalid(`${slot}.ldap`, 'must be exactly ldap://host[:port] or ldaps://host[:port]');
  }
  // A name without a password would be an anonymous login (RFC 4513 section 5.1.2), which the profile does not request.
  if (bindDn !== undefined && password === undefined) throw profileInvalid(`${slot}.password`, 'is needed with bindDn');
  if (bindDn === undefined && password !== undefined) throw profileInvalid(`${slot}.bindDn`, 'is needed with password');
  const identitySlot = `${slot}.tls.clientCertificate`;
  const implicitTls = url.protocol === 'ldaps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (implicitTls ? 636 : 389) : Number(url.port);
  return {
    host,
    port,
    implicitTls,
    // Plain text is not allowed if `tls` is set. Nor is it without trust anchors: then only TLS proves that the
    // certificates come from the directory.
    plainTextAllowed: anchored && tls === undefined,
    tls: tls ?? {},
    loadIdentity:
      identityFor?.(identitySlot) ?? ((certificate) => loadTlsIdentity(certificate, { slot: identitySlot, signal })),
    name: `the LDAP server ${showText(showTarget(host, port), 300)}`,
    slot,
    credentials:
      bindDn === undefined || password === undefined
        ? undefined
        : { dn: bindDn, password: () => bindPassword(password, slot, signal) },
  };
}

async function bindPassword(
  password: NonNullable<LdapCertificates['password']>,
  slot: string,
  signal: AbortSignal,
): Promise<string> {
  const value = await resolveSecret(password, `${slot}.password`, signal);
  if (value === '') throw profileInvalid(`${slot}.password`, 'is empty: for LDAP that would be an anonymous login');
  return value;
}
