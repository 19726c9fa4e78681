/**
 * The remedies of errors that have no more precise one.
 * @module
 */
import type { EmailErrorCode } from '../model/error.js';

const tryAgain =
  'Try again. If it happens each time, look into the log of the server, and check firewalls and proxies before it.';

export const generalRemedies: Readonly<Record<EmailErrorCode, string>> = {
  ERR_PROFILE_INVALID: 'Correct the fields that are named.',
  ERR_MESSAGE_INVALID: 'Correct the fields that are named.',
  ERR_SECRET: 'See that this process can read the secret that is named.',
  ERR_CONTENT: 'Check the source of the content, and give the message a new one.',
  ERR_DNS: 'Check server.host, and the name service of this machine.',
  ERR_CONNECT: tryAgain,
  ERR_PROXY: 'Check the proxy setting, and whether the proxy allows the port of the server.',
  ERR_TLS: 'Check server.port, server.security and server.tls, and the certificate of the server.',
  ERR_TLS_REQUIRED: "Set server.security to 'explicit' or 'implicit', or use another server.",
  ERR_TIMEOUT: tryAgain,
  ERR_ABORTED: 'The signal of the caller ended it: give more time if that was a time limit, and send again.',
  ERR_CLOSED: 'Send before close(), or make a new mailer.',
  ERR_SMTP_PROTOCOL:
    'Check that server.host and server.port are those of a mail server, and check firewalls and proxies before it.',
  ERR_SMTP_REPLY: "The server's reply gives the reason. The operator of the server can say more.",
  ERR_EXTENSION_MISSING: 'Leave out what needs the extension, or send through a server that offers it.',
  ERR_RECIPIENT_NOT_ALLOWED: 'Leave these recipients out, or add them to recipients.allow of the mailer.',
  ERR_RECIPIENTS_REJECTED: "Correct the addresses: `recipients` has the server's words for each.",
  ERR_MESSAGE_TOO_LARGE: 'Send less, or send large attachments another way.',
  ERR_AUTH_REQUIRED: 'Set authentication in the profile: in most cases method, username and password.',
  ERR_AUTH_REJECTED: 'Check the credentials in authentication, and that the account may send by SMTP.',
  ERR_AUTH_UNAVAILABLE: 'Choose an authentication.method that the server offers.',
  ERR_AUTH_PLAINTEXT: "Set server.security to 'explicit' or 'implicit', so that the credential goes under TLS.",
  ERR_KERBEROS: 'See what the message names: the KDC, the keytab, the ticket cache or krb5.conf.',
  ERR_OAUTH2: 'Check oauth2 in the profile, or sign in again by authorize().',
  ERR_CERTIFICATE: 'Check the certificate that is named: its file or store, its password and its key.',
  ERR_CERTIFICATE_MISSING: 'Get a certificate for each of these recipients into smime.encrypt.certificates.',
  ERR_SMIME: 'Run testSigning() or testEncryption(), which say what the certificates lack.',
  ERR_STORE: 'Check the file of the store, its key, and the rights of this process to it.',
};
