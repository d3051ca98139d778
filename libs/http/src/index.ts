export { HttpExchange } from './http-exchange';
export type { DownloadOutcome, HttpOutcome, HttpRequest } from './http-exchange';
