// A new connection for every message
import { createClient as c } from './ours.mjs';
export { version } from './ours.mjs';
export const name = 'ours-conn-per-msg';
export const createClient = (o) => c({ ...o, keepOpen: false });
