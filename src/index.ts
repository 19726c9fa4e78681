/**
 * sealpost sends e-mail by a typed profile: the sender, the server, the authentication and the protection.
 * @packageDocumentation
 */

// Mailer
export { createMailer } from './mailer/create-mailer.js';
export type {
  ComposedMessage,
  ConnectionStats,
  FailedSends,
  FileRoot,
  Mailer,
  MailerOptions,
  MailerStats,
  PoolOptions,
  RateLimit,
  RecipientPolicy,
  RetryOptions,
  SendAllResult,
  SendOptions,
  SendResult,
} from './model/mailer.js';
export type { SendProgress, TransactionReport } from './model/transport.js';
export type { SmtpReply, Warning } from './model/reply.js';
export type { ConnectionStep } from './model/error.js';
export type {
  ConnectionReport,
  ConnectionStepReport,
  RejectedRecipient,
  SmimeProblem,
  SmimeReport,
  TlsReport,
} from './model/report.js';

// Profile
export { defineProfile, parseProfile, profileToJson } from './profile/define.js';
export type { ParseProfileOptions } from './profile/define.js';
export { profileFromUrl } from './profile/profile-url.js';
export type { ProfileUrlSettings } from './profile/profile-url.js';
export { wellKnownServer } from './profile/well-known.js';
export type { EmailProfile, Sender } from './model/settings/profile.js';
export type { AutoSubmitted, HeaderField, HeaderFields, Importance, Priority, Sensitivity } from './model/header.js';
export type { OutgoingServer, Security, Timeouts, TlsSettings } from './model/settings/server.js';
export type { Secret } from './model/settings/secret.js';
export type {
  Authentication,
  AuthenticationOptions,
  CustomAuthentication,
  ExternalAuthentication,
  KerberosAuthentication,
  NtlmAuthentication,
  PasswordAuthentication,
  PasswordCredentials,
  SimplePasswordAuthentication,
  TokenAuthentication,
} from './model/settings/authentication.js';
export type { AutomaticProxySettings, ProxyServerSettings, ProxySettings } from './model/settings/proxy.js';

// Message
export type {
  Attachment,
  CalendarPart,
  ContentFile,
  ContentInput,
  DkimSettings,
  HtmlContent,
  ListFields,
  MailMessage,
  MessageProtectionChoice,
} from './model/message.js';
export { parseAddressList } from './address/parse-address-list.js';
export type { AddressInput, Mailbox } from './model/address.js';
export type { DeliverBy, DsnNotify, DsnRecipient, DsnRequest, Envelope } from './model/envelope.js';

// Errors
export { createEmailError, isEmailError } from './errors/email-error.js';
export type { EmailErrorDetails } from './errors/email-error.js';
export type {
  EmailError,
  EmailErrorCode,
  EmailErrorPhase,
  Problem,
  RecipientFailure,
  SendAttempt,
} from './model/error.js';

// Certificates and S/MIME
export type {
  CertificateBytes,
  CertificateData,
  CertificateInfo,
  CertificateSelector,
  CertificateSource,
  CertificateStore,
  CertificateStoreReference,
  HashAlgorithm,
  LoadedCertificate,
  PrivateKeyDecryptor,
  PrivateKeySigner,
  SignatureAlgorithm,
  StorePasswords,
} from './model/certificate.js';
export type {
  EncryptionAlgorithm,
  LdapCertificates,
  RecipientCertificates,
  SmimeEncryptSettings,
  SmimeSettings,
  SmimeSignSettings,
} from './model/settings/smime.js';

// OAuth 2.0
export { authorize } from './mailer/oauth2/oauth2-service.js';
export { sampleOAuth2Settings, type SampleOAuth2Options } from './oauth2/sample-settings.js';
export type {
  AuthorizeOptions,
  OAuth2Grant,
  OAuth2PrivateKey,
  OAuth2Settings,
  UserCodePrompt,
} from './model/settings/oauth2.js';

// Profile store
export { openProfileStore } from './store/open-profile-store.js';
export type {
  EmbeddedProfileStore,
  LockOptions,
  OAuth2Tokens,
  OpenProfileStoreOptions,
  ProfileStore,
  ProfileSummary,
  TokenStore,
} from './model/store.js';

// Logs and traces
export { formatLogEvent } from './logging/format.js';
export type {
  CommandEvent,
  ConnectionEvent,
  ErrorEvent,
  EventLogSettings,
  LogEvent,
  LogEventBase,
  LogFileSettings,
  LoggingSettings,
  LogLevel,
  MessageEvent,
  ReplyEvent,
  SyslogSettings,
  WarningEvent,
} from './model/log.js';
export type { CommandTrace, ConnectionTrace, ReplyTrace, SendTrace, TraceBase } from './model/log.js';

// Extending
export type {
  ContentCapabilities,
  OutgoingContent,
  Transport,
  TransportResult,
  TransportSendOptions,
} from './model/transport.js';
export { createConnector } from './mailer/create-connector.js';
export type { Connector } from './model/settings/proxy.js';
export type { ChannelBinding, SaslContext, SaslMechanism } from './model/sasl.js';
