export { ObjectStore } from './object-store';
export type { ByteRange, FileToPut, ObjectStat, OpenedObject, PutOutcome, SignedUrlOptions } from './object-store';
export { AliOssObjectStore } from './ali-oss-object-store';
export type { AccessCredentials, AliOssSettings } from './ali-oss-settings';
export { startEmbeddedObjectStore } from './embedded/embedded-object-store';
export type { EmbeddedObjectStore, EmbeddedObjectStoreSettings } from './embedded/embedded-object-store';
