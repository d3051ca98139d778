import { join, resolve } from 'node:path';

/** The checkout that the tests run in. */
export const REPOSITORY = resolve(__dirname, '../../..');
export const SWC_REGISTER = join(__dirname, 'swc-register.cjs');
export const KAFKA_LOCAL = join(REPOSITORY, 'tools', 'kafka-local');
