/**
 * The tabs of the page and their fields. The browser draws the form from this table, and the server reads the form by
 * it. The name of a field is its path in the profile, if it has one, so that each problem of the library is shown at its
 * field.
 *
 * Kinds: 'text' (the default), 'lines', 'address', 'number', 'seconds', 'flag', 'choice', 'secret', 'headers',
 * 'parameters'. A field with `draft` is not a setting, but a value for a button. The fields of a group with `use` are
 * shown while that box is ticked.
 * @module
 */
import { certificateFields } from './certificate-fields.mjs';
import {
  ciphers,
  hashes,
  importances,
  methods,
  priorities,
  providers,
  proxies,
  securities,
  sensitivities,
} from './choices.mjs';

const hasUser = (values) => values['authentication.method'] !== 'external';
const hasPassword = (values) => !['external', 'xoauth2', 'oauthbearer'].includes(values['authentication.method']);
const hasProxyHost = (values) => !values['proxy.auto'] && values['proxy.type'] !== 'none';
const hasProxy = (values) => values['proxy.auto'] || values['proxy.type'] !== 'none';

export const tabs = [
  {
    id: 'general',
    title: 'General',
    groups: [
      {
        title: 'Email Profile',
        fields: [
          { name: 'name', label: 'Profile Name', required: true },
          { name: 'description', label: 'Description', kind: 'lines' },
        ],
      },
      {
        title: 'Sender Information',
        fields: [
          { name: 'sender.name', label: 'Name' },
          { name: 'sender.organization', label: 'Organization' },
          { name: 'sender.email', label: 'Sender Email', required: true },
          { name: 'sender.replyTo', label: 'Reply-to Email', kind: 'address' },
          { name: 'sender.readReceiptTo', label: 'Read Receipts Email', kind: 'address' },
          { name: 'sender.returnReceiptTo', label: 'Return Receipt To Email', kind: 'address' },
        ],
      },
      {
        title: 'Priority, Sensitivity, and Importance',
        fields: [
          { name: 'priority', label: 'Priority', kind: 'choice', choices: priorities },
          { name: 'sensitivity', label: 'Sensitivity', kind: 'choice', choices: sensitivities },
          { name: 'importance', label: 'Importance', kind: 'choice', choices: importances },
        ],
      },
      {
        title: 'Advanced Message Settings',
        hint: 'Custom MIME header fields, written in this order before the body.',
        fields: [{ name: 'headers', label: 'Header fields', kind: 'headers' }],
      },
    ],
  },
  {
    id: 'server',
    title: 'Outgoing Server',
    groups: [
      {
        title: 'Outgoing SMTP Server Settings',
        fields: [
          {
            name: 'server.host',
            label: 'Outgoing SMTP Server Name',
            required: true,
            hint: 'A DNS name or an IP address.',
          },
          {
            name: 'server.port',
            label: 'Port',
            kind: 'number',
            hint: 'Empty: 25, or 465 with IMPLICIT.',
            action: { name: 'default-port', label: 'Default' },
          },
          {
            name: 'server.timeouts.totalMs',
            label: 'Server Timeout',
            kind: 'seconds',
            hint: 'Seconds for one whole send. Empty or 0: no limit.',
          },
          { name: 'authentication.method', label: 'Authentication Method', kind: 'choice', choices: methods },
          { name: 'server.security', label: 'SSL/TLS Channel Encryption', kind: 'choice', choices: securities },
        ],
      },
      {
        title: 'Email Server Authentication',
        use: 'authentication.use',
        fields: [
          { name: 'authentication.use', label: 'Use Authentication Credentials', kind: 'flag' },
          {
            name: 'authentication.username',
            label: 'User Name',
            hint: 'With KERBEROS the principal, such as user@REALM.',
            shownIf: hasUser,
          },
          { name: 'authentication.password', label: 'Password', kind: 'secret', shownIf: hasPassword },
        ],
      },
      {
        title: 'Email Server SSL Settings',
        use: 'server.tls.clientCertificate.use',
        fields: [
          {
            name: 'server.tls.clientCertificate.use',
            label: 'Use SSL Client Certificate Authentication',
            kind: 'flag',
          },
          ...certificateFields('server.tls.clientCertificate', {
            file: 'User Certificate File',
            store: 'User Authentication Certificate Store',
            password: 'User Certificate Password',
            none: 'Not chosen',
          }),
        ],
      },
      {
        title: 'Test Options',
        hint: 'The tests use the current form, saved or not.',
        fields: [{ name: 'test.recipient', label: 'Send the test email to', hint: 'Empty: the sender.', draft: true }],
        actions: [
          { name: 'test-connection', label: 'Test Connection' },
          { name: 'send-test', label: 'Send Test Email' },
        ],
      },
    ],
  },
  {
    id: 'smime',
    title: 'S/MIME',
    groups: [
      {
        title: 'Sign Email',
        use: 'smime.sign.use',
        fields: [
          { name: 'smime.sign.use', label: 'Sign Email', kind: 'flag' },
          ...certificateFields('smime.sign.certificate', {
            file: 'Signing File',
            store: 'Signing Certificate Store',
            password: 'Signing Cert Password',
            none: 'Not chosen',
          }),
          { name: 'smime.sign.hashAlgorithm', label: 'Hash Algorithm', kind: 'choice', choices: hashes },
          {
            name: 'smime.sign.includeCertificate',
            label: 'Attach Certificate to Email',
            kind: 'flag',
            initially: true,
          },
        ],
        actions: [{ name: 'test-signing', label: 'Verify signing' }],
      },
      {
        title: 'Encrypt Email',
        use: 'smime.encrypt.use',
        fields: [
          { name: 'smime.encrypt.use', label: 'Encrypt Email', kind: 'flag' },
          ...certificateFields('smime.encrypt.certificates', {
            file: 'Encryption File',
            store: 'Encryption Certificate Store',
            password: 'Encrypt Cert Password',
            none: "Each recipient's own, by address",
          }),
          { name: 'smime.encrypt.algorithm', label: 'Encryption Algorithm', kind: 'choice', choices: ciphers },
          { name: 'test.encryption', label: 'Verify for this recipient', hint: 'Empty: the sender.', draft: true },
        ],
        actions: [{ name: 'test-encryption', label: 'Verify encryption' }],
      },
    ],
  },
  {
    id: 'oauth2',
    title: 'OAUTH2 Authentication',
    groups: [
      {
        title: 'OAUTH2 Authentication Settings',
        fields: [
          { name: 'oauth2.clientId', label: 'ClientId' },
          { name: 'oauth2.clientSecret', label: 'ClientSecret', kind: 'secret' },
          { name: 'oauth2.authorizationUrl', label: 'ServerAuthURL' },
          { name: 'oauth2.tokenUrl', label: 'ServerTokenURL' },
          { name: 'oauth2.scope', label: 'AuthorizationScope', hint: 'Scopes, separated by spaces.' },
          {
            name: 'oauth2.authenticationValue',
            label: 'AuthenticationValue',
            kind: 'secret',
            hint: 'An access token obtained elsewhere; it is used unchanged.',
          },
          {
            name: 'oauth2.authorizationParameters',
            label: 'Parameters of the authorization request',
            kind: 'parameters',
            hint: 'One per line, such as access_type=offline.',
          },
          {
            name: 'oauth2.redirectUri',
            label: 'Redirect URI',
            hint: 'Empty: http://127.0.0.1/ with a free port. Microsoft needs http://localhost.',
          },
          { name: 'oauth2.hideBrowserResponse', label: 'Hide Browser Response', kind: 'flag' },
          {
            name: 'test.provider',
            label: 'Provider of the sample',
            kind: 'choice',
            choices: providers,
            hint: 'Sample Data overwrites the fields above.',
            draft: true,
            action: { name: 'sample-data', label: 'Sample Data' },
          },
        ],
        actions: [{ name: 'authorize', label: 'Get OAUTH Authentication' }],
      },
    ],
  },
  {
    id: 'firewall',
    title: 'Firewall Configuration',
    groups: [
      {
        title: 'Firewall Configuration',
        fields: [
          { name: 'proxy.type', label: 'Firewall Type', kind: 'choice', choices: proxies },
          { name: 'proxy.auto', label: 'Auto Detect Firewall', kind: 'flag', hint: 'Instead of type, host and port.' },
          { name: 'proxy.host', label: 'Host', shownIf: hasProxyHost },
          {
            name: 'proxy.port',
            label: 'Port',
            kind: 'number',
            hint: 'Empty: 80 for Tunnel, 1080 for SOCKS.',
            shownIf: hasProxyHost,
          },
          { name: 'proxy.username', label: 'User Name', shownIf: hasProxy },
          { name: 'proxy.password', label: 'Password', kind: 'secret', shownIf: hasProxy },
        ],
      },
    ],
  },
  {
    id: 'logging',
    title: 'SMTP Logging',
    groups: [
      {
        title: 'SMTP Logging Settings',
        fields: [
          { name: 'logging.eventLog', label: 'Enable Event Log Logging', kind: 'flag' },
          { name: 'logging.file.use', label: 'Enable SMTP File Logging', kind: 'flag' },
          {
            name: 'logging.file',
            label: 'Log File Name',
            hint: 'Path on the server; its directory must exist.',
            shownIf: (values) => values['logging.file.use'],
          },
        ],
      },
      { title: 'Live Log', log: true, fields: [] },
    ],
  },
];

export const fields = tabs.flatMap(({ groups }) => groups.flatMap((group) => group.fields));
