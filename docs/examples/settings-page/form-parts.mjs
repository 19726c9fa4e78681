/**
 * The parts of the form that consist of several values: authentication, certificates, proxy and log file. `show` returns
 * the values of the fields. `write` changes the profile, and leaves a part as it is stored if its fields were not changed.
 * @module
 */
import { isDeepStrictEqual } from 'node:util';
import { fields } from './page/fields.mjs';
import { at, put } from './paths.mjs';

const named = (start) => fields.map(({ name }) => name).filter((name) => name.startsWith(`${start}.`));
const filled = (text) => (text.trim() === '' ? undefined : text.trim());
/** The object without keys whose value is undefined. */
const given = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

const authentication = {
  fields: named('authentication'),
  show: ({ authentication: { method, username, principal } = {} }) => ({
    'authentication.use': method !== undefined,
    'authentication.method': method ?? 'password',
    'authentication.username': username ?? principal ?? '',
  }),
  write(json, values, { changed, secretNow }) {
    if (!values['authentication.use']) delete json.authentication;
    else if (changed) {
      const before = json.authentication ?? {};
      const method = values['authentication.method'];
      const { password, allowPlaintext } = before;
      const same = before.method === method ? before : { allowPlaintext };
      const user = filled(values['authentication.username']);
      const next = { ...same, method };
      if (method !== 'external') next[method === 'kerberos' ? 'principal' : 'username'] = user;
      if (!['external', 'xoauth2', 'oauthbearer'].includes(method))
        next.password = secretNow('authentication.password', password);
      json.authentication = given(next);
    }
  },
};

/** The certificate at a path. `owner` is the setting that is removed if the box `use` is not ticked. */
function certificate(path, owner) {
  const name = (field) => `${path}.${field}`;
  return {
    fields: [...new Set([`${owner}.use`, ...named(path)])],
    show(json) {
      const source = at(json, path);
      const { file, store, select, cache } = source ?? {};
      const [[by, value] = ['', '']] = Object.entries(select ?? {});
      return {
        [`${owner}.use`]: at(json, owner) !== undefined,
        [name('source')]: source === undefined || file !== undefined ? 'file' : store !== undefined ? 'store' : 'kept',
        [name('file')]: file ?? '',
        [name('store')]: store?.type ?? store ?? 'user',
        [name('store.location')]: store?.location ?? '',
        [name('select')]: by && `${by}:${value}`,
        [name('cache')]: cache ?? false,
      };
    },
    write(json, values, { changed, secretNow }) {
      if (!values[`${owner}.use`]) return put(json, owner, undefined);
      const from = values[name('source')];
      const before = at(json, path);
      if (!changed || from === 'kept') return put(json, path, before ?? {});
      const next = from === 'file' ? fileSource(values, name, before) : storeSource(values, name, before);
      next.password = secretNow(name('password'), before?.password);
      next.cache = values[name('cache')] || undefined;
      put(json, path, given(next));
    },
  };
}

function fileSource(values, name, before) {
  const file = values[name('file')].trim();
  return before?.file === file ? { ...before } : { file };
}

function storeSource(values, name, before) {
  const store = storeOf(values, name);
  const same = isDeepStrictEqual(before?.store, store) ? before : {};
  return { ...same, store, select: selectorOf(values[name('select')]) };
}

/** The store that is chosen in the form. */
export function storeOf(values, name) {
  const type = values[name('store')];
  return type === 'user' || type === 'machine' ? type : { type, location: values[name('store.location')].trim() };
}

function selectorOf(text) {
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { [text.slice(0, colon)]: text.slice(colon + 1) };
}

const proxy = {
  fields: named('proxy'),
  show(json) {
    const { type = 'none', host = '', port = '', username = '' } = proxyOf(json.proxy) ?? {};
    return {
      'proxy.type': type === 'auto' ? 'none' : type,
      'proxy.auto': type === 'auto',
      'proxy.host': host,
      'proxy.port': String(port),
      'proxy.username': username,
    };
  },
  write(json, values, { changed, secretNow }) {
    if (!changed) return;
    const before = proxyOf(json.proxy) ?? {};
    const type = values['proxy.auto'] ? 'auto' : values['proxy.type'];
    if (type === 'none') return void delete json.proxy;
    const port = filled(values['proxy.port']);
    json.proxy = given({
      ...(before.type === type ? before : {}),
      type,
      ...(type === 'auto'
        ? {}
        : {
            host: values['proxy.host'].trim(),
            port: port !== undefined && /^\d+$/.test(port) ? Number(port) : port,
          }),
      username: filled(values['proxy.username']),
      password: secretNow('proxy.password', before.password),
    });
  },
};

/** The proxy as an object, even if the profile has it as text; undefined if there is none. */
export function proxyOf(stored) {
  if (typeof stored !== 'string') return stored;
  if (stored === 'none') return undefined;
  if (stored === 'auto') return { type: 'auto' };
  const { protocol, hostname, port, username, password } = new URL(stored);
  const type = { 'http:': 'http-connect', 'https:': 'http-connect', 'socks5h:': 'socks5' }[protocol];
  return given({
    type: type ?? protocol.slice(0, -1),
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? undefined : Number(port),
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    tls: protocol === 'https:' || undefined,
  });
}

const logFile = {
  fields: ['logging.file.use', 'logging.file'],
  show({ logging: { file } = {} }) {
    return { 'logging.file.use': file !== undefined, 'logging.file': file?.path ?? file ?? '' };
  },
  write(json, values, { changed }) {
    if (!changed) return;
    const file = at(json, 'logging.file');
    const path = values['logging.file'].trim();
    const next = typeof file === 'object' ? { ...file, path } : path;
    put(json, 'logging.file', values['logging.file.use'] ? next : undefined);
  },
};

export const parts = [
  authentication,
  certificate('server.tls.clientCertificate', 'server.tls.clientCertificate'),
  certificate('smime.sign.certificate', 'smime.sign'),
  certificate('smime.encrypt.certificates', 'smime.encrypt'),
  proxy,
  logFile,
];
