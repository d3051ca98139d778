import type { SettingFault, VendorEntry } from '../vendor.port';
import type { JySettings } from './jy.config';
import type { Contract, ContractRequest } from './jy.contract';
import { namesOfBody } from './jy.body';
import { namesOf } from './jy.requests';

/** What the parts of a channel's entry say against each other, each right by itself. */
export function jyFaults(settings: JySettings, { without }: VendorEntry): readonly SettingFault[] {
  return [...missingCredentials(settings), ...missingCapabilities(settings.contract, without), ...contradictions(settings.contract)];
}

function missingCredentials({ contract, credentials }: JySettings): SettingFault[] {
  return [...credentialsOf(contract)]
    .filter((name) => !Object.hasOwn(credentials, name))
    .map((name) => ({ path: ['settings', 'credentials', name], message: 'needed, since the contract names it' }));
}

/** The names of all credentials that the contract uses. */
function credentialsOf(contract: Contract): ReadonlySet<string> {
  const { signing, callbacks, recording } = contract;
  const named = [...requestsOf(contract).flatMap((request) => [...namesOf(request)]), ...templatesOf(contract)].flatMap((name) => (name.startsWith('secret.') ? [name.slice('secret.'.length)] : []));
  return new Set([...named, ...namesInMethod(signing.method), ...namesInMethod(callbacks.verification), ...namesInMethod(recording?.access ?? { kind: 'none' })]);
}

/** The values of the templates that belong to no single request. */
function templatesOf({ signing, callbacks: { verification } }: Contract): string[] {
  const ofSigning = [...Object.values(signing.headers), ...Object.values(signing.query), ...(signing.method.kind === 'digest' ? [signing.method.over] : [])];
  const ofVerification = verification.kind === 'digest' ? [verification.over, verification.signature] : [];
  return [...ofSigning, ...ofVerification].flatMap(({ names }) => names);
}

function namesInMethod({ credential, key, user, password }: { readonly kind: string; readonly credential?: string; readonly key?: string | undefined; readonly user?: string; readonly password?: string }): string[] {
  return [credential, key, user, password].flatMap((name) => name ?? []);
}

function requestsOf({ dial, cancel, query, probe }: Contract): readonly ContractRequest[] {
  return [dial.request, cancel?.request, query?.byVendorCallId, query?.byAttemptId, probe?.request].flatMap((request) => request ?? []);
}

/** CC offers calls what the entry says that the channel can do: a contract with less must say so. */
function missingCapabilities(contract: Contract, without: readonly string[]): SettingFault[] {
  const dialled = namesOf(contract.dial.request);
  const readsRecordings = contract.callbacks.message.recordingUrl !== undefined;
  const parts = [
    ['cancel', contract.cancel !== undefined, 'contract.cancel'],
    ['query', contract.query !== undefined, 'contract.query'],
    ['probe', contract.probe !== undefined, 'contract.probe'],
    ['recording', contract.recording !== undefined && readsRecordings, 'contract.recording with contract.callbacks.message.recordingUrl'],
    ['displayNumbers', dialled.has('displayToCaller') && dialled.has('displayToCalled'), '{displayToCaller} and {displayToCalled} in contract.dial.request'],
    ['maxDuration', dialled.has('maxDurationSeconds'), '{maxDurationSeconds} in contract.dial.request'],
  ] as const;
  return parts
    .filter(([capability, has]) => !has && !without.includes(capability))
    .map(([capability, , part]) => ({ path: ['without'], message: `must list ${capability}, since the settings have no ${part}` }));
}

function contradictions(contract: Contract): SettingFault[] {
  const { method } = contract.signing;
  const at = ['settings', 'contract', 'signing', 'method'];
  const uses = [...requestsOf(contract).flatMap((request) => [...namesOf(request)]), ...templatesOf(contract)].includes('signature');
  if (uses === (method.kind === 'digest')) return signsItself(contract);
  return [{ path: at, message: uses ? 'must be a digest, since the contract uses {signature}' : 'a digest that no template sends: put {signature} into signing.headers, signing.query or a request' }];
}

/** A body cannot contain the digest of itself. */
function signsItself(contract: Contract): SettingFault[] {
  const { method } = contract.signing;
  const overBody = method.kind === 'digest' && method.over.names.includes('body');
  const inBody = requestsOf(contract).some(({ body }) => body !== undefined && namesOfBody(body).includes('signature'));
  return overBody && inBody ? [{ path: ['settings', 'contract', 'signing', 'method', 'over'], message: 'covers {body}, which itself contains {signature}' }] : [];
}
