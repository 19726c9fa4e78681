/**
 * The live log: lines come as server-sent events while mail is tested and sent.
 * @module
 */
import { h } from './dom.mjs';

const keptLines = 500;

export function createLogView() {
  const lines = h('ol');
  const box = h('div', { class: 'log', role: 'log', tabindex: 0, 'aria-label': 'Log' }, lines);
  const state = h('p', { class: 'hint' }, 'Connecting …');
  const clear = h('button', { type: 'button', onclick: () => lines.replaceChildren() }, 'Clear the view');
  const events = new EventSource('/api/log');
  events.addEventListener('start', () => {
    lines.replaceChildren();
    state.textContent = 'The commands and replies of every test appear here, without secrets.';
  });
  events.addEventListener('message', ({ data }) => {
    const [, level = 'info'] = data.split(' ');
    lines.append(h('li', { class: level }, data));
    if (lines.childElementCount > keptLines) lines.firstElementChild.remove();
  });
  events.addEventListener('error', () => (state.textContent = 'The server cannot be reached. Trying again …'));
  return [state, box, h('div', { class: 'buttons' }, clear)];
}
