export { ObjectStore } from './object-store';
export type { ByteRange, FileToPut, ObjectStat, OpenedObject, PutOutcome, SignedUrlOptions } from './object-store';
