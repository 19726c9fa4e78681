/**
 * `sealpost profile check`: every problem of a profile.
 * @module
 */
import { isEmailError, profileToJson } from '../../index.js';
import { showText } from '../../util/show.js';
import type { Command } from '../command.js';
import { readGiven } from '../files.js';
import { parseJson } from '../profile.js';
import { print, printJson, styled } from '../terminal.js';

export const profileCheck: Command = {
  name: 'profile check',
  summary: 'Checks a profile, and names every problem. Opens no connection.',
  usage: 'FILE [options]',
  options: {
    show: { type: 'boolean', help: 'show the profile, with secrets hidden' },
    json: { type: 'boolean', help: 'one JSON document instead of text' },
  },
  notes: [
    'Exit status: 0 the profile is valid; 1 it is not; 64 wrong arguments, or the file cannot be read.',
    '',
    'Example: sealpost profile check mail.json',
  ],
  async run(given) {
    const path = given.only('the file of a profile');
    const bytes = await readGiven(path);
    const isJson = given.flag('json');
    try {
      const profile = parseJson(bytes, path);
      if (isJson) printJson({ ok: true, problems: [], profile: profileToJson(profile, { secrets: 'redact' }) });
      else {
        print(styled('green', 'The profile is valid.'));
        if (given.flag('show')) printJson(profileToJson(profile, { secrets: 'redact' }));
      }
      return 0;
    } catch (error) {
      if (!isEmailError(error) || error.problems === undefined) throw error;
      if (isJson) printJson({ ok: false, problems: error.problems });
      else
        for (const { path: at, message } of error.problems)
          print(`${styled('red', showText(at))}: ${showText(message, 2000)}`);
      return 1;
    }
  },
};
