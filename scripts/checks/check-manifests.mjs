// What docker-compose.yml and k8s/ promise is compared with the code: services, ports, probes, and every setting, which the
// services' own start-up check must accept. Kubernetes objects are looked at as kustomize builds them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { loadRepository } from '../load-repository.mjs';
import { root } from './planted-tree.mjs';

/** Stands for the secrets, which no manifest holds: what the services' schemas accept. */
const sampleSecrets = {
  CC_DATABASE_URL: 'postgres://cc:sample@postgres:5432/cc',
  CC_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  CC_API_KEYS: 'demo:cck_0123456789abcdef0123456789abcdef',
  CC_CALL_GATEWAY_OPERATOR_KEYS: 'olga:cco_0123456789abcdef0123456789abcdef',
  CC_E9_CALLBACK_INGEST_OPERATOR_KEYS: 'olga:cco_0123456789abcdef0123456789abcdef',
  CC_OSS_ACCESS_KEY_ID: 'sample',
  CC_OSS_ACCESS_KEY_SECRET: 'sample',
};

const read = (path) => readFileSync(join(root, path), 'utf8');

const parseYaml = (path, text, faults) => {
  const documents = parseAllDocuments(text, { merge: true });
  for (const document of documents) for (const { message } of [...document.errors, ...document.warnings]) faults.push(`${path}: ${message}`);
  return documents.map((document) => document.toJS()).filter((value) => value !== null);
};

/** What the service itself says of an environment at its start; none when it would start. */
const settingFaults = (where, service, environment, { loadServiceSettings }) => {
  try {
    loadServiceSettings(service, environment);
    return [];
  } catch (error) {
    return [`${where}: ${error.message}`];
  }
};

const channelFaults = (path, text, { parseChannelFile }) => {
  const file = parseChannelFile(text, () => 'x'.repeat(32));
  return file.ok ? [] : file.faults.map((fault) => `${path}: ${fault}`);
};

const entryOf = ({ name }) => `dist/apps/${name}/main.js`;

// ── docker-compose ──

const interpolate = (value) => String(value).replaceAll(/\$\{(\w+)(?::[?-][^}]*)?\}/g, (_, name) => sampleSecrets[name] ?? 'sample');

const composeFaults = (compose, services, platform) =>
  services.flatMap((service) => {
    const entry = compose.services[service.name];
    const where = `docker-compose.yml ${service.name}`;
    if (entry === undefined) return [`${where} is missing`];
    const environment = Object.fromEntries(Object.entries(entry.environment ?? {}).map(([name, value]) => [name, interpolate(value)]));
    return [
      ...(entry.command?.at(-1) === entryOf(service) ? [] : [`${where} does not run ${entryOf(service)}`]),
      ...(JSON.stringify(entry.healthcheck?.test ?? '').includes(`:${service.defaultPort}/readyz`) ? [] : [`${where} has no health check on :${service.defaultPort}/readyz`]),
      ...settingFaults(where, service, environment, platform),
    ];
  });

// ── Kubernetes ──

const buildBase = () => {
  const run = spawnSync('kubectl', ['kustomize', 'k8s/base'], { cwd: root, encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 26 });
  if (run.error?.code === 'ENOENT') return { skipped: 'kubectl is not installed: the YAML of k8s/ was parsed, but not built and not compared with the services' };
  return run.status === 0 ? { text: run.stdout } : { fault: `kubectl kustomize k8s/base: ${run.stderr || String(run.error)}` };
};

const must = (where, rules) => Object.entries(rules).filter(([, holds]) => !holds).map(([rule]) => `${where}: ${rule}`);

/** The paths that the container sees below its mounted secrets and config maps. */
const mountedFiles = (pod, container, configMaps) => {
  const files = new Set();
  for (const { name, mountPath } of container.volumeMounts ?? []) {
    const volume = (pod.volumes ?? []).find((candidate) => candidate.name === name);
    const keys = volume?.secret?.items?.map(({ path }) => path) ?? Object.keys(configMaps.get(volume?.configMap?.name)?.data ?? {});
    for (const key of keys) files.add(`${mountPath}/${key}`);
  }
  return files;
};

const environmentOf = (container, configMaps) => ({
  ...Object.assign({}, ...(container.envFrom ?? []).map(({ configMapRef }) => configMaps.get(configMapRef.name)?.data ?? {})),
  // What has no value here comes from a Secret.
  ...Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? sampleSecrets[name] ?? 'sample'])),
});

