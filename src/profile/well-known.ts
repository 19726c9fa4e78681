/**
 * Servers of well-known providers; docs/reference/well-known-servers.md names the source of each.
 * @module
 */
import type { OutgoingServer } from '../model/settings/server.js';
import { editDistance } from '../schema/suggest.js';

interface Provider {
  readonly host: string;
  /** 'implicit' is port 465, 'explicit' port 587. */
  readonly security: 'implicit' | 'explicit';
  /** Names and mail domains, in lower case without blanks. */
  readonly names: readonly string[];
}

const providers: readonly Provider[] = [
  {
    host: 'smtp.gmail.com',
    security: 'implicit',
    names: ['gmail', 'google', 'googlemail', 'googleworkspace', 'gmail.com', 'googlemail.com'],
  },
  { host: 'smtp-relay.gmail.com', security: 'explicit', names: ['googleworkspacerelay', 'gmailrelay', 'googlerelay'] },
  {
    host: 'smtp-mail.outlook.com',
    security: 'explicit',
    names: [
      'outlook',
      'outlook.com',
      'hotmail',
      'hotmail.com',
      'live',
      'live.com',
      'msn',
      'msn.com',
      'outlook.de',
      'hotmail.co.uk',
      'hotmail.fr',
    ],
  },
  {
    host: 'smtp.office365.com',
    security: 'explicit',
    names: ['microsoft365', 'office365', 'm365', 'o365', 'exchangeonline', 'outlook365'],
  },
  { host: 'smtp.mail.me.com', security: 'explicit', names: ['icloud', 'apple', 'icloud.com', 'me.com', 'mac.com'] },
  {
    host: 'smtp.mail.yahoo.com',
    security: 'implicit',
    names: ['yahoo', 'yahoo.com', 'ymail.com', 'rocketmail.com', 'yahoo.de', 'yahoo.fr', 'yahoo.co.uk'],
  },
  { host: 'smtp.aol.com', security: 'implicit', names: ['aol', 'aol.com', 'aim.com', 'aol.de'] },
  { host: 'mail.gmx.net', security: 'implicit', names: ['gmx', 'gmx.net', 'gmx.de', 'gmx.at', 'gmx.ch'] },
  { host: 'mail.gmx.com', security: 'implicit', names: ['gmx.com', 'gmx.us', 'gmx.co.uk'] },
  { host: 'smtp.web.de', security: 'implicit', names: ['web.de', 'webde'] },
  { host: 'smtp.mailbox.org', security: 'implicit', names: ['mailbox.org', 'mailboxorg'] },
  { host: 'posteo.de', security: 'implicit', names: ['posteo', 'posteo.de', 'posteo.net'] },
  { host: 'smtp.fastmail.com', security: 'implicit', names: ['fastmail', 'fastmail.com', 'fastmail.fm'] },
  { host: 'smtp.zoho.com', security: 'implicit', names: ['zoho', 'zohomail', 'zoho.com', 'zohomail.com'] },
  { host: 'smtp.zoho.eu', security: 'implicit', names: ['zohoeu', 'zoho.eu', 'zohomail.eu'] },
  { host: 'smtppro.zoho.com', security: 'implicit', names: ['zohopro', 'zohoworkplace'] },
  {
    host: 'smtp.protonmail.ch',
    security: 'explicit',
    names: ['proton', 'protonmail', 'proton.me', 'protonmail.com', 'pm.me'],
  },
  { host: 'smtp.mailgun.org', security: 'explicit', names: ['mailgun'] },
  { host: 'smtp.eu.mailgun.org', security: 'explicit', names: ['mailguneu'] },
  { host: 'smtp.sendgrid.net', security: 'explicit', names: ['sendgrid', 'twiliosendgrid'] },
  { host: 'smtp.postmarkapp.com', security: 'explicit', names: ['postmark'] },
  { host: 'smtp-broadcasts.postmarkapp.com', security: 'explicit', names: ['postmarkbroadcasts'] },
  { host: 'smtp.sparkpostmail.com', security: 'explicit', names: ['sparkpost'] },
  { host: 'smtp.eu.sparkpostmail.com', security: 'explicit', names: ['sparkposteu'] },
  { host: 'smtp-relay.brevo.com', security: 'implicit', names: ['brevo', 'sendinblue'] },
  { host: 'in-v3.mailjet.com', security: 'explicit', names: ['mailjet'] },
  { host: 'smtp.resend.com', security: 'implicit', names: ['resend'] },
  { host: 'smtp.yandex.com', security: 'implicit', names: ['yandex', 'yandex.com', 'yandex.ru', 'ya.ru'] },
  { host: 'smtp.mail.ru', security: 'implicit', names: ['mail.ru', 'mailru', 'bk.ru', 'list.ru', 'inbox.ru'] },
  { host: 'smtp.ionos.com', security: 'explicit', names: ['ionos', 'ionos.com', '1and1', '1&1'] },
  { host: 'smtp.ionos.de', security: 'explicit', names: ['ionosde', 'ionos.de', '1und1'] },
  { host: 'ssl0.ovh.net', security: 'implicit', names: ['ovh', 'ovhcloud', 'ovh.net'] },
  {
    host: 'securesmtp.t-online.de',
    security: 'implicit',
    names: ['t-online', 'tonline', 't-online.de', 'telekom', 'magenta.de'],
  },
  { host: 'smtp.strato.de', security: 'implicit', names: ['strato', 'strato.de'] },
  { host: 'mail.gandi.net', security: 'implicit', names: ['gandi', 'gandi.net'] },
];

