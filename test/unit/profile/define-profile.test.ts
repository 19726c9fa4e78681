import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { serverOf } from '../../support/server-of.js';
import { describe, expect, it } from 'vitest';
import type { CertificateStore } from '../../../src/model/certificate.js';
import type { EmailProfile } from '../../../src/model/settings/profile.js';
import type { SaslMechanism } from '../../../src/model/sasl.js';
import { resolveProxy, resolveServer, resolveSign, resolveTls } from '../../../src/profile/resolve.js';
import { defineProfile } from '../../../src/profile/define.js';
import { problemsOf } from './problems.js';
import { complete, minimal, secrets } from './samples.js';

class Store implements CertificateStore {
  list(): Promise<readonly []> {
    return Promise.resolve([]);
  }
  load(): Promise<never> {
    return Promise.reject(new Error('none'));
  }
}

function frozenEverywhere(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return true;
  return Object.isFrozen(value) && Object.values(value).every(frozenEverywhere);
}

describe('defineProfile', () => {
  it('gives an equal copy of a profile with every setting', () => {
    expect(defineProfile(complete)).toEqual(complete);
    expect(defineProfile(complete)).not.toBe(complete);
  });

  it('takes its own result, and gives the same again', () => {
    expect(defineProfile(defineProfile(complete))).toEqual(complete);
  });

  it('freezes the copy at every depth and leaves the original as it was', () => {
    const original = structuredClone(complete);
    expect(frozenEverywhere(defineProfile(original))).toBe(true);
    expect(Object.isFrozen(original)).toBe(false);
    expect(Object.isFrozen(original.server)).toBe(false);
  });

  it('does not change when the original is changed later, its bytes included', () => {
    const data = new Uint8Array([1, 2, 3]);
    const original = { ...minimal, server: { host: 'a.example.com', tls: { clientCertificate: { data } } } };
    const profile = defineProfile(original);
    data[0] = 99;
    original.server.host = 'evil.example.com';
    expect(profile.server).toEqual({
      host: 'a.example.com',
      tls: { clientCertificate: { data: new Uint8Array([1, 2, 3]) } },
    });
  });

  it('keeps live values as they are', () => {
    const store = new Store();
    const password = (): string => 'x';
    const createMechanism = (): SaslMechanism => {
      throw new Error('not called');
    };
    const certificates = (): readonly string[] => [];
    const profile = defineProfile({
      ...minimal,
      authentication: { method: 'custom', createMechanism },
      smime: {
        sign: { certificate: { store, select: { alias: 'a' }, password } },
        encrypt: { certificates: [certificates, { store }] },
      },
    });
    expect(profile.authentication).toEqual({ method: 'custom', createMechanism });
    expect(profile.smime?.sign?.certificate).toEqual({ store, select: { alias: 'a' }, password });
    expect(profile.smime?.sign?.certificate.store).toBe(store);
    expect(Object.isFrozen(store)).toBe(false);
    expect(profile.smime?.encrypt?.certificates).toEqual([certificates, { store }]);
  });

  it('leaves out keys whose value is undefined', () => {
    expect(Object.keys(defineProfile({ ...minimal, description: undefined, proxy: undefined }))).toEqual([
      'name',
      'sender',
      'server',
    ]);
  });

  it('keeps an explicit 0 and false', () => {
    const profile = defineProfile({
      ...minimal,
      server: { host: 'h', timeouts: { connectMs: 0 }, tls: { useSystemCa: false } },
    });
    expect(profile.server).toEqual({ host: 'h', timeouts: { connectMs: 0 }, tls: { useSystemCa: false } });
  });

  it('takes objects of another realm and objects without a prototype', () => {
    const foreign = runInNewContext(
      '({ name: "office", sender: { email: "ann@example.com" }, server: { host: "h", tls: { ca: new Uint8Array([1]) } } })',
    ) as EmailProfile;
    expect(serverOf(defineProfile(foreign)).tls?.ca).toEqual(new Uint8Array([1]));
    expect(defineProfile(Object.assign(Object.create(null), minimal) as EmailProfile)).toEqual(minimal);
  });

  it('does not see inherited properties, whatever Object.prototype holds', () => {
    const polluted = Object.prototype as { description?: unknown; env?: unknown };
    const noSecret = {
      ...minimal,
      authentication: { method: 'plain', username: 'a', password: {} },
    } as unknown as EmailProfile;
    let keys: string[] = [];
    let paths: string[] = [];
    polluted.description = 'from the prototype';
    polluted.env = 'HOME';
    try {
      keys = Object.keys(defineProfile(minimal));
      paths = problemsOf(() => defineProfile(noSecret)).map(({ path }) => path);
    } finally {
      delete polluted.description;
      delete polluted.env;
    }
    expect(keys).toEqual(['name', 'sender', 'server']);
    expect(paths).toEqual(['authentication.password']);
  });

  it('has no setting of Object.prototype, nor have the settings with their defaults (prototype pollution)', () => {
    const polluted = Object.prototype as Record<string, unknown>;
    const inherited = {
      dangerouslyAcceptAnyCertificate: true,
      proxy: 'http://evil.example',
      connectMs: 1,
      keyPassword: 'x',
    };
    const sign = { certificate: { file: 'a' } };
    Object.assign(polluted, inherited);
    try {
      const profile = defineProfile({ ...minimal, server: { host: 'h', tls: {} }, smime: { sign } });
      const { tls, timeouts } = resolveServer(serverOf(profile));
      const parts = [
        profile,
        serverOf(profile).tls,
        tls,
        resolveTls(),
        resolveSign(sign),
        resolveProxy({ type: 'socks5', host: 'p' }),
        profile.smime?.sign?.certificate,
      ];
      for (const part of parts)
        for (const key of Object.keys(inherited))
          expect((part as unknown as Record<string, unknown>)[key]).toBeUndefined();
      expect(timeouts.connectMs).toBe(30_000);
    } finally {
      for (const key of Object.keys(inherited)) delete polluted[key];
    }
    expect(String(defineProfile(minimal))).toBe('[object Object]');
  });

  it('refuses unknown keys at run time too', () => {
    expect(problemsOf(() => defineProfile({ ...minimal, prxy: 'none' } as unknown as EmailProfile))).toEqual([
      { path: 'prxy', message: 'is not a known key; did you mean proxy?' },
    ]);
  });
});