/** The settings that a service reads where Kafka carries the log. */
const readBy = (service, { databaseSchema, eventLogSchema, platformSchema, variableNames }) =>
  new Set([platformSchema(service.name, service.defaultPort), service.settings.schema, ...(service.backends === 'none' ? [] : [eventLogSchema]), ...(service.backends === 'database' ? [databaseSchema] : [])].flatMap(variableNames));

/** The same environment with each secret's file replaced by a sample that exists here. */
const withSampleFiles = (environment, folder) =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => {
    const sample = name.endsWith('_FILE') ? sampleSecrets[name.slice(0, -'_FILE'.length)] : undefined;
    if (sample === undefined) return [name, value];
    writeFileSync(join(folder, name), sample);
    return [name, join(folder, name)];
  }));

const podFaults = (where, service, workload) => {
  const pod = workload.spec.template.spec;
  const [container] = pod.containers;
  const { securityContext = {} } = container;
  return must(where, {
    'runs the entry of the service': container.command?.at(-1) === entryOf(service),
    'declares its port as http': container.ports?.some(({ name, containerPort }) => name === 'http' && containerPort === service.defaultPort),
    'is live by /livez on http': container.livenessProbe?.httpGet?.path === '/livez' && container.livenessProbe.httpGet.port === 'http',
    'is ready by /readyz on http': container.readinessProbe?.httpGet?.path === '/readyz' && container.readinessProbe.httpGet.port === 'http',
    'is not root': pod.securityContext?.runAsNonRoot === true && pod.securityContext.runAsUser > 0,
    'has the default seccomp profile': pod.securityContext?.seccompProfile?.type === 'RuntimeDefault',
    'cannot gain rights': securityContext.allowPrivilegeEscalation === false && securityContext.capabilities?.drop?.includes('ALL'),
    'has a read-only root': securityContext.readOnlyRootFilesystem === true,
    'mounts no API token': pod.automountServiceAccountToken === false,
    'gets no variables of Services (enableServiceLinks: false)': pod.enableServiceLinks === false,
    'requests CPU and memory and limits memory': container.resources?.requests?.cpu && container.resources.requests.memory && container.resources.limits?.memory,
  });
};

const kubernetesFaults = (objects, services, platform, folder) => {
  const configMaps = new Map(objects.filter(({ kind }) => kind === 'ConfigMap').map((object) => [object.metadata.name, object]));
  const named = (kind, name) => objects.find((object) => object.kind === kind && object.metadata.name === name);
  return services.flatMap((service) => {
    const where = `k8s/base ${service.name}`;
    const workload = named('Deployment', service.name) ?? named('StatefulSet', service.name);
    if (workload === undefined) return [`${where} is missing`];
    const pod = workload.spec.template.spec;
    const environment = environmentOf(pod.containers[0], configMaps);
    const mounted = mountedFiles(pod, pod.containers[0], configMaps);
    const files = Object.entries(environment).filter(([name]) => name.startsWith('CC_') && name.endsWith('_FILE'));
    const selects = (selector) => Object.entries(selector ?? { none: 'none' }).every(([key, value]) => workload.spec.template.metadata.labels[key] === value);
    return [
      ...podFaults(where, service, workload),
      ...must(where, {
        'has a Service on its port': named('Service', service.name)?.spec.ports.some(({ port }) => port === service.defaultPort) && selects(named('Service', service.name).spec.selector),
        'has a PodDisruptionBudget': selects(named('PodDisruptionBudget', service.name)?.spec.selector.matchLabels),
        'keeps what it writes below /var/lib/cc on a volume': !Object.values(environment).some((value) => value.startsWith('/var/lib/cc')) || workload.spec.volumeClaimTemplates?.length > 0,
      }),
      ...files.filter(([, path]) => !mounted.has(path)).map(([name, path]) => `${where}: ${name} points to ${path}, which is not mounted`),
      ...(pod.containers[0].env ?? []).filter(({ name }) => !readBy(service, platform).has(name)).map(({ name }) => `${where}: is given ${name}, which it does not read`),
      ...settingFaults(where, service, withSampleFiles(environment, folder), platform),
    ];
  });
};

// ── Probes: each breaks one thing in what was built, and must be found ──

const pod = (objects, name) => objects.find(({ kind, metadata }) => (kind === 'Deployment' || kind === 'StatefulSet') && metadata.name === name).spec.template.spec;
const without = (list, name) => list.filter((entry) => entry.name !== name);

