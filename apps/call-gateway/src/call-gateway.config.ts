import { CcError, OperatorKeys, describeError } from '@cc/kernel';
import { numbersShape, objectStoreShape, setting, settingsFor } from '@cc/platform';
import { ApiKeys, KeyRing } from './domain/api-keys';
import { countryOf } from './in/telephone-number';

const API_KEYS = 'CC_API_KEYS';
const OPERATOR_KEYS = 'CC_CALL_GATEWAY_OPERATOR_KEYS';

export class CallGatewaySettings extends settingsFor({
  apiKeys: setting.parsed((given) => ApiKeys.parse(given), { env: API_KEYS, secret: true, help: 'The API keys, comma-separated, each `tenant:key`; a key has at least 24 characters', example: 'acme:cck_3f9a…' }),
  operatorKeys: setting.parsed((given) => OperatorKeys.parse(given), { env: OPERATOR_KEYS, secret: true, default: '', help: 'The keys of the operators, comma-separated, each `name:key`; a key has at least 24 characters', example: 'olga:cco_7d2c…' }),
  country: setting.parsed(countryOf, { env: 'CC_CALL_GATEWAY_COUNTRY', default: 'CN', help: 'The country whose national number forms are accepted (ISO 3166-1)', example: 'CN' }),
  notAfterSeconds: setting.integer({ env: 'CC_CALL_GATEWAY_NOT_AFTER_SECONDS', default: 60, min: 1, max: 3600, unit: 's', help: 'A call that is not dialled after this long is closed, unless the request says otherwise', example: '60' }),
  busyAnswerSeconds: setting.decimal({ env: 'CC_CALL_GATEWAY_BUSY_ANSWER_SECONDS', default: 2, min: 0, max: 10, unit: 's', help: 'How long the answer to a call with `whenBusy: reject` waits for the router to say whether its line is free', example: '2' }),
  simulationAnswerSeconds: setting.decimal({ env: 'CC_CALL_GATEWAY_SIMULATION_ANSWER_SECONDS', default: 3, min: 0, max: 10, unit: 's', help: 'How long a route simulation waits for the router', example: '3' }),
  operatorAnswerSeconds: setting.decimal({ env: 'CC_CALL_GATEWAY_OPERATOR_ANSWER_SECONDS', default: 10, min: 0.1, max: 60, unit: 's', help: "How long an operator's request waits for the services that it is for; the clocks of all must agree better than that", example: '10' }),
  ...numbersShape,
  ...objectStoreShape,
}) {}

/** All keys of the settings. @throws CcError `bad-settings` when a key would be an application's and an operator's at once. */
export function keyRingOf({ values: { apiKeys, operatorKeys } }: { readonly values: Pick<CallGatewaySettings['values'], 'apiKeys' | 'operatorKeys'> }): KeyRing {
  try {
    return new KeyRing(apiKeys, operatorKeys);
  } catch (cause) {
    throw new CcError('input', 'bad-settings', `${OPERATOR_KEYS} and ${API_KEYS}: ${describeError(cause)}`);
  }
}
