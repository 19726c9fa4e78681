/**
 * `sealpost test`: the report of a connection.
 * @module
 */
import { createMailer, type ConnectionReport, type ConnectionStep } from '../../index.js';
import type { Command } from '../command.js';
import { hostOf, profileOf, profileOptions } from '../profile.js';
import { certificateLines } from '../report.js';
import { note, print, printJson, startProgress, styled } from '../terminal.js';

/** The status of each step that failed. */
export const stepStatus: Readonly<Record<ConnectionStep, number>> = {
  resolve: 10,
  connect: 11,
  proxy: 12,
  tls: 13,
  greeting: 14,
  ehlo: 15,
  starttls: 16,
  authenticate: 17,
  quit: 18,
};

export const test: Command = {
  name: 'test',
  summary: 'Tests the connection to a server, step by step. Sends no mail.',
  usage: '--profile FILE | --url-env NAME | --server HOST [options]',
  options: {
    ...profileOptions,
    tls: { type: 'boolean', help: 'show the certificates, with a fingerprint to copy for --pin' },
    transcript: { type: 'boolean', help: 'show the dialogue, with secrets hidden' },
    json: { type: 'boolean', help: 'one JSON document instead of text' },
  },
  notes: [
    'Exit status: 0 the connection works; 10 resolve, 11 connect, 12 proxy, 13 tls, 14 greeting, 15 ehlo, 16 starttls,',
    '17 authenticate, 18 quit failed; 64 wrong arguments or profile.',
    '',
    'Examples: sealpost test --server mail.example.com:587 --user ann --tls',
    '          sealpost test --profile mail.json --json',
  ],
  async run(given) {
    given.none();
    const profile = await profileOf(given);
    await using mailer = createMailer(profile);
    const progress = startProgress();
    progress.show(`Testing ${hostOf(profile)} …`);
    const report = await mailer.testConnection().finally(() => progress.end());
    if (given.flag('json')) printJson(report);
    else {
      print(coloured(String(report)));
      if (given.flag('tls')) print(tlsText(report));
      print(report.ok ? styled('green', 'The connection works.') : styled('red', 'The connection does not work.'));
    }
    if (given.flag('transcript')) for (const line of report.transcript) note(line);
    const failed = report.steps.filter(({ ok }) => !ok).at(-1);
    return report.ok ? 0 : failed === undefined ? 1 : stepStatus[failed.name];
  },
};

function coloured(text: string): string {
  return text
    .replace(/^ok {2}/gm, styled('green', 'ok  '))
    .replace(/^FAIL/gm, styled('red', 'FAIL'))
    .replace(/^warn/gm, styled('yellow', 'warn'));
}

function tlsText({ tls }: ConnectionReport): string {
  if (tls === undefined) return 'TLS          none';
  const { protocol, cipher, certificate, names, chain, authorized } = tls;
  return [
    `TLS          ${protocol}, ${cipher}, certificate ${authorized ? 'verified' : 'NOT VERIFIED'}`,
    ...certificateLines(certificate, names),
    ...chain.flatMap((issuer) => ['', ...certificateLines(issuer)]),
    '',
    `pin          --pin ${certificate.fingerprint}`,
  ].join('\n');
}