/** [what the fault must say, what is broken]. */
const kubernetesProbes = [
  ['CC_ENCRYPTION_KEY: is missing', (objects) => { const [container] = pod(objects, 'channel-router').containers; container.env = without(container.env, 'CC_ENCRYPTION_KEY_FILE'); }],
  ['CC_DATABSE_URL: no such setting', (objects) => pod(objects, 'record-store').containers[0].env.push({ name: 'CC_DATABSE_URL', value: 'x' })],
  ['which it does not read', (objects) => pod(objects, 'record-store').containers[0].env.push({ name: 'CC_CHANNELS_FILE', value: 'x' })],
  ['is not mounted', (objects) => { const [container] = pod(objects, 'record-store').containers; container.volumeMounts = without(container.volumeMounts, 'secrets'); }],
  ['is live by /livez', (objects) => { pod(objects, 'hw-poller').containers[0].livenessProbe.httpGet.path = '/readyz'; }],
  ['is not root', (objects) => { pod(objects, 'hw-poller').securityContext.runAsNonRoot = false; }],
  ['declares its port', (objects) => { pod(objects, 'call-gateway').containers[0].ports[0].containerPort = 3999; }],
  ['gets no variables of Services', (objects) => { delete pod(objects, 'call-gateway').enableServiceLinks; }],
  ['runs the entry', (objects) => { pod(objects, 'call-gateway').containers[0].command = ['node', 'dist/apps/record-store/main.js']; }],
  ['on a volume', (objects) => { objects.find(({ kind }) => kind === 'StatefulSet').spec.volumeClaimTemplates = []; }],
  ['k8s/base recording-archiver is missing', (objects) => objects.splice(objects.findIndex(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'recording-archiver'), 1)],
  ['has a PodDisruptionBudget', (objects) => { objects.find(({ kind }) => kind === 'PodDisruptionBudget').spec.selector.matchLabels = { other: 'label' }; }],
];
const composeProbes = [
  ['CC_API_KEYS: is missing', ({ services }) => { delete services['call-gateway'].environment.CC_API_KEYS; }],
  ['record-store is missing', ({ services }) => { delete services['record-store']; }],
  ['has no health check on :3005', ({ services }) => { services['record-store'].healthcheck = services['hw-poller'].healthcheck; }],
  ['does not run', ({ services }) => { services['record-store'].command = ['node', 'dist/apps/hw-poller/main.js']; }],
];

const silentProbes = (probes, whole, find) =>
  probes.flatMap(([says, breakIt]) => {
    const broken = structuredClone(whole);
    breakIt(broken);
    return find(broken).some((fault) => fault.includes(says)) ? [] : [`check-manifests is silent where it should say: ${says}`];
  });

const yamlFiles = (folder) => readdirSync(join(root, folder), { recursive: true }).filter((name) => /\.ya?ml$/.test(name)).map((name) => `${folder}/${name}`);

/** @returns faults as sentences, and what had to be skipped. */
export function checkManifests() {
  const faults = [];
  const { load, services } = loadRepository();
  const platform = load('libs/platform/src/index.ts');
  const vendors = load('libs/vendors/src/index.ts');
  for (const path of [...yamlFiles('k8s'), ...yamlFiles('docker')]) parseYaml(path, read(path), faults);
  for (const path of ['docker/channels.yaml', 'k8s/base/channels.yaml']) faults.push(...channelFaults(path, read(path), vendors));
  const deployed = services.filter(({ name }) => name !== 'all-in-one' && name !== 'vendor-simulator');
  const [compose] = parseYaml('docker-compose.yml', read('docker-compose.yml'), faults);
  const composed = services.filter(({ name }) => name !== 'all-in-one');
  const findInCompose = (candidate) => composeFaults(candidate, composed, platform);
  faults.push(...findInCompose(compose), ...silentProbes(composeProbes, compose, findInCompose));
  const { projects } = JSON.parse(read('nest-cli.json'));
  for (const app of readdirSync(join(root, 'apps'))) if (projects[app] === undefined) faults.push(`nest-cli.json does not list apps/${app}`);
  const built = buildBase();
  if (built.fault !== undefined) faults.push(built.fault);
  if (built.text !== undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'cc-manifests-'));
    try {
      const objects = parseYaml('k8s/base', built.text, faults);
      const find = (candidate) => kubernetesFaults(candidate, deployed, platform, folder);
      faults.push(...find(objects), ...silentProbes(kubernetesProbes, objects, find));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { faults, summary: `${deployed.length} services, ${composeProbes.length + (built.text === undefined ? 0 : kubernetesProbes.length)} probes`, skipped: built.skipped === undefined ? [] : [built.skipped] };
}
