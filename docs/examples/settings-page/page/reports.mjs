/**
 * The results of the buttons, as lists of steps and sentences.
 * @module
 */
import { h } from './dom.mjs';

const mark = (ok) => h('span', { class: ok ? 'mark ok' : 'mark bad' }, ok ? 'OK' : 'Failed');
const sentence = (text) => (text ? h('p', {}, text) : undefined);
const warnings = (list = []) =>
  list.map(({ message }) => h('p', { class: 'warning' }, h('strong', {}, 'Warning: '), message));
const titled = (ok, words) => h('p', { class: ok ? 'verdict ok' : 'verdict bad' }, words);

function steps(list) {
  const items = list.map(({ ok, name, durationMs, detail, remedy }) => {
    const time = durationMs === undefined ? undefined : h('span', { class: 'time' }, ` ${Math.round(durationMs)} ms`);
    const head = h('div', {}, mark(ok), ' ', h('strong', {}, name), time);
    return h('li', {}, head, h('div', { class: 'detail' }, detail), remedy && h('div', { class: 'remedy' }, remedy));
  });
  return h('ol', { class: 'steps' }, ...items);
}

export const reports = {
  'test-connection': (report) => [
    titled(report.ok, report.ok ? 'The connection works.' : 'The connection does not work.'),
    steps(report.steps),
    ...warnings(report.warnings),
    h('details', {}, h('summary', {}, 'Dialogue'), h('pre', { tabindex: 0 }, report.transcript.join('\n'))),
  ],

  'send-test': ({ ok, steps: list, accepted, rejected, reply, warnings: found }) => [
    titled(ok, `The server accepted the message for ${accepted.join(', ')}: ${reply.code} ${reply.lines.join(' ')}`),
    ...rejected.map(({ recipient, reply: no }) =>
      titled(false, `Refused: ${recipient}: ${no.code} ${no.lines.join(' ')}`),
    ),
    steps(list),
    ...warnings(found),
  ],

  'test-signing': (report) => smime(report, 'Mail can be signed.', 'Mail cannot be signed.'),
  'test-encryption': (report) => smime(report, 'Mail can be encrypted.', 'Mail cannot be encrypted.'),

  'authorize-outcome': ({ expiresAt, scope, canRefresh }) => [
    titled(true, 'Signed in. The tokens are in the profile store.'),
    sentence(expiresAt && `The access token is valid until ${new Date(expiresAt).toLocaleString('en-GB')}.`),
    sentence(canRefresh ? 'It is refreshed when necessary.' : 'There is no refresh token: sign in again after that.'),
    sentence(scope && `Scope: ${scope}`),
  ],
};

function smime({ ok, certificates, missing, problems }, good, bad) {
  const found = certificates.map(({ subject, issuer, validTo, fingerprint }) =>
    h(
      'li',
      {},
      h('strong', {}, subject),
      ` by ${issuer}, valid until ${validTo.slice(0, 10)}`,
      h('div', { class: 'detail' }, fingerprint),
    ),
  );
  return [
    titled(ok, ok ? good : bad),
    ...problems.map(({ severity, message, remedy }) =>
      h('div', { class: severity }, h('p', {}, message), remedy && h('p', { class: 'remedy' }, remedy)),
    ),
    sentence(missing.length > 0 && `Without a certificate: ${missing.join(', ')}`),
    h('ul', { class: 'steps' }, ...found),
  ];
}

/** An error of the library with its recipients and its remedy. */
export function failure({ message, remedy, recipients = [] }) {
  const refused = recipients.map(({ recipient, reply, reason }) =>
    h('li', {}, `${recipient}: ${reason ?? [reply.code, ...reply.lines].join(' ')}`),
  );
  return [
    titled(false, message),
    refused.length > 0 ? h('ul', {}, ...refused) : undefined,
    remedy && h('p', { class: 'remedy' }, remedy),
  ].filter(Boolean);
}
