/**
 * OAuth 2.0, the profile store, and the logs of a profile, as child.mjs does them.
 *
 * @module
 */
import { writeSync } from 'node:fs';

const { library, oauth2: grants, ports, ca, key, folder, path, loggerFile } = JSON.parse(process.argv[2]);
const { authorize, createMailer, openProfileStore } = await import(library);
const { createConnectorClient, DirectConnector, runGrant } = await import(grants);

// The program that stands for the system's `logger`.
process.env.PATH = path;
process.env.LOGGER_FILE = loggerFile;

/** The pipe on which the parent gets the URL for the browser. */
const browserPipe = 4;
const origin = (name) => `http://127.0.0.1:${ports[name]}`;
const storeKey = new Uint8Array(32).fill(7);

const profile = (run, more) => ({
  name: 'polluted',
  description: 'a profile',
  sender: { name: 'Ann', email: 'ann@example.com' },
  server: { host: '127.0.0.1', port: ports.smtp, security: 'none', localName: `${run}.example.com`, tls: { ca } },
  authentication: { method: 'plain', username: 'ann', password: 'secret', allowPlaintext: true },
  ...more,
});
const message = (run) => ({
  to: 'bob@example.org',
  subject: 'Hello',
  text: 'Hello\n',
  date: new Date('2026-01-02T03:04:05Z'),
  messageId: `${run}@example.com`,
});
const client = { clientId: 'client', scope: 'mail send', tokenParameters: { resource: 'mail' } };
const openStore = (name) => openProfileStore({ file: `${folder}/${name}/profiles.store`, key: storeKey });

/** Called if the browser got no page: the sign-in then never settles. */
let browserFailed = () => undefined;
export const onNote = () => browserFailed();

/** The store that holds a token before anything is polluted. */
export async function prepare(run, only) {
  if (only !== undefined && !only.includes('token')) return undefined;
  return await openStore(`token-${run}`);
}

export function tasks(run, tokens, closing) {
  const sent = async (mailer, name) => {
    closing.push(mailer);
    try {
      const { accepted } = await mailer.send(message(`${run}-${name}`));
      return `sent ${accepted.length}`;
    } finally {
      await mailer.close();
    }
  };
  /** A send with a log. It fails if the log reports that it is incomplete. */
  const logged = async (name, logging) => {
    let complaint;
    const logger = (event) => {
      if (event.type === 'warning' && event.warning.code === 'WARN_LOG') complaint = event.warning;
    };
    const outcome = await sent(createMailer(profile(`${run}-${name}`, { logging }), { logger }), name);
    if (complaint !== undefined) throw complaint;
    return outcome;
  };
  const told = async (promise) => {
    const value = await promise;
    return () => JSON.stringify(value);
  };
  const syslog = (protocol, port = ports[protocol], host = '127.0.0.1') => ({
    eventLog: { source: 'test', syslog: { host, port, protocol } },
  });
  return {
    token: () =>
      sent(
        createMailer(
          profile(`${run}-token`, {
            authentication: { method: 'xoauth2', username: 'ann', allowPlaintext: true },
            oauth2: {
              ...client,
              clientSecret: 'client secret',
              clientAuthentication: 'basic',
              refreshToken: 'first refresh token',
              tokenUrl: `https://localhost:${ports.token}/token`,
            },
          }),
          { profileStore: tokens },
        ),
        'token',
      ),
    assertion: () =>
      told(authorize({ ...client, grant: 'client-credentials', issuer: origin('assertion'), privateKey: { key } })),
    code: () => {
      const stop = new AbortController();
      closing.push({ close: async () => stop.abort() });
      return new Promise((resolve, reject) => {
        browserFailed = () => reject(new Error('the browser was shown no page'));
        const options = {
          openBrowser: (url) => void writeSync(browserPipe, `${url}\n`),
          signal: stop.signal,
        };
        const settings = {
          ...client,
          authorizationUrl: 'https://login.example.com/authorize',
          tokenUrl: `${origin('code')}/token`,
          authorizationParameters: { prompt: 'consent' },
        };
        told(authorize(settings, options)).then(resolve, reject);
      });
    },
    device: () => {
      let time = 1_800_000_000_000;
      const prompts = [];
      const surroundings = {
        http: createConnectorClient({ connector: new DirectConnector() }),
        clock: {
          now: () => time,
          elapsed: () => time,
          wait: async (milliseconds) => void (time += milliseconds),
        },
        chance: () => 0,
        loadCertificate: () => Promise.reject(new Error('no certificate was expected')),
      };
      // The schema of the settings gives objects without a prototype.
      const settings = {
        __proto__: null,
        ...client,
        grant: 'device-code',
        deviceAuthorizationUrl: `${origin('device')}/device`,
        tokenUrl: `${origin('device')}/token`,
      };
      const options = { onUserCode: (prompt) => void (prompts[prompts.length] = prompt) };
      return runGrant(settings, options, surroundings).then((given) => () => JSON.stringify([prompts, given]));
    },
    store: async () => {
      const store = await openStore(`store-${run}`);
      await store.save(profile('home', { name: 'home' }));
      await store.save(
        profile('office', { smime: { sign: { certificate: { file: 'ann.p12', password: 'of the file' } } } }),
      );
      await store.activate('polluted');
      await store.saveTokens('["polluted"]', {
        accessToken: 'access',
        refreshToken: 'refresh',
        tokenType: 'Bearer',
        expiresAt: new Date('2026-01-02T03:04:05Z'),
      });
      await store.saveCached('polluted', 'smime.sign.certificate', new Uint8Array([1, 2, 3]));
      await store.rename('polluted', 'office');
      await store.delete('gone');
      await store.changeKey(new Uint8Array(storeKey));
      const [list, active, stored, cached] = [
        await store.list(),
        await store.active(),
        await store.loadTokens('["office"]'),
        await store.loadCached('office', 'smime.sign.certificate'),
      ];
      return () => JSON.stringify([list, active, stored, Array.from(cached)]);
    },
    file: () => logged('file', { file: { path: `${folder}/log-${run}`, maxBytes: 2000, maxFiles: 2 }, level: 'debug' }),
    tcp: () => logged('tcp', syslog('tcp')),
    udp: () => logged('udp', syslog('udp')),
    untrusted: () =>
      told(
        authorize({
          ...client,
          grant: 'client-credentials',
          clientSecret: 's',
          tokenUrl: `https://localhost:${ports.untrusted}/token`,
        }),
      ),
    stranger: () => logged('stranger', syslog('tls', ports.untrusted, 'localhost')),
    system: () => logged('system', { eventLog: { source: 'test' } }),
  };
}
