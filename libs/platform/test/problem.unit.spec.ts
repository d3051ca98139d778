import { CcError, SilentLog, type ErrorKind } from '@cc/kernel';
import { defineService, DetailedError, InvalidRequest, loadServiceSettings, settingsFor, startService, type RunningService } from '@cc/platform';
import { Controller, Get, Module, Param } from '@nestjs/common';
import axios from 'axios';

const detailed = (kind: ErrorKind): DetailedError => new DetailedError(kind, 'told', 'a reason', { inside: 'more' });
const errors: Readonly<Record<string, Error>> = {
  fault: new CcError('fault', 'broken', 'a reason'), 'detailed-fault': detailed('fault'), unforeseen: new Error('a reason'),
  conflict: new CcError('conflict', 'told', 'a reason'), 'detailed-conflict': detailed('conflict'),
  invalid: new InvalidRequest([{ pointer: '/x', detail: 'is wrong' }]),
};

@Controller()
class Thrower {
  @Get(':name')
  raise(@Param('name') name: string): never {
    throw errors[name] ?? new Error('no such case');
  }
}

@Module({ controllers: [Thrower] })
class ThrowerModule {}

describe('the answer to an error', () => {
  let service: RunningService;
  beforeAll(async () => {
    const definition = defineService({ name: 'record-store', defaultPort: 0, module: ThrowerModule, settings: class extends settingsFor({}) {}, consumes: [], produces: [], backends: 'none' });
    service = await startService(definition, loadServiceSettings(definition, {}), new SilentLog(), () => undefined);
  });
  afterAll(() => service.stop());
  const problemOf = async (name: string): Promise<unknown> => (await axios.get<unknown>(`${service.url}/${name}`, { proxy: false, validateStatus: () => true })).data;

  it.each([['fault', 'broken'], ['detailed-fault', 'told'], ['unforeseen', 'fault']])('tells nothing but its code of a %s', async (name, code) => {
    expect(await problemOf(name)).toEqual({ type: 'about:blank', title: expect.any(String), status: 500, code, detail: 'An unexpected fault; it was recorded under the request id', requestId: expect.stringMatching(/^req-/), retriable: false });
  });
  it('tells the reason of any other, and what more it has to tell', async () => {
    expect(await problemOf('conflict')).toEqual({ type: 'about:blank', title: 'Told', status: 409, code: 'told', detail: 'a reason', requestId: expect.any(String), retriable: false });
    expect(await problemOf('detailed-conflict')).toMatchObject({ status: 409, code: 'told', detail: 'a reason', inside: 'more' });
    expect(await problemOf('invalid')).toMatchObject({ status: 422, code: 'invalid-request', errors: [{ pointer: '/x', detail: 'is wrong' }] });
  });
});
