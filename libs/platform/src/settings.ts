import { readFileSync } from 'node:fs';
import { defined, describeError, SealKeys } from '@cc/kernel';
import { z } from 'zod';

/** What is told of a setting, beside its type. */
export interface SettingDescription {
  /** The environment variable; a secret may come by file as `<env>_FILE`. */
  readonly env: string;
  readonly help: string;
  readonly example: string;
  readonly unit?: string;
  readonly secret?: boolean;
}

type Described<T> = SettingDescription & { readonly default?: T };
type NumberOptions = Described<number> & { readonly min?: number; readonly max?: number };

const describe = <T extends z.ZodType>(schema: T, { env, help, example, unit, secret }: SettingDescription): T =>
  schema.meta({ env, help, example, ...defined({ unit, secret }) });

const text = z.string().trim().min(1);
const key = z.base64().transform((value) => Buffer.from(value, 'base64')).refine((bytes) => bytes.length >= 32, 'must be at least 32 bytes');

function number(options: NumberOptions, whole: boolean): z.ZodType<number> {
  const plain = z.coerce.number().min(options.min ?? 0).max(options.max ?? Number.MAX_SAFE_INTEGER);
  const bounded = whole ? plain.int() : plain;
  return describe(options.default === undefined ? bounded : bounded.default(options.default), options);
}

/** The kinds of settings. Without a `default` a setting must be given. */
export const setting = {
  text: (options: Described<string>): z.ZodType<string> => describe(options.default === undefined ? text : text.default(options.default), options),
  optionalText: (options: SettingDescription): z.ZodType<string | undefined> => describe(text.optional(), options),
  integer: (options: NumberOptions): z.ZodType<number> => number(options, true),
  decimal: (options: NumberOptions): z.ZodType<number> => number(options, false),
  flag: (options: Described<boolean>): z.ZodType<boolean> => {
    const schema = z.stringbool({ truthy: ['true'], falsy: ['false'] });
    return describe(options.default === undefined ? schema : schema.default(options.default), options);
  },
  choice: <const T extends readonly [string, ...string[]]>(values: T, options: Described<T[number]>): z.ZodType<T[number]> => {
    const schema = z.enum(values);
    return describe(options.default === undefined ? schema : z.string().default(options.default).pipe(schema), options);
  },
  /** Text that `parse` makes a value of, or throws its fault. */
  parsed: <T>(parse: (given: string) => T, options: Described<string>): z.ZodType<T> => {
    const schema = (options.default === undefined ? text : text.default(options.default)).transform((given, context) => {
      try {
        return parse(given);
      } catch (error) {
        context.addIssue({ code: 'custom', message: describeError(error) });
        return z.NEVER;
      }
    });
    return describe(schema, options);
  },
  url: (options: Described<string>): z.ZodType<string> => {
    const schema = z.url();
    return describe(options.default === undefined ? schema : schema.default(options.default), options);
  },
  /** Comma-separated; each item of the form that `item` tells. */
  list: (options: Described<string[]> & { readonly item: { readonly pattern: RegExp; readonly form: string } }): z.ZodType<string[]> => {
    const { pattern, form } = options.item;
    const schema = z
      .string()
      .transform((value) => value.split(',').map((item) => item.trim()).filter((item) => item !== ''))
      .refine((items) => items.every((item) => pattern.test(item)), `has an item that is not ${form}`);
    return describe(options.default === undefined ? schema : schema.default(options.default), options);
  },
  /** Text that must stay out of logs; given by value or by file. */
  secret: (options: Described<string>): z.ZodType<string> =>
    describe(options.default === undefined ? text : text.default(options.default), { ...options, secret: true }),
  optionalSecret: (options: SettingDescription): z.ZodType<string | undefined> => describe(text.optional(), { ...options, secret: true }),
  /** At least 32 random bytes in base64, given by value or by file. */
  key: (options: SettingDescription): z.ZodType<Buffer> => describe(key, { ...options, secret: true }),
  optionalKey: (options: SettingDescription): z.ZodType<Buffer | undefined> => describe(key.optional(), { ...options, secret: true }),
  /** Such keys, with spaces, line ends or commas between them; the first one seals. */
  sealKeys: (options: SettingDescription): z.ZodType<SealKeys> =>
    describe(
      z.string().transform((given) => given.split(/[\s,]+/).filter((part) => part !== '')).pipe(z.tuple([key], key)).transform((keys, context) => {
        try {
          return new SealKeys(keys);
        } catch (error) {
          context.addIssue({ code: 'custom', message: describeError(error) });
          return z.NEVER;
        }
      }),
      { ...options, secret: true },
    ),
};

