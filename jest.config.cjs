// Three suites by file name: unit (nothing needed), int (real PostgreSQL, real Kafka), e2e (the whole system).
const project = (name, extra = {}) => ({
  displayName: name,
  testMatch: [`<rootDir>/{apps,libs,test}/**/*.${name}.spec.ts`],
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: true }] },
  moduleNameMapper: { '^@cc/(.*)$': '<rootDir>/libs/$1/src/index.ts' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  ...extra,
});

module.exports = {
  // A busy machine is no reason to fail: what must end in time says so itself.
  testTimeout: 30_000,
  projects: [project('unit'), project('int', { globalSetup: '<rootDir>/libs/testing/src/global-setup.mjs', globalTeardown: '<rootDir>/libs/testing/src/global-teardown.mjs' }),
    project('e2e', { globalSetup: '<rootDir>/libs/testing/src/global-setup.mjs', globalTeardown: '<rootDir>/libs/testing/src/global-teardown.mjs' })],
};
