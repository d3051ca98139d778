import { defined } from '@cc/kernel';
import { databaseSchema, descriptionOf, eventLogSchema, platformSchema, type ServiceDefinition } from '@cc/platform';
import { z } from 'zod';
import { callGateway } from '../../call-gateway/src/service';
import { channelRouter } from '../../channel-router/src/service';
import { callbackIngest } from '../../e9-callback-ingest/src/service';
import { eventDispatcher } from '../../event-dispatcher/src/service';
import { poller } from '../../hw-poller/src/service';
import { recordStore } from '../../record-store/src/service';
import { recordingArchiver } from '../../recording-archiver/src/service';
import { vendorSimulator } from '../../vendor-simulator/src/service';

const services: readonly ServiceDefinition[] = [callGateway, channelRouter, callbackIngest, poller, eventDispatcher, recordStore, recordingArchiver, vendorSimulator];

export const serviceNames: readonly string[] = services.map(({ name }) => name);

/** One setting as an operator reads of it. */
export interface SettingLine {
  /** The environment variable; a secret may come by file as `<name>_FILE`. */
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default?: string;
  readonly unit?: string;
  readonly secret: boolean;
  readonly meaning: string;
  readonly example: string;
}

/** Every setting that the service reads, its own first; undefined when there is no such service. */
export function settingsOfService(name: string): readonly SettingLine[] | undefined {
  const service = services.find((candidate) => candidate.name === name);
  if (service === undefined) return undefined;
  const shapes: readonly z.core.$ZodShape[] = [
    service.settings.schema.shape,
    platformSchema(service.name, service.defaultPort).shape,
    ...(service.backends === 'none' ? [] : [eventLogSchema.shape, databaseSchema.shape]),
  ];
  return shapes.flatMap((shape) => Object.values(shape).map(lineOf));
}

function lineOf(schema: z.core.$ZodType): SettingLine {
  const { env, help, example, unit, secret = false } = descriptionOf(schema);
  const absent = z.safeParse(schema, undefined);
  const standard = absent.success ? textOf(absent.data, schema) : '';
  return { name: env, type: typeOf(schema, secret), required: !absent.success, ...(standard === '' ? {} : { default: standard }), ...defined({ unit }), secret, meaning: help, example };
}

/** What is to be typed for a default: of a value that was made of text, the text. */
function textOf(value: unknown, schema: z.core.$ZodType): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.join(',');
  const { default: text } = Described.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return typeof text === 'string' ? text : '';
}

const Described = z.object({ type: z.string().optional(), enum: z.array(z.string()).optional(), minimum: z.number().optional(), maximum: z.number().optional(), default: z.unknown().optional() });

function typeOf(schema: z.core.$ZodType, secret: boolean): string {
  const { type, enum: choices, minimum, maximum, default: standard } = Described.parse(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }));
  const plain = choices?.join(' | ') ?? (type === 'boolean' ? 'true | false' : type === 'integer' || type === 'number' ? `${type}${rangeOf(minimum, maximum)}` : Array.isArray(standard) ? 'list' : 'text');
  return secret ? `${plain}, secret` : plain;
}

function rangeOf(minimum: number | undefined, maximum: number | undefined): string {
  const top = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : String(maximum);
  return minimum === undefined && top === '' ? '' : ` ${minimum ?? ''}..${top}`;
}