const SettingMeta = z.object({ env: z.string(), help: z.string(), example: z.string(), unit: z.string().optional(), secret: z.boolean().optional() });

/** The description of one setting of a schema made with {@link setting}. */
export function descriptionOf(schema: z.core.$ZodType): SettingDescription {
  const { unit, secret, ...rest } = SettingMeta.parse(z.globalRegistry.get(schema));
  return { ...rest, ...defined({ unit, secret }) };
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The values as text, before they are parsed, with the files of `_FILE` variables read. */
function rawValues(shape: z.core.$ZodShape, env: Environment, faults: string[]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(shape).map(([key, schema]) => {
      const { env: name, secret } = descriptionOf(schema);
      const file = secret === true ? env[`${name}_FILE`] : undefined;
      if (file === undefined) return [key, env[name] === '' ? undefined : env[name]];
      if (env[name] !== undefined) faults.push(`${name}: given twice, by value and by ${name}_FILE; give one of them`);
      try {
        return [key, readFileSync(file, 'utf8').trim()];
      } catch {
        faults.push(`${name}_FILE: the file ${file} cannot be read`);
        return [key, undefined];
      }
    }),
  );
}

function faultLine(shape: z.core.$ZodShape, issue: z.core.$ZodIssue, given: Readonly<Record<string, string | undefined>>): string {
  const schema = shape[String(issue.path[0])];
  if (schema === undefined) return issue.message;
  const { env, help, example, unit, secret } = descriptionOf(schema);
  const fault = issue.code !== 'invalid_type' ? issue.message : given[String(issue.path[0])] === undefined ? 'is missing' : `is no ${issue.expected}`;
  const byFile = secret === true ? ` (or ${env}_FILE=/path/to/file)` : '';
  return `${env}: ${fault}. ${help}${unit === undefined ? '' : ` [${unit}]`}. Example: ${env}=${example}${byFile}`;
}

export type Loaded<T> = { readonly kind: 'loaded'; readonly settings: T } | { readonly kind: 'faulty'; readonly faults: readonly string[] };

/** Reads the settings of a shape from the environment: the parsed values, or every fault at once. */
export function loadShape<S extends z.ZodRawShape>(schema: z.ZodObject<S>, env: Environment): Loaded<z.output<z.ZodObject<S>>> {
  const faults: string[] = [];
  const given = rawValues(schema.shape, env, faults);
  const parsed = schema.safeParse(given);
  if (!parsed.success) faults.push(...parsed.error.issues.map((issue) => faultLine(schema.shape, issue, given)));
  return parsed.success && faults.length === 0 ? { kind: 'loaded', settings: parsed.data } : { kind: 'faulty', faults };
}

/**
 * The settings of one service as a class, so that the class is the injection token:
 * `class RouterSettings extends settingsFor({ dialTimeoutMs: setting.integer({…}) }) {}`, read as `settings.values.dialTimeoutMs`.
 */
export function settingsFor<S extends z.ZodRawShape>(shape: S) {
  const schema = z.object(shape);
  return class {
    static readonly schema = schema;
    constructor(readonly values: z.output<typeof schema>) {}

    static load(env: Environment): Loaded<object> {
      const loaded = loadShape(schema, env);
      return loaded.kind === 'loaded' ? { kind: 'loaded', settings: new this(loaded.settings) } : loaded;
    }
  };
}

/** What {@link settingsFor} returns, as far as the runner needs it. */
export interface SettingsClass {
  readonly schema: z.ZodObject;
  load(env: Environment): Loaded<object>;
}

/** The environment variables that a schema reads, `_FILE` forms included. */
export function variableNames(schema: z.ZodObject): string[] {
  const shape: z.core.$ZodShape = schema.shape;
  return Object.values(shape).flatMap((entry) => {
    const { env, secret } = descriptionOf(entry);
    return secret === true ? [env, `${env}_FILE`] : [env];
  });
}
