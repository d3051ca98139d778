export type * from './vendor.port';
