/**
 * The remedies of errors that have no more precise one.
 * @module
 */
import type { EmailErrorCode } from '../model/error.js';

const tryAgain =
  'Try again. If it happens each time, check the log of the server, and the firewalls and proxies in front of it.';

export const generalRemedies: Readonly<Record<EmailErrorCode, string>> = {
  ERR_PROFILE_INVALID: 'Correct the fields named in this error.',
  ERR_MESSAGE_INVALID: 'Correct the fields named in this error.',
  ERR_SECRET: 'Make sure that this process can read the secret named in this error.',
  ERR_CONTENT: 'Check the source of the content, and use a new stream for each attempt.',
  ERR_DNS: 'Check server.host, and the DNS settings of this machine.',
  ERR_CONNECT: tryAgain,
  ERR_PROXY: 'Check the proxy setting, and whether the proxy allows the port of the server.',
  ERR_TLS: 'Check server.port, server.security and server.tls, and the certificate of the server.',
  ERR_TLS_REQUIRED: "Set server.security to 'explicit' or 'implicit', or use another server.",
  ERR_TIMEOUT: tryAgain,
  ERR_ABORTED:
    'The signal of the caller ended the send. If the signal was a time limit, allow more time and send again.',
  ERR_CLOSED: 'Call send() before close(), or create a new mailer.',
  ERR_SMTP_PROTOCOL:
    'Check that server.host and server.port are those of a mail server, and check the firewalls and proxies in front of it.',
  ERR_SMTP_REPLY: "The server's reply gives the reason. If it is not clear, ask the operator of the server.",
  ERR_EXTENSION_MISSING: 'Leave out the option that needs the extension, or send through a server that offers it.',
  ERR_RECIPIENT_NOT_ALLOWED: 'Leave these recipients out, or add them to recipients.allow of the mailer.',
  ERR_RECIPIENTS_REJECTED: "Correct the addresses: `recipients` has the server's reply for each.",
  ERR_MESSAGE_TOO_LARGE: 'Send a smaller message, or provide large attachments in another way.',
  ERR_AUTH_REQUIRED: 'Set authentication in the profile: in most cases method, username and password.',
  ERR_AUTH_REJECTED: 'Check the credentials in authentication, and that the account may send by SMTP.',
  ERR_AUTH_UNAVAILABLE: 'Choose an authentication.method that the server offers.',
  ERR_AUTH_PLAINTEXT: "Set server.security to 'explicit' or 'implicit', so that TLS protects the credential.",
  ERR_KERBEROS: 'Check the part named in this error: the KDC, the keytab, the ticket cache or krb5.conf.',
  ERR_OAUTH2: 'Check oauth2 in the profile, or sign in again by authorize().',
  ERR_CERTIFICATE: 'Check the certificate named in this error: its file or store, its password and its key.',
  ERR_CERTIFICATE_MISSING: 'Get a certificate for each of these recipients into smime.encrypt.certificates.',
  ERR_SMIME: 'Run testSigning() or testEncryption(), which report problems of the certificates.',
  ERR_STORE: 'Check the file of the store, its key, and the permissions of this process.',
};
