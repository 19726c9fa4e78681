/**
 * Words of other programs for authentication and OAuth 2.0; see `phrases.ts`.
 * @module
 */
import type { OtherWords } from '../../../schema/suggest.js';
import { called, quoted } from './phrases.js';

/** Keys, by the object in which they may occur. */
export const otherKeys = {
  authentication: {
    type: called('method'),
    mechanism: called('method'),
    authmethod: called('method'),
    authenticationmethod: called('method'),
    login: called('username'),
    email: called('username'),
    account: called('username'),
    passwd: called('password'),
    accesstoken: called('token'),
    bearer: called('token'),
    clientid: 'belongs in oauth2 of the profile',
    clientsecret: 'belongs in oauth2 of the profile',
    refreshtoken: 'belongs in oauth2 of the profile',
    accessurl: 'is oauth2.tokenUrl of the profile here',
    scope: 'belongs in oauth2 of the profile',
    serviceclient: "is oauth2.clientId of the profile here, with oauth2.grant: 'jwt-bearer'",
    privatekey: 'belongs in oauth2 of the profile',
    expires: 'is not a known key: the lifetime of a token is read from the token endpoint',
    realm: 'is part of principal here, such as user@REALM',
    keytab: called('keytabFile'),
    ccache: called('credentialCache'),
    spn: called('servicePrincipal'),
    authzid: called('authorizationId'),
    createclient: called('createMechanism'),
  },
  oauth2: {
    serverauthurl: called('authorizationUrl'),
    authurl: called('authorizationUrl'),
    authorizationendpoint: called('authorizationUrl'),
    servertokenurl: called('tokenUrl'),
    tokenendpoint: called('tokenUrl'),
    accessurl: called('tokenUrl'),
    devicecodeurl: called('deviceAuthorizationUrl'),
    authorizationscope: called('scope'),
    accesstoken: called('authenticationValue'),
    secret: called('clientSecret'),
    serviceclient: "is clientId here, with grant: 'jwt-bearer'",
    key: called('privateKey'),
    flow: called('grant'),
    tenant: 'is part of the URLs here: sampleOAuth2Settings fills it in',
    tenantid: 'is part of the URLs here: sampleOAuth2Settings fills it in',
    tokentype: 'is not a known key: tokens are bearer tokens',
  },
} as const satisfies Readonly<Record<string, OtherWords>>;

/** Values, by the choice for which they may be given. */
export const otherValues = {
  method: {
    userpassword: quoted('password'),
    basic: quoted('password'),
    normal: quoted('password'),
    automatic: quoted('password'),
    saslplain: quoted('plain'),
    oauth2: quoted('xoauth2'),
    oauth: quoted('xoauth2'),
    bearer: quoted('oauthbearer'),
    gssapi: quoted('kerberos'),
    negotiate: quoted('kerberos'),
    spnego: quoted('kerberos'),
    integrated: quoted('kerberos'),
    certificate: quoted('external'),
    scramsha1plus: quoted('scram-sha-1'),
    scramsha256plus: quoted('scram-sha-256'),
    scramsha512plus: quoted('scram-sha-512'),
  },
  grant: {
    code: quoted('authorization-code'),
    password: 'is not supported: it discloses the password to the application (RFC 9700)',
  },
  clientAuthentication: {
    clientsecretpost: quoted('post'),
    clientsecretbasic: quoted('basic'),
    tlsclientauth: quoted('certificate'),
  },
} as const satisfies Readonly<Record<string, OtherWords>>;
