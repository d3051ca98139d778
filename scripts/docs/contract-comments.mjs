// Reads the doc comments of the schemas in libs/contracts, which the schemas themselves do not carry at run time.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const commentOf = (node) => {
  const text = ts.getJSDocCommentsAndTags(node).map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join(' ');
  return text.replace(/\s+/g, ' ').trim();
};

/** Calls `found` for each object literal and each identifier that a schema's expression is made of. */
const walkParts = (node, found) => {
  if (ts.isObjectLiteralExpression(node)) return found.shape(node);
  if (ts.isIdentifier(node)) return found.name(node.text);
  if (ts.isPropertyAccessExpression(node)) return walkParts(node.expression, found);
  if (ts.isCallExpression(node)) {
    walkParts(node.expression, found);
    node.arguments.forEach((argument) => walkParts(argument, found));
  }
};

/**
 * @returns a function from the name of a schema or shape to `{ comment, fields }`: its own doc comment, and those of its fields
 * by name, the ones that it spreads or extends included.
 */
export function readContractComments(folder) {
  const declarations = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))) {
    const source = ts.createSourceFile(file, readFileSync(join(folder, file), 'utf8'), ts.ScriptTarget.ES2022, true);
    for (const statement of source.statements.filter(ts.isVariableStatement)) {
      for (const { name, initializer } of statement.declarationList.declarations) declarations.set(name.getText(), { statement, initializer });
    }
  }
  // A field without a comment of its own means what its schema says, such as ProtectedNumber.
  const commentOfValue = ({ initializer }) => {
    const value = initializer === undefined || !ts.isIdentifier(initializer) ? undefined : declarations.get(initializer.text);
    return value === undefined ? '' : commentOf(value.statement);
  };
  const fieldsOf = (name, seen = new Set()) => {
    const declaration = declarations.get(name);
    const fields = new Map();
    if (declaration?.initializer === undefined || seen.has(name)) return fields;
    seen.add(name);
    const take = (others) => others.forEach((comment, field) => fields.set(field, comment));
    walkParts(declaration.initializer, {
      name: (other) => take(fieldsOf(other, seen)),
      shape: (literal) => literal.properties.forEach((property) => {
        if (ts.isSpreadAssignment(property)) walkParts(property.expression, { name: (other) => take(fieldsOf(other, seen)), shape: () => {} });
        else fields.set(property.name.getText(), commentOf(property) || commentOfValue(property));
      }),
    });
    return fields;
  };
  return (name) => ({ comment: declarations.has(name) ? commentOf(declarations.get(name).statement) : '', fields: fieldsOf(name) });
}

/** The literal of the message type that a contract file declares for its only message, such as `cc.call.record.v1`. */
export function declaredType(file) {
  const found = /'(cc\.[a-z.-]+\.v\d+)'/.exec(readFileSync(file, 'utf8'));
  if (found === null) throw new Error(`${file} declares no message type`);
  return found[1];
}
