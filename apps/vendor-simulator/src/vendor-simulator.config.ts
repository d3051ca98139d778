import { setting, settingsFor } from '@cc/platform';

/** The settings of the vendor simulator. The credentials are those of a made-up account, for development only. */
export class SimulatorSettings extends settingsFor({
  speed: setting.decimal({ env: 'CC_SIM_SPEED', default: 1, min: 0.1, max: 1000, help: 'Divides every duration of the simulated calls: 20 makes a 20-second talk last one second', example: '20' }),
  seed: setting.integer({ env: 'CC_SIM_SEED', default: 1, max: 4_294_967_295, help: 'Where the jitter of the durations begins; the same seed and order of dials give the same durations', example: '1' }),
  e9AccountSid: setting.text({ env: 'CC_SIM_E9_ACCOUNT_SID', default: 'e9devaccount00000000000000000001', help: 'accountSid of the e9 account, 32 letters and digits', example: 'e9devaccount00000000000000000001' }),
  e9AuthToken: setting.secret({ env: 'CC_SIM_E9_AUTH_TOKEN', default: 'e9devtoken0000000000000000000001', help: 'authToken of the e9 account, 32 characters', example: 'e9devtoken0000000000000000000001' }),
  e9AppId: setting.text({ env: 'CC_SIM_E9_APP_ID', default: 'e9devapp000000000000000000000001', help: 'appId of the e9 application, 32 characters', example: 'e9devapp000000000000000000000001' }),
  e9CallbackUrl: setting.url({
    env: 'CC_SIM_E9_CALLBACK_URL', default: 'http://127.0.0.1:3001/callbacks/e9-main/e9-dev-callback-secret',
    help: 'Where e9 posts the callbacks of the application', example: 'http://127.0.0.1:3001/callbacks/e9-main/e9-dev-callback-secret',
  }),
  callbackConnectTimeoutMs: setting.integer({ env: 'CC_SIM_E9_CALLBACK_CONNECT_TIMEOUT_MS', default: 2500, min: 2000, max: 60_000, unit: 'ms', help: 'How long a vendor waits for the connection of a callback, whichever it is', example: '2500' }),
  callbackAnswerTimeoutMs: setting.integer({ env: 'CC_SIM_E9_CALLBACK_ANSWER_TIMEOUT_MS', default: 2000, min: 2000, max: 60_000, unit: 'ms', help: 'How long a vendor waits for the answer to a callback, whichever it is; e9 itself waits for 500 ms', example: '2000' }),
  e9DisplayNumbers: setting.list({ env: 'CC_SIM_E9_DISPLAY_NUMBERS', default: ['4001234567', '01088889999'], item: { pattern: /^\d{3,20}$/, form: 'a number in digits' }, help: 'Display numbers that e9 has approved', example: '4001234567,01088889999' }),
  e9QueriesPerMinute: setting.integer({ env: 'CC_SIM_E9_QUERIES_PER_MINUTE', default: 9, min: 0, max: 1_000_000, help: 'Record queries that e9 allows per minute; the vendor allows fewer than 10', example: '9' }),
  hwAppKey: setting.text({ env: 'CC_SIM_HW_APP_KEY', default: 'hwdevappkey000000000000000000001', help: 'app_key of the hw application', example: 'hwdevappkey000000000000000000001' }),
  hwAppSecret: setting.secret({ env: 'CC_SIM_HW_APP_SECRET', default: 'hwdevappsecret000000000000000001', help: 'app_secret of the hw application', example: 'hwdevappsecret000000000000000001' }),
  hwVoiceAppKey: setting.text({ env: 'CC_SIM_HW_VOICE_APP_KEY', default: 'hwvoicedevkey0000000000000000001', help: 'appKey of the VoiceCall application', example: 'hwvoicedevkey0000000000000000001' }),
  hwVoiceAppSecret: setting.secret({ env: 'CC_SIM_HW_VOICE_APP_SECRET', default: 'hwvoicedevsecret0000000000000001', help: 'appSecret of the VoiceCall application', example: 'hwvoicedevsecret0000000000000001' }),
  hwVoiceDisplayNumbers: setting.list({ env: 'CC_SIM_HW_VOICE_DISPLAY_NUMBERS', default: ['+864001234567', '+861088889999'], item: { pattern: /^\+86\d{3,13}$/, form: 'a number as +86 and its digits' }, help: 'Display numbers that VoiceCall has approved', example: '+864001234567,+861088889999' }),
  jyApiKey: setting.text({ env: 'CC_SIM_JY_API_KEY', default: 'jydevkey000000000000000000000001', help: 'apiKey of the jy account (CC’s default contract)', example: 'jydevkey000000000000000000000001' }),
  jyApiSecret: setting.secret({ env: 'CC_SIM_JY_API_SECRET', default: 'jydevsecret000000000000000000001', help: 'apiSecret of the jy account', example: 'jydevsecret000000000000000000001' }),
  jyCallbackUrl: setting.url({
    env: 'CC_SIM_JY_CALLBACK_URL', default: 'http://127.0.0.1:3001/callbacks/jy-main/jy-dev-callback-secret',
    help: 'Where jy posts the callbacks of a dial that names no address', example: 'http://127.0.0.1:3001/callbacks/jy-main/jy-dev-callback-secret',
  }),
  hwSeats: setting.integer({ env: 'CC_SIM_HW_SEATS', default: 10, min: 0, max: 39_999, help: 'Seats of the hw CC-Gateway; their agents are 20001, 20002 and so on', example: '10' }),
  hwSeatPassword: setting.secret({ env: 'CC_SIM_HW_SEAT_PASSWORD', default: 'hwdevseat0000001', help: 'The password of every seat', example: 'hwdevseat0000001' }),
  hwSeatAuthMode: setting.choice(['static', 'dynamic'], { env: 'CC_SIM_HW_SEAT_AUTH_MODE', default: 'static', help: 'Whether a seat keeps its Guid (static) or gets another one with each poll (dynamic)', example: 'static' }),
}) {}
