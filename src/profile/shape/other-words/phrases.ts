/**
 * Sentences for the tables of this folder. They list words of other libraries and of mail programs, in lower case without
 * `_`, `-` and spaces, each with a sentence that names the word used here.
 * @module
 */

export const inSmime = 'belongs in smime';
export const inOptions = 'belongs in the second argument of createMailer';
export const inPool = 'belongs in pool of the second argument of createMailer';
export const inProfile = 'belongs in the profile, the first argument of createMailer';
export const service = 'is server: wellKnownServer(name) here';

export const called = (name: string): string => `is called ${name} here`;
export const quoted = (name: string): string => `is called '${name}' here`;
