/**
 * The fields of a certificate, which the page contains three times.
 * @module
 */
import { stores } from './choices.mjs';

/** The fields of a certificate: a file, or one of a store. `at` is its path in the profile. */
export function certificateFields(at, labels) {
  const is =
    (...sources) =>
    (values) =>
      sources.includes(values[`${at}.source`]);
  return [
    {
      name: `${at}.source`,
      label: 'Certificate From',
      kind: 'choice',
      choices: { file: 'A file', store: 'A certificate store', kept: 'As a program set it' },
    },
    {
      name: `${at}.file`,
      label: labels.file,
      hint: 'Path on the server: PKCS#12, PEM, JKS or PKCS#7.',
      shownIf: is('file'),
    },
    { name: `${at}.store`, label: labels.store, kind: 'choice', choices: stores, shownIf: is('store') },
    {
      name: `${at}.store.location`,
      label: 'Location of the Store',
      hint: 'A path, or for a Windows store a name such as CurrentUser\\My. Leave it empty for the stores of the user and of the machine.',
      shownIf: is('store'),
    },
    {
      name: `${at}.select`,
      label: 'Certificate in the Store',
      kind: 'choice',
      choices: { '': labels.none },
      action: { name: 'list-certificates', label: 'List certificates', at },
      shownIf: is('store'),
    },
    { name: `${at}.password`, label: labels.password, kind: 'secret', shownIf: is('file', 'store') },
    {
      name: `${at}.cache`,
      label: 'Enable Cached Certificate',
      kind: 'flag',
      shownIf: is('file', 'store'),
      hint: 'Keeps the certificate, encrypted, in the profile store and uses that copy. The test buttons load it again.',
    },
  ];
}
