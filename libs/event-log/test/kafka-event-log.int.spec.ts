import { eventLogMigrations } from '@cc/event-log';
import { runMigrations, TypeOrmDatabase } from '@cc/postgres';
import { describeWithKafka, freshDatabase, kafkaBrokers, type FreshDatabase } from '@cc/testing';
import { conformance } from './conformance';
import { createEffectTables } from './effects';

describeWithKafka('the event log on Kafka', () => {
  let fresh: FreshDatabase;
  beforeAll(async () => {
    fresh = await freshDatabase();
    const database = await TypeOrmDatabase.connect({ url: fresh.url, poolSize: 2, applicationName: 'setup' });
    await runMigrations(database, 'event-log', eventLogMigrations);
    await createEffectTables(database);
    await database.close();
  });
  afterAll(() => fresh.drop());

  conformance({ backend: () => ({ databaseUrl: fresh.url, brokers: kafkaBrokers() ?? [] }) });
});
