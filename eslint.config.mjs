// The style that fails the build, checked with types. scripts/checks/probe-lint-rules.mjs proves that each rule fires.
import tseslint from 'typescript-eslint';
import { ccRules } from './tools/lint/cc-rules.mjs';

const TESTS = ['**/*.spec.ts', '{apps,libs}/*/test/**/*.ts', '{test,bench}/**/*.ts', 'libs/testing/**/*.ts'];

/** Syntax that is refused everywhere, with what to do instead. */
const refusedSyntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only: a name that is the same everywhere can be searched.' },
  { selector: 'TSEnumDeclaration', message: 'Unions of literals, not enums.' },
  { selector: "MethodDefinition[kind='constructor'][value.params.length>5]", message: 'At most 5 constructor parameters. Instead: split the class, or group what belongs together into a port.' },
];
const reExports = [
  { selector: 'ExportAllDeclaration', message: 'No barrels. Instead: import the file that declares it.' },
  { selector: 'ExportNamedDeclaration[source]', message: 'No barrels. Instead: import the file that declares it.' },
];
const valueReExports = [
  { selector: "ExportAllDeclaration[exportKind!='type']", message: "A library's front door names what it exports." },
];
const focusedTests = [
  { selector: "CallExpression[callee.object.name=/^(it|test|describe)$/][callee.property.name=/^(only|skip|todo)$/]", message: 'No focused or skipped tests. Instead: describeWithKafka where a backend may be missing.' },
  { selector: 'CallExpression[callee.name=/^(fit|fdescribe|xit|xtest|xdescribe)$/]', message: 'No focused or skipped tests.' },
];

const processEnv = { object: 'process', property: 'env', message: 'Settings come from the schema in *.config.ts.' };
const nestFactory = { name: '@nestjs/core', importNames: ['NestFactory'], message: 'Services are started by runServices of @cc/platform.' };
const envImport = ['process', 'node:process'].map((name) => ({ name, importNames: ['env'], message: processEnv.message }));

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', '.cc/', '.kafka/', 'tools/kafka-local/', '**/node_modules/'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' }, plugins: { cc: ccRules } },
  {
    files: ['**/*.{ts,mjs,cjs,js}'],
    rules: {
      'cc/file-name': 'error',
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'], location: 'start' }],
    },
  },
  {
    files: ['**/*.{mjs,cjs,js}'],
    languageOptions: { sourceType: 'module' },
    rules: { 'no-unused-vars': ['error', { varsIgnorePattern: '^_' }], 'no-redeclare': 'error', 'no-unreachable': 'error' },
  },
  { files: ['**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': true, 'ts-ignore': true, 'ts-nocheck': true, 'ts-check': false }],
      // A method that a port declares async may have nothing to wait for in one adapter.
      '@typescript-eslint/require-await': 'off',
      // A schema and its type share one name.
      '@typescript-eslint/no-redeclare': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/no-restricted-imports': ['error', { paths: [nestFactory, ...envImport] }],
      'cc/static-log-message': 'error',
      'cc/injected-class-first': 'error',
      'cc/type-name': 'error',
      'no-console': 'error',
      'no-restricted-properties': ['error', processEnv],
      'no-restricted-syntax': ['error', ...refusedSyntax, ...reExports],
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', 50],
      complexity: ['error', { max: 10, variant: 'modified' }],
    },
  },
  { files: ['**/*.config.ts'], rules: { 'no-restricted-properties': 'off', '@typescript-eslint/no-restricted-imports': ['error', { paths: [nestFactory] }] } },
  // A migration is one text of SQL.
  { files: ['**/*migrations.ts', '**/migrations/*.ts'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['libs/platform/**/*.ts'], rules: { '@typescript-eslint/no-restricted-imports': ['error', { paths: envImport }] } },
  { files: ['libs/*/src/index.ts'], rules: { 'no-restricted-syntax': ['error', ...refusedSyntax, ...valueReExports] } },
  {
    files: TESTS,
    rules: {
      'max-lines': ['error', 600],
      'max-lines-per-function': 'off',
      'no-restricted-properties': 'off',
      '@typescript-eslint/no-restricted-imports': 'off',
      // Jest's matchers (expect.any and the like) are typed any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // `'A.ring' | string` in a table of expectations names the usual values.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
    },
  },
  // The front door of libs/testing is one as well, and keeps the rule above; specs are no barrels.
  { files: ['**/*.spec.ts', '{apps,libs}/*/test/**/*.ts', '{test,bench}/**/*.ts'], rules: { 'no-restricted-syntax': ['error', ...refusedSyntax, ...reExports, ...focusedTests] } },
);