describe('output of a defined profile', () => {
  const profile = defineProfile(complete);

  it.each([
    ['JSON.stringify', JSON.stringify],
    ['util.inspect', (value: unknown) => inspect(value, { depth: null })],
    ['util.inspect with showHidden', (value: unknown) => inspect(value, { depth: null, showHidden: true })],
    [
      'util.inspect with getters and colors',
      (value: unknown) => inspect(value, { depth: 20, getters: true, colors: true }),
    ],
  ])('shows [redacted] and no secret by %s, of the whole and of every part', (_name, show) => {
    const parts: unknown[] = [
      profile,
      { ...profile },
      [profile],
      profile.authentication,
      profile.server,
      serverOf(profile).tls,
    ];
    parts.push(profile.smime?.sign?.certificate, profile.smime?.encrypt, profile.proxy, profile.dkim);
    for (const part of parts) {
      const text = show(part);
      expect(text).toContain('[redacted]');
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });

  it('shows no secret by console.dir either, which does not ask objects how they want to be shown', () => {
    const proxy = defineProfile({ ...complete, proxy: 'http://u:pw-proxy@p' });
    const text = [profile, proxy].map((shown) => inspect(shown, { depth: null, customInspect: false })).join();
    expect(text).toContain('password: [Getter]');
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(text).not.toContain(inspect(new Uint8Array([1, 2, 3, 250])));
  });

  it('keeps what is no secret, references included', () => {
    const json = JSON.parse(JSON.stringify(profile)) as EmailProfile;
    expect(json.sender).toEqual(complete.sender);
    expect(json.authentication).toEqual({ ...complete.authentication, password: '[redacted]' });
    expect(json.smime?.sign?.certificate).toEqual({
      data: '[redacted]',
      key: '[redacted]',
      keyPassword: { env: 'KEY_PASSWORD' },
    });
  });

  it('redacts the password in the text form of a proxy', () => {
    const text = JSON.stringify(defineProfile({ ...minimal, proxy: 'socks5://user:p%40ss@proxy.example.com:1080' }));
    expect(text).toContain('"proxy":"socks5://user:[redacted]@proxy.example.com:1080"');
  });

  it('writes live values as words where a person looks, and never calls them', () => {
    const password = (): string => {
      throw new Error('called');
    };
    const live = defineProfile({
      ...minimal,
      authentication: { method: 'plain', username: 'a', password },
      smime: { encrypt: { certificates: () => [] } },
    });
    expect(JSON.parse(JSON.stringify(live))).toMatchObject({
      authentication: { password: '[redacted]' },
      smime: { encrypt: { certificates: '[function]' } },
    });
  });

  it('has no further enumerable keys, so that spread and structuredClone give the settings alone', () => {
    expect(Object.keys(profile)).toEqual(Object.keys(complete));
    expect(structuredClone(profile)).toEqual(complete);
  });
});
