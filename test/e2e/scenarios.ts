/** A column's expectation: a literal, or a name for what the telephone exchange itself saw. */
export type Expected = string | number | null | 'A.ring' | 'A.answer' | 'B.ring' | 'B.answer' | 'end' | 'talk' | 'some time' | 'some url' | 'vendor call id';

/** The columns that depend on what the call did. The others are the same for every call: see `constantColumns`. */
export interface Outcome {
  readonly call_id: Expected;
  readonly ch_state: Expected;
  readonly a_call_time: Expected;
  readonly a_offhook_time: Expected;
  readonly b_call_time: Expected;
  readonly b_offhook_time: Expected;
  readonly conn_time: Expected;
  readonly close_time: Expected;
  readonly duration: Expected;
  readonly ch_audio_url: Expected;
  readonly audio_url: Expected;
  readonly close_type: Expected;
}

export interface Scenario {
  readonly name: string;
  /** The last digits of `to` that make the simulator play it. */
  readonly digits: string;
  readonly e9: Outcome;
  readonly hw: Outcome;
}

type Shape = Omit<Outcome, 'ch_state' | 'close_type'>;

const refused: Shape = {
  call_id: null, a_call_time: null, a_offhook_time: null, b_call_time: null, b_offhook_time: null, conn_time: null,
  close_time: 'some time', duration: 0, ch_audio_url: null, audio_url: null,
};
const aUnreached: Shape = { ...refused, call_id: 'vendor call id', a_call_time: 'A.ring', close_time: 'end' };
const bUnreached: Shape = { ...aUnreached, a_offhook_time: 'A.answer', b_call_time: 'B.ring' };
const talked: Shape = { ...bUnreached, b_offhook_time: 'B.answer', conn_time: 'B.answer', duration: 'talk', ch_audio_url: 'some url', audio_url: 'some url' };

const e9 = (shape: Shape, closeType: string): Outcome => ({ ...shape, ch_state: shape === refused ? null : 'Hangup', close_type: closeType });
const hw = (shape: Shape, closeType: string): Outcome => ({ ...shape, ch_state: shape === refused ? null : '3', close_type: closeType });

export const scenarios: readonly Scenario[] = [
  { name: 'answered', digits: '80', e9: e9(talked, '0'), hw: hw(talked, '0') },
  { name: 'A does not answer', digits: '81', e9: e9(aUnreached, '1'), hw: hw(aUnreached, '1') },
  { name: 'B does not answer', digits: '82', e9: e9(bUnreached, '2'), hw: hw(bUnreached, '2') },
  { name: 'A is busy', digits: '83', e9: e9(aUnreached, '3'), hw: hw(aUnreached, '1') },
  { name: 'B is busy', digits: '84', e9: e9(bUnreached, '4'), hw: hw(bUnreached, '2') },
  { name: 'refused by the vendor', digits: '85', e9: e9(refused, '6'), hw: hw(refused, '6') },
  { name: 'A hangs up', digits: '86', e9: e9(talked, '0'), hw: hw(talked, '0') },
  { name: 'B hangs up', digits: '87', e9: e9(talked, '0'), hw: hw(talked, '0') },
  { name: 'every callback twice', digits: '90', e9: e9(talked, '0'), hw: hw(talked, '0') },
  { name: 'callbacks out of order', digits: '91', e9: e9(talked, '0'), hw: hw(talked, '0') },
];