/** `ses` with its region. Credentials are valid for one region, so no default is assumed. */
const amazonSes = /^(?:amazonses|awsses|ses)[-:/.]?([a-z]{2}(?:-[a-z]{3,12}){1,2}-\d)$/;

/**
 * Host, port and security of a well-known provider, from its own documentation, as of December 2026; undefined if the
 * name is not known.
 * Takes the provider's name, its mail domain or its host, in any case: `'Gmail'`, `'gmail.com'`, `'Microsoft 365'`.
 * Amazon SES needs its region: `'ses eu-central-1'`. The list is in docs/reference/well-known-servers.md.
 *
 * @example
 * ```ts
 * const server = wellKnownServer('gmail'); // { host: 'smtp.gmail.com', port: 465, security: 'implicit' }
 * ```
 */
export function wellKnownServer(name: string): OutgoingServer | undefined {
  if (typeof name !== 'string' || name.length > 100) return undefined;
  const wanted = name.toLowerCase().replace(/[\s_]/g, '');
  const region = amazonSes.exec(wanted)?.[1];
  if (region !== undefined) return server({ host: `email-smtp.${region}.amazonaws.com`, security: 'explicit' });
  const provider = providers.find(({ host, names }) => host === wanted || names.includes(wanted));
  return provider === undefined ? undefined : server(provider);
}

/** The provider's host that a mistyped name most likely means: up to two letters differ, or only the last label. */
export function similarHost(host: string): string | undefined {
  const wanted = host.toLowerCase().replace(/\.$/, '');
  const hosts = providers.map((provider) => provider.host);
  if (wanted.length > 40 || hosts.includes(wanted)) return undefined;
  return (
    hosts.find((known) => editDistance(known, wanted) <= 2) ??
    hosts.find((known) => withoutEnding(known) === withoutEnding(wanted))
  );
}

/** `smtp.gmail.con` and `smtp.gmail.com` differ only in their last label. */
function withoutEnding(host: string): string {
  return host.slice(0, host.lastIndexOf('.'));
}

function server({ host, security }: Pick<Provider, 'host' | 'security'>): OutgoingServer {
  return Object.freeze({ host, port: security === 'implicit' ? 465 : 587, security });
}
