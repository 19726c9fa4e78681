/**
 * The style of the pages of the preview.
 * @module
 */
export const style = `
:root { color-scheme: light dark; --back: #f4f5f7; --card: #ffffff; --text: #1b1f24; --dim: #57606a; --line: #d5d9df;
  --accent: #0b5cad; --warn: #7a4d00; --warn-back: #fff4d6; }
@media (prefers-color-scheme: dark) {
  :root { --back: #15181c; --card: #1f2328; --text: #e8eaed; --dim: #a3adb8; --line: #3d444d; --accent: #79b8ff;
    --warn: #f2cc60; --warn-back: #33290f; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 0 0 0.5rem; font-size: 1rem; }
a { color: var(--accent); }
section, details { margin: 0 0 1rem; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.25rem 1rem; margin: 0; }
dt { color: var(--dim); }
dd { margin: 0; }
ul { margin: 0; padding-left: 1.25rem; }
.warnings { background: var(--warn-back); border-color: var(--warn); }
.warnings h2 { color: var(--warn); }
.mark { margin-left: 0.5rem; padding: 0 0.4rem; border: 1px solid var(--line); border-radius: 0.25rem; color: var(--dim); font-size: 0.8125rem; }
pre { margin: 0; white-space: pre-wrap; font: 0.9375rem/1.5 ui-monospace, SFMono-Regular, Consolas, "Liberation Mono", monospace; }
iframe { display: block; width: 100%; height: 36rem; background: #ffffff; border: 1px solid var(--line); border-radius: 0.25rem; }
summary { cursor: pointer; font-weight: 600; }
summary + * { margin-top: 0.75rem; }
.dim { color: var(--dim); }
form { display: flex; gap: 0.5rem; margin: 0 0 1rem; }
input, button { padding: 0.5rem 0.75rem; border: 1px solid var(--line); border-radius: 0.375rem; background: var(--card);
  color: inherit; font: inherit; }
input { flex: 1; min-width: 0; }
.list { margin: 0; padding: 0; list-style: none; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
.list li + li { border-top: 1px solid var(--line); }
.list a { display: block; padding: 0.75rem 1rem; color: inherit; text-decoration: none; }
.list a:hover, .list a:focus-visible { background: var(--back); }
.list strong { display: block; }
.list span { display: block; color: var(--dim); font-size: 0.875rem; }
`;
