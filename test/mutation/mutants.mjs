/**
 * Makes small faulty changes of a source file: flipped comparisons, dropped guards, swapped branches and connectives.
 * @module
 */
import ts from 'typescript';

const flipped = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
]);

const leaves = (statement) => {
  const last = ts.isBlock(statement) ? statement.statements.at(-1) : statement;
  return (
    last !== undefined && (ts.isReturnStatement(last) || ts.isThrowStatement(last) || ts.isContinueStatement(last))
  );
};
const isText = (node) =>
  ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || (ts.isBinaryExpression(node) && isText(node.left));

/** All mutants of a file. Each has the place and the text of one replacement, and a line that describes it. */
export function mutantsOf(path, source) {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ESNext, true);
  const found = [];
  const replace = (node, text, what) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
    found.push({ path, start: node.getStart(file), end: node.getEnd(), text, what, line: line + 1 });
  };
  const visit = (node) => {
    if (ts.isBinaryExpression(node)) {
      const other = flipped.get(node.operatorToken.kind);
      const joinsText = isText(node.left) || isText(node.right);
      if (other !== undefined && !joinsText)
        replace(node.operatorToken, other, `${node.operatorToken.getText(file)} to ${other}`);
    } else if (ts.isIfStatement(node)) {
      const condition = node.expression.getText(file);
      if (node.elseStatement !== undefined) replace(node.expression, `!(${condition})`, 'branches swapped');
      else if (leaves(node.thenStatement)) replace(node.expression, `false && (${condition})`, 'guard dropped');
      else replace(node.expression, `true || (${condition})`, 'condition dropped');
    } else if (ts.isConditionalExpression(node)) {
      replace(node.condition, `!(${node.condition.getText(file)})`, 'branches swapped');
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

export const applied = (source, { start, end, text }) => source.slice(0, start) + text + source.slice(end);
