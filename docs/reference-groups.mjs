/**
 * A plugin of typedoc: groups the exports of `src/index.ts` by the comments above them there, and gives the modules the
 * names by which programs import them, and the documents their titles and the order of the tables in README.md.
 * @module
 */
import { readFileSync } from 'node:fs';
import { Application, Comment, CommentTag, Converter, Renderer } from 'typedoc';

const moduleNames = {
  index: 'sealpost',
  smime: 'sealpost/smime',
  testing: 'sealpost/testing',
  nodemailer: 'sealpost/nodemailer',
};

/** The heading of each name, and the headings in their order. */
function readGroups(path) {
  const groups = new Map();
  let heading = '';
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('// ')) heading = line.slice(3);
    else if (heading !== '' && !line.startsWith('} from'))
      for (const [name] of line.replace(/from '.*'/, '').matchAll(/\b(?!export\b|type\b)[A-Za-z0-9]+/g))
        groups.set(name, heading);
  }
  return groups;
}

/** The documents in the order in which README.md links to them, as typedoc names them. */
function readOrder() {
  const links = readFileSync('README.md', 'utf8').matchAll(/^\| \[[^\]]+\]\(docs\/(\S+)\.md\) \|/gm);
  return [...links].map(([, path]) => path);
}

export function load(app) {
  const groups = readGroups('src/index.ts');
  app.on(Application.EVENT_BOOTSTRAP_END, () =>
    app.options.setValue('groupOrder', ['Documents', ...new Set(groups.values()), '*']),
  );
  // The addresses of the pages are made of the names of the files before this.
  app.renderer.on(Renderer.EVENT_BEGIN, ({ project }) => {
    const order = readOrder();
    const place = ({ name }) => (order.includes(name) ? order.indexOf(name) : order.length);
    for (const list of [project.documents, project.groups?.find(({ title }) => title === 'Documents')?.children])
      list?.sort((a, b) => place(a) - place(b));
    for (const document of project.documents ?? []) {
      const [, title] = /^# (.+)\n/.exec(document.content[0]?.text ?? '') ?? [];
      if (title === undefined) throw new Error(`${document.name} does not begin with its title`);
      document.name = title;
    }
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const module of context.project.children ?? []) {
      const name = moduleNames[module.name];
      if (name === undefined) continue;
      module.name = name;
      if (name !== 'sealpost') continue;
      for (const reflection of module.children ?? []) {
        const heading = groups.get(reflection.name);
        if (heading === undefined) throw new Error(`src/index.ts has no heading above ${reflection.name}`);
        // A function is described by its signatures.
        for (const described of reflection.signatures ?? [reflection]) {
          described.comment ??= new Comment();
          described.comment.blockTags.push(new CommentTag('@group', [{ kind: 'text', text: heading }]));
        }
      }
    }
  });
}
