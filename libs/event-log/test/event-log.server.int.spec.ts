import { createEventLog, eventLogMigrations, EventLogServer, handled, PassErrors, type Batch, type EventLog } from '@cc/event-log';
import { NoMetrics, SilentLog } from '@cc/kernel';
import { runMigrations, TypeOrmDatabase, type Database } from '@cc/postgres';
import { eventually, freshDatabase, type FreshDatabase } from '@cc/testing';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern, type MicroserviceOptions } from '@nestjs/microservices';
import { declareTopic, numbered, numberOf } from './effects';

const seen: number[] = [];

@Controller()
class Consumers {
  @EventPattern('good')
  async good({ records }: Batch): Promise<typeof handled> {
    seen.push(...records.map(numberOf));
    return Promise.resolve(handled);
  }

  @EventPattern('throwing')
  async throwing({ records }: Batch): Promise<never> {
    return Promise.reject(new TypeError(`cannot read ${records.map(numberOf).join()}`));
  }

  @EventPattern('silent')
  silent(): void {
    seen.push(-1);
  }
}

@Controller()
class Twice {
  @EventPattern('good')
  one(): typeof handled {
    return handled;
  }

  @EventPattern('good')
  two(): typeof handled {
    return handled;
  }
}

@Controller()
class Replying {
  @MessagePattern('good')
  reply(): typeof handled {
    return handled;
  }
}

@Module({ controllers: [Consumers] })
class ConsumersModule {}
@Module({ controllers: [Twice] })
class TwiceModule {}
@Module({ controllers: [Replying] })
class ReplyingModule {}

describe('a Nest service on the event log', () => {
  let fresh: FreshDatabase;
  let database: Database;
  let eventLog: EventLog;
  let app: INestMicroservice | undefined;

  async function start(module: new () => object): Promise<EventLogServer> {
    const strategy = new EventLogServer({ eventLog, group: 'nest', log: new SilentLog() });
    app = await NestFactory.createMicroservice<MicroserviceOptions>(module, { strategy, logger: false, abortOnError: false });
    app.useGlobalFilters(new PassErrors());
    await app.listen();
    return strategy;
  }

  beforeAll(async () => {
    fresh = await freshDatabase();
    database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 8, applicationName: 'nest' });
    await runMigrations(database, 'event-log', eventLogMigrations);
    eventLog = createEventLog({ driver: 'postgres', database, log: new SilentLog(), metrics: new NoMetrics() });
    await eventLog.ensureTopics(['good', 'throwing', 'silent'].map((name) => declareTopic(name)));
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });
  afterAll(async () => {
    await eventLog.close();
    await database.close();
    await fresh.drop();
  });

  it('hands batches to its handlers, and their errors and missing outcomes to the log', async () => {
    const server = await start(ConsumersModule);
    await eventLog.append('good', [numbered('a', 1), numbered('a', 2)]);
    await eventLog.append('throwing', [numbered('b', 3)]);
    await eventLog.append('silent', [numbered('c', 4)]);
    await eventually(async () => (await database.query(`SELECT 1 FROM dead_letter`)).length === 2);
    expect(seen.filter((n) => n > 0)).toEqual([1, 2]);
    const letters = await database.query<{ topic: string; reason: string }>(`SELECT topic, reason FROM dead_letter ORDER BY topic`);
    expect(letters).toEqual([
      { topic: 'silent', reason: 'The handler of silent did not return an outcome' },
      { topic: 'throwing', reason: 'cannot read 3' },
    ]);
    expect(Date.now() - server.lastAliveAtMs()).toBeLessThan(10_000);
    await app?.close();
    app = undefined;
    await eventLog.append('good', [numbered('a', 5)]);
    expect((await eventLog.lag('nest', 'good')).reduce((sum, { records }) => sum + records, 0)).toBe(1);
  });

  it('does not start with two handlers for a topic, or with one that replies', async () => {
    await expect(start(TwiceModule)).rejects.toMatchObject({ code: 'topic-handled-twice' });
    await expect(start(ReplyingModule)).rejects.toMatchObject({ code: 'not-an-event' });
  });
});
