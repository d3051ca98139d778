export { eventually } from './eventually';
export type { EventuallyOptions } from './eventually';
export { freshDatabase } from './fresh-database';
export type { FreshDatabase } from './fresh-database';
export { describeWithKafka, describeWithKafkaBroker, kafkaBrokers } from './kafka';
export { KafkaBroker, startKafkaBroker } from './kafka-broker';
export type { KafkaBrokerOptions } from './kafka-broker';
export { Script, spawnScript, startScript } from './script';
export type { ScriptExit, ScriptOptions } from './script';
