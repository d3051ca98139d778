/** Whether the setting has a default, and which: what the schema makes of nothing. */
const defaultOf = (schema) => {
  const parsed = schema.safeParse(undefined);
  if (!parsed.success) return { required: true };
  return { required: false, value: Array.isArray(parsed.data) ? parsed.data.join(',') : parsed.data };
};

const entry = ({ env, help, unit, example, secret }, { required, value }) => {
  const shown = value === undefined || value === '' ? '' : String(value);
  const facts = [unit === undefined ? '' : `in ${unit}`, required ? 'must be given' : shown === '' ? 'may be left out' : `default ${shown}`, secret === true ? `or by file: ${env}_FILE` : ''];
  return `# ${help} (${facts.filter((fact) => fact !== '').join('; ')})\n#${env}=${required || shown === '' ? example : shown}`;
};

/**
 * .env.example: every setting of every service once, commented out, from the same schemas that check them at the start.
 * @param platform the module of @cc/platform
 */
export function environmentFile(services, { databaseSchema, descriptionOf, eventLogSchema, platformSchema }) {
  const written = new Set();
  const section = (title, shape) => {
    const entries = Object.values(shape)
      .map((schema) => ({ description: descriptionOf(schema), given: defaultOf(schema) }))
      .filter(({ description: { env } }) => !written.has(env) && written.add(env));
    return entries.length === 0 ? [] : [`## ${title}\n\n${entries.map(({ description, given }) => entry(description, given)).join('\n\n')}\n`];
  };
  const shared = { ...databaseSchema.shape, ...eventLogSchema.shape };
  const sections = [
    ...section('Event log and database', shared),
    ...services.flatMap((service) => section(service.name, { ...platformSchema(service.name, service.defaultPort).shape, ...service.settings.schema.shape })),
  ];
  return `# Generated from the settings' schemas by \`node scripts/generate-docs.mjs\`: do not edit.
# Every setting of every service. \`npm start\` needs none of them; a service that runs alone stops at once and names what it misses.
# A setting of several services stands under the first of them.

${sections.join('\n')}`;
}
