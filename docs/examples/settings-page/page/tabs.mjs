/**
 * Tabs with the keyboard pattern of the ARIA Authoring Practices: the Tab key reaches one of them, and arrows, Home and
 * End move to the others.
 * @module
 */
import { tabs } from './fields.mjs';
import { byId, h } from './dom.mjs';

/** The tab of each panel. */
const buttons = new Map();

/** Adds a tab and its panel for each entry of the table; `content` makes the content of the panel. */
export function createTabs(content) {
  for (const tab of tabs) {
    const panel = h('section', {
      role: 'tabpanel',
      id: `panel-${tab.id}`,
      'aria-labelledby': `tab-${tab.id}`,
      hidden: true,
    });
    panel.append(...content(tab));
    const button = h(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${tab.id}`,
        'aria-controls': panel.id,
        onclick: () => select(tab.id),
        onkeydown: move,
      },
      tab.title,
    );
    buttons.set(tab.id, button);
    byId('tabs').append(button);
    byId('panels').append(panel);
  }
  select(tabs[0].id);
}

export function select(id) {
  for (const [each, button] of buttons) {
    button.setAttribute('aria-selected', String(each === id));
    button.tabIndex = each === id ? 0 : -1;
    byId(`panel-${each}`).hidden = each !== id;
  }
}

/** Shows at each tab the number of problems in its fields. */
export function markTabs(counts) {
  for (const { id, title } of tabs) {
    const count = counts.get(id) ?? 0;
    const words = count === 1 ? '1 problem' : `${count} problems`;
    const mark = count === 0 ? undefined : h('span', { class: 'count' }, ` ${words}`);
    buttons.get(id).replaceChildren(...[title, mark].filter(Boolean));
  }
}

function move(event) {
  const all = [...buttons];
  const now = all.findIndex(([, button]) => button === event.target);
  const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: all.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  const [id, button] = all[(next + all.length) % all.length];
  select(id);
  button.focus();
}
