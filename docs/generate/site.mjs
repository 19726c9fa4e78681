/**
 * Adds two files for programs to the site that typedoc built: llms.txt, a list of its documents, and api.md, the whole public interface as one
 * Markdown page. `node docs/generate/site.mjs [FOLDER]`, by default docs/api.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './root.mjs';

const site = process.argv[2] ?? join(root, 'docs/api');
const entries = {
  sealpost: 'src/index.ts',
  'sealpost/smime': 'src/smime.ts',
  'sealpost/testing': 'src/testing.ts',
  'sealpost/nodemailer': 'src/nodemailer.ts',
};

/** The public form of a declaration: with its comment, without the body and private members. */
function shown(node) {
  const file = node.getSourceFile();
  const printer = ts.createPrinter({ removeComments: false });
  const text = (part) => file.text.slice(part.getFullStart(), part.getEnd()).trim();
  if (ts.isFunctionDeclaration(node)) {
    const body = node.body;
    return `${file.text.slice(node.getFullStart(), body?.getFullStart() ?? node.getEnd()).trim()};`;
  }
  if (ts.isClassDeclaration(node)) {
    const open = file.text.indexOf('{', node.heritageClauses?.at(-1)?.getEnd() ?? node.name.getEnd());
    const isHidden = (member) =>
      member.name === undefined
        ? !ts.isConstructorDeclaration(member)
        : ts.isPrivateIdentifier(member.name) || /\bprivate\b|@internal/.test(text(member).slice(0, 400));
    const members = node.members
      .filter((member) => !isHidden(member))
      .map((member) => {
        const end = member.body?.getFullStart() ?? member.initializer?.getFullStart() ?? member.getEnd();
        return `  ${file.text
          .slice(member.getFullStart(), end)
          .trim()
          .replace(/ =$|;$/, '')};`;
      });
    return `${file.text.slice(node.getFullStart(), open).trim()} {\n${members.join('\n')}\n}`;
  }
  if (ts.isVariableDeclaration(node)) return printer.printNode(ts.EmitHint.Unspecified, node.parent.parent, file);
  return text(node);
}

function interfaceOf(program, path) {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(join(root, path));
  return checker
    .getExportsOfModule(checker.getSymbolAtLocation(source))
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
    .filter((symbol) => symbol.declarations !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((symbol) => {
      const code = symbol.declarations.map((node) => shown(node)).join('\n');
      // The comment at the head of a file does not belong to its first declaration.
      const own = code.replace(/^\/\*\*(?:(?!\*\/)[^])*@module\s*\*\/\s*/, '').replace(/^(?:import [^;]*;\s*)+/, '');
      return `### ${symbol.name}\n\n\`\`\`\`ts\n${own}\n\`\`\`\`\n`;
    });
}

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const program = ts.createProgram(
  Object.values(entries).map((path) => join(root, path)),
  options,
);
const { version, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const modules = Object.entries(entries).map(([name, path]) => `## ${name}\n\n${interfaceOf(program, path).join('\n')}`);
writeFileSync(join(site, 'api.md'), `# sealpost ${version}: the public interface\n\n${modules.join('\n')}`);

/** The rows of the tables in the README that lead to guides and references. */
const rows = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^\| \[(.+?)\]\((docs\/\S+?)\) \| (.+) \|$/gm)];
const links = rows.map(([, title, path, text]) => {
  const page = `documents/${path
    .replace(/^docs\//, '')
    .replace('/', '_')
    .replace(/\.md$/, '.html')}`;
  if (!existsSync(join(site, page))) throw new Error(`the site has no page for ${path}`);
  return `- [${title}](${page}): ${text}`;
});
writeFileSync(
  join(site, 'llms.txt'),
  `# sealpost ${version}\n\n> ${description}\n\n## API\n\n- [The whole public interface](api.md): every name with its types and comments\n\n## Documents\n\n${links.join('\n')}\n`,
);
