/**
 * Schemas of certificates and their sources, with and without a key.
 * @module
 */
import type {
  CertificateData,
  CertificateSelector,
  CertificateSource,
  CertificateStore,
  CertificateStoreReference,
} from '../../model/certificate.js';
import type { Secret } from '../../model/settings/secret.js';
import { choiceAmong, flag, live, plain, ruledTo, variant } from '../../schema/combine.js';
import { object, optional, required } from '../../schema/object.js';
import type { Fields } from '../../schema/object.js';
import { alternatives, isPlainObject, mayRefer, problem, unexpected } from '../../schema/schema.js';
import type { Report, Schema } from '../../schema/schema.js';
import {
  bytesToJson,
  certificateContent,
  checkBytes,
  isBytesForm,
  secret,
  secretOrBytes,
} from '../../schema/secret.js';
import { fingerprint, path, text } from '../../schema/text.js';
import { asBuffer } from '../../util/bytes.js';
import { otherKeys, otherValues } from './other-words/certificate.js';

const certificateFile = path('a certificate file');
const keyMark = 'PRIVATE KEY-----';

const certificateText: Schema<string> = text({
  expected: 'PEM text',
  max: 4 * 1024 * 1024,
  multiline: true,
  fault(value) {
    if (value.includes(keyMark)) return 'contains a private key; only certificates are allowed here';
    return value.includes('-----BEGIN ')
      ? undefined
      : 'expected PEM text, got other text: write a file as { file }, and base64 as { base64 }';
  },
});

const publicBytes: Schema<Uint8Array> = {
  expected: 'bytes',
  check(value, at, report) {
    const bytes = isBytesForm(value) ? checkBytes(value, at, report) : unexpected(report, at, 'bytes', value);
    if (bytes !== undefined && asBuffer(bytes).includes(keyMark))
      return problem(report, at, 'contains a private key; only certificates are allowed here');
    return bytes;
  },
  toJson: (value) => (isBytesForm(value) ? bytesToJson(value) : value),
};

const fileReference: Schema<{ file: string }> = object<{ file: string }>({ file: required(certificateFile) });

/** `CertificateData`: public, without a key. */
export const certificateData: Schema<CertificateData> = variant<CertificateData>(
  'PEM text, DER bytes, { file } or { base64 }',
  (value) => {
    if (typeof value === 'string') return certificateText;
    if (isBytesForm(value)) return publicBytes;
    return isPlainObject(value) ? fileReference : undefined;
  },
);

const selectors = ['subject', 'email', 'fingerprint', 'alias'] as const;

type Selector = Partial<Record<(typeof selectors)[number], string>>;

const selector: Schema<CertificateSelector> = ruledTo(
  object<Selector>(
    {
      subject: optional(text({ expected: 'a distinguished name, or its CN' })),
      email: optional(text({ expected: 'an e-mail address' })),
      fingerprint: optional(fingerprint),
      alias: optional(text({ expected: 'an alias' })),
    },
    {
      expected: 'one of { subject }, { email }, { fingerprint }, { alias }',
      others: otherKeys.selector,
      verify(_value, given, at, report) {
        const present = selectors.filter(given);
        if (present.length !== 1)
          problem(
            report,
            at,
            `expected exactly one of ${alternatives(selectors)}, ` +
              `got ${present.length === 0 ? 'none' : alternatives(present).replace(' or ', ' and ')}`,
          );
      },
    },
  ),
);

const storeWords = choiceAmong(['user', 'machine'], otherValues.storeWord);

type StoreLocation = Extract<CertificateStoreReference, { readonly location: string }>;

const storeLocation: Schema<StoreLocation> = object<StoreLocation>(
  {
    type: required(choiceAmong(['directory', 'pkcs12', 'jks', 'nss', 'windows', 'keychain'], otherValues.storeType)),
    location: required(path('a certificate store')),
  },
  { others: otherKeys.store },
);

const liveStore: Schema<CertificateStore> = live('a CertificateStore', isLiveStore);

const systemStore: Schema<'user' | 'machine'> = plain(storeWords.expected, (value, at, report) => {
  if (!mayRefer(report, at, "names the operating system's certificate store")) return undefined;
  if (typeof value === 'string' && /[\\/]/.test(value))
    return problem(
      report,
      at,
      `expected ${storeWords.expected}, got a path: write a store at a path as { type, location }`,
    );
  return storeWords.check(value, at, report);
});

/** `CertificateStoreReference`. */
export const storeReference: Schema<CertificateStoreReference> = variant<CertificateStoreReference>(
  "'user', 'machine', { type, location } or a CertificateStore",
  (value) => {
    if (typeof value === 'string') return systemStore;
    if (isLiveStore(value)) return liveStore;
    return isPlainObject(value) ? storeLocation : undefined;
  },
);

function isLiveStore(value: unknown): value is CertificateStore {
  if (typeof value !== 'object' || value === null) return false;
  const { list, load }: { list?: unknown; load?: unknown } = Object(value);
  return typeof list === 'function' && typeof load === 'function';
}

/** The password of a certificate file, which may be empty. */
export const filePassword: Schema<Secret> = secret({ what: 'password', allowEmpty: true });

const cacheFlag: Schema<boolean> = plain(flag.expected, (value, at, report) => {
  // The cache is looked up by the profile's name, so an untrusted profile could use the key of another profile with the
  // same name.
  if (value === true && !mayRefer(report, at, "uses the certificate cache of this machine's profile store"))
    return undefined;
  return flag.check(value, at, report);
});

interface SourceFields {
  file?: string;
  keyFile?: string;
  data?: string | Uint8Array;
  key?: Secret | Uint8Array;
  store?: CertificateStoreReference;
  select?: CertificateSelector;
  password?: Secret;
  keyPassword?: Secret;
  cache?: boolean;
}

const sourceFields: Fields<SourceFields> = {
  file: optional(certificateFile),
  keyFile: optional(path('a key file')),
  data: optional(certificateContent),
  key: optional(secretOrBytes({ what: 'private key' })),
  store: optional(storeReference),
  select: optional(selector),
  password: optional(filePassword),
  keyPassword: optional(filePassword),
  cache: optional(cacheFlag),
};

const origins = ['file', 'data', 'store'] as const;
const companions = [
  ['keyFile', 'file'],
  ['key', 'data'],
  ['select', 'store'],
] as const;

/** `CertificateSource`. */
export const certificateSource: Schema<CertificateSource> = ruledTo(
  object<SourceFields>(sourceFields satisfies Record<keyof CertificateSource, unknown>, {
    expected: 'a certificate source: { file }, { data } or { store, select }',
    others: otherKeys.certificate,
    verify(_value, given, at, report: Report) {
      const present = origins.filter(given);
      if (present.length !== 1)
        problem(
          report,
          at,
          'expected exactly one of file, data or store, ' +
            `got ${present.length === 0 ? 'none' : alternatives(present).replace(' or ', ' and ')}`,
        );
      for (const [companion, origin] of companions) {
        if (given(companion) && !given(origin))
          problem(report, `${at}.${companion}`, `is only allowed together with ${origin}`);
      }
      if (given('store') && !given('select')) unexpected(report, `${at}.select`, selector.expected, undefined);
    },
  }),
);
