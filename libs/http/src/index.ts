export { HttpExchange } from './http-exchange';
export type { DownloadOutcome, DownloadRequest, HttpOutcome, HttpRequest } from './http-exchange';
export { AxiosHttpExchange } from './axios-http-exchange';
export type { AxiosHttpExchangeOptions } from './axios-http-exchange';
