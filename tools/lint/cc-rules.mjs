// The project's own ESLint rules: those of the style that no package offers.
import { basename, relative, sep } from 'node:path';

const LEVELS = new Set(['debug', 'info', 'warn', 'error']);
const EMPTY_NAMES = new Set(['common', 'shared', 'utils', 'util', 'helpers', 'helper', 'base', 'manager', 'misc']);
const FILE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*\.(ts|mjs|cjs|js)$/;

const isLog = (node) => {
  if (node.type === 'Identifier') return /^log$|Log$/.test(node.name);
  return node.type === 'MemberExpression' && !node.computed && isLog(node.property);
};

const isStaticText = (node) =>
  (node?.type === 'Literal' && typeof node.value === 'string') || (node?.type === 'TemplateLiteral' && node.expressions.length === 0);

const staticLogMessage = {
  meta: { type: 'problem', schema: [], messages: { dynamic: 'A log message is static text, so that equal lines group. Instead: put what varies into the fields.' } },
  create: (context) => ({
    CallExpression({ callee, arguments: [message] }) {
      if (callee.type !== 'MemberExpression' || callee.computed || !LEVELS.has(callee.property.name) || !isLog(callee.object)) return;
      if (!isStaticText(message)) context.report({ node: message ?? callee, messageId: 'dynamic' });
    },
  }),
};

const fileName = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      shape: '{{name}}: file names are kebab-case with the role after a dot, such as call-events.consumer.ts.',
      empty: '{{name}}: "{{word}}" says nothing. Instead: name it after what it does.',
    },
  },
  create: (context) => ({
    Program(node) {
      const path = relative(context.cwd, context.filename);
      const name = basename(path);
      const report = (messageId, word) => context.report({ node, loc: { line: 1, column: 0 }, messageId, data: { name: path, word } });
      if (!FILE_NAME.test(name.replace(/^\.|^_/, ''))) report('shape', name);
      const word = path.split(sep).flatMap((part) => part.split(/[.-]/)).find((part) => EMPTY_NAMES.has(part));
      if (word !== undefined) report('empty', word);
    },
  }),
};

/** `BaseClient` has the words base and client, `Base64` only base64. */
const wordsOf = (name) => name.split(/(?=[A-Z])|_/).map((word) => word.toLowerCase());

const typeName = {
  meta: { type: 'problem', schema: [], messages: { empty: '"{{word}}" in {{name}} says nothing. Instead: name it after what it does.' } },
  create: (context) => {
    const look = ({ id }) => {
      const word = id === null ? undefined : wordsOf(id.name).find((part) => EMPTY_NAMES.has(part));
      if (word !== undefined) context.report({ node: id, messageId: 'empty', data: { name: id.name, word } });
    };
    return { ClassDeclaration: look, TSInterfaceDeclaration: look, TSTypeAliasDeclaration: look, FunctionDeclaration: look };
  },
};

const isDecorated = (node) => (node.decorators?.length ?? 0) > 0;

/** The annotations whose classes a decorator's metadata names at run time: of constructor, decorated methods and properties. */
const injectedTypes = (member) => {
  if (member.type === 'PropertyDefinition') return isDecorated(member) ? [member.typeAnnotation] : [];
  if (member.type !== 'MethodDefinition') return [];
  const parameters = member.value.params.map((parameter) => ({ decorated: isDecorated(parameter), pattern: parameter.type === 'TSParameterProperty' ? parameter.parameter : parameter }));
  const counts = member.kind === 'constructor' || isDecorated(member) || parameters.some(({ decorated }) => decorated);
  return counts ? parameters.map(({ pattern }) => pattern.typeAnnotation) : [];
};

const injectedClassFirst = {
  meta: { type: 'problem', schema: [], messages: { late: '{{name}} is declared below, but the metadata of the decorator above needs it when the file loads. Instead: declare it first, or in its own file.' } },
  create: (context) => {
    const look = (node) => {
      if (!isDecorated(node)) return;
      const program = context.sourceCode.ast.body.map((statement) => statement.declaration ?? statement);
      const later = new Set(program.filter((statement) => statement.type === 'ClassDeclaration' && statement.range[0] > node.range[0]).map(({ id }) => id?.name));
      for (const annotation of node.body.body.flatMap(injectedTypes)) {
        const type = annotation?.typeAnnotation;
        if (type?.type === 'TSTypeReference' && later.has(type.typeName.name)) context.report({ node: type, messageId: 'late', data: { name: type.typeName.name } });
      }
    };
    return { ClassDeclaration: look };
  },
};

export const ccRules = { rules: { 'injected-class-first': injectedClassFirst, 'static-log-message': staticLogMessage, 'file-name': fileName, 'type-name': typeName } };
