import { Clock, Log } from '@cc/kernel';
import { Module } from '@nestjs/common';
import { CallbackSender } from './domain/callback-sender';
import { E9Announcer } from './domain/e9/e9-announcer';
import { E9Platform } from './domain/e9/e9-platform';
import { Exchange } from './domain/exchange';
import { KeptPushTerms } from './domain/hw-voice-call/push-terms';
import { VoiceCallAnnouncer } from './domain/hw-voice-call/voice-call-announcer';
import { VoiceCallPlatform } from './domain/hw-voice-call/voice-call-platform';
import { HwAnnouncer } from './domain/hw/hw-announcer';
import { HwSeatsPlatform } from './domain/hw-seats/hw-seats-platform';
import { HwPlatform } from './domain/hw/hw-platform';
import { HwTokens } from './domain/hw/hw-tokens';
import { JyAnnouncer } from './domain/jy/jy-announcer';
import { JyPlatform } from './domain/jy/jy-platform';
import { Pace } from './domain/pace';
import { Tally } from './domain/tally';
import { Timers } from './domain/timers';
import { CallsController } from './in/calls.controller';
import { ControlController } from './in/control.controller';
import { E9Controller } from './in/e9.controller';
import { HwVoiceCallController } from './in/hw-voice-call.controller';
import { HwSeatsController } from './in/hw-seats.controller';
import { HwController } from './in/hw.controller';
import { JyController } from './in/jy.controller';
import { OutagesController } from './in/outages.controller';
import { PageController } from './in/page.controller';
import { ScenariosController } from './in/scenarios.controller';
import { HttpCallbackSender } from './out/http-callback-sender';
import { SystemTimers } from './out/system-timers';
import { SimulatorSettings } from './vendor-simulator.config';

@Module({
  controllers: [E9Controller, HwController, HwSeatsController, HwVoiceCallController, JyController, ControlController, ScenariosController, OutagesController, CallsController, PageController],
  providers: [
    Tally,
    { provide: Timers, useClass: SystemTimers },
    { provide: Pace, inject: [SimulatorSettings], useFactory: ({ values }: SimulatorSettings) => new Pace(values.speed) },
    { provide: Exchange, inject: [Clock, Pace, SimulatorSettings], useFactory: (clock: Clock, pace: Pace, { values }: SimulatorSettings) => new Exchange(clock, pace, values.seed) },
    {
      provide: CallbackSender,
      inject: [SimulatorSettings],
      useFactory: ({ values }: SimulatorSettings) => new HttpCallbackSender({ url: values.e9CallbackUrl, connectTimeoutMs: values.callbackConnectTimeoutMs, answerTimeoutMs: values.callbackAnswerTimeoutMs }),
    },
    {
      provide: E9Announcer,
      inject: [Clock, Timers, Pace, Tally, Log, Exchange, CallbackSender, SimulatorSettings],
      useFactory: (clock: Clock, timers: Timers, pace: Pace, tally: Tally, log: Log, exchange: Exchange, sender: CallbackSender, { values }: SimulatorSettings) =>
        new E9Announcer({ clock, timers, pace, tally, log }, exchange, sender, values.e9AppId),
    },
    {
      provide: E9Platform,
      inject: [Clock, Pace, Tally, Exchange, SimulatorSettings],
      useFactory: (clock: Clock, pace: Pace, tally: Tally, exchange: Exchange, { values }: SimulatorSettings) =>
        new E9Platform({ account: accountOf(values), clock, pace, tally }, exchange),
    },
    { provide: HwTokens, inject: [Clock, SimulatorSettings], useFactory: (clock: Clock, { values }: SimulatorSettings) => new HwTokens(clock, { appKey: values.hwAppKey, appSecret: values.hwAppSecret }) },
    { provide: HwPlatform, inject: [Clock, Pace, Tally, Exchange], useFactory: (clock: Clock, pace: Pace, tally: Tally, exchange: Exchange) => new HwPlatform({ clock, pace, tally }, exchange) },
    {
      provide: HwAnnouncer,
      inject: [Clock, Timers, Pace, Tally, Log, Exchange, CallbackSender],
      useFactory: (clock: Clock, timers: Timers, pace: Pace, tally: Tally, log: Log, exchange: Exchange, sender: CallbackSender) => new HwAnnouncer({ clock, timers, pace, tally, log }, exchange, sender),
    },
    {
      provide: JyAnnouncer,
      inject: [Clock, Timers, Pace, Tally, Log, Exchange, CallbackSender, SimulatorSettings],
      useFactory: (clock: Clock, timers: Timers, pace: Pace, tally: Tally, log: Log, exchange: Exchange, sender: CallbackSender, { values }: SimulatorSettings) =>
        new JyAnnouncer({ clock, timers, pace, tally, log }, exchange, sender, jyAccountOf(values)),
    },
    {
      provide: JyPlatform,
      inject: [Clock, Pace, Tally, Exchange, SimulatorSettings],
      useFactory: (clock: Clock, pace: Pace, tally: Tally, exchange: Exchange, { values }: SimulatorSettings) => new JyPlatform({ account: jyAccountOf(values), clock, pace, tally }, exchange),
    },
    KeptPushTerms,
    {
      provide: VoiceCallAnnouncer,
      inject: [Clock, Timers, Pace, Tally, Log, Exchange, CallbackSender, KeptPushTerms, SimulatorSettings],
      useFactory: (clock: Clock, timers: Timers, pace: Pace, tally: Tally, log: Log, exchange: Exchange, sender: CallbackSender, terms: KeptPushTerms, { values }: SimulatorSettings) =>
        new VoiceCallAnnouncer({ clock, timers, pace, tally, log }, exchange, sender, { application: voiceApplicationOf(values), termsOf: (id) => terms.of(id) }),
    },
    {
      provide: VoiceCallPlatform,
      inject: [Clock, Pace, Tally, Exchange, KeptPushTerms, SimulatorSettings],
      useFactory: (clock: Clock, pace: Pace, tally: Tally, exchange: Exchange, terms: KeptPushTerms, { values }: SimulatorSettings) =>
        new VoiceCallPlatform({ application: voiceApplicationOf(values), clock, pace, tally }, exchange, terms),
    },
    {
      provide: HwSeatsPlatform,
      inject: [Clock, Timers, Pace, Tally, Exchange, SimulatorSettings],
      useFactory: (clock: Clock, timers: Timers, pace: Pace, tally: Tally, exchange: Exchange, { values }: SimulatorSettings) =>
        new HwSeatsPlatform({ count: values.hwSeats, password: values.hwSeatPassword, authMode: values.hwSeatAuthMode }, { clock, timers, pace, tally }, exchange),
    },
  ],
})
export class VendorSimulatorModule {}

const accountOf = (values: SimulatorSettings['values']) => ({
  accountSid: values.e9AccountSid, authToken: values.e9AuthToken, appId: values.e9AppId, displayNumbers: values.e9DisplayNumbers, queriesPerMinute: values.e9QueriesPerMinute,
});

const voiceApplicationOf = (values: SimulatorSettings['values']) => ({ appKey: values.hwVoiceAppKey, appSecret: values.hwVoiceAppSecret, displayNumbers: values.hwVoiceDisplayNumbers });

const jyAccountOf = (values: SimulatorSettings['values']) => ({ apiKey: values.jyApiKey, apiSecret: values.jyApiSecret, callbackUrl: values.jyCallbackUrl });
