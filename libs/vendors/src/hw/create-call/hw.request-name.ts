/** The vendor's operations whose answers are kept as notifications. */
export type HwOperation = 'queryCallState' | 'queryCallDetailRecord';

/** The call that was asked for: by the vendor's number of it, or by our attempt id, which its history has as `callData`. */
export type HwAsked = { readonly callSerialNo: string } | { readonly attemptId: string };

/**
 * What a kept answer was asked: the operation and the call, e.g. `queryCallState?callSerialNo=1037058396471308289` or
 * `queryCallDetailRecord?callData=att-1`. The vendor's answers to queryCallState do not name the call, and a history record comes in a list.
 */
export function requestName(operation: HwOperation, asked: HwAsked): string {
  return 'callSerialNo' in asked ? `${operation}?callSerialNo=${encodeURIComponent(asked.callSerialNo)}` : `${operation}?callData=${encodeURIComponent(asked.attemptId)}`;
}

export function parseRequestName(name: string | undefined): { readonly operation: HwOperation; readonly asked: HwAsked } | undefined {
  const [, operation, key, id] = /^(queryCallState|queryCallDetailRecord)\?(callSerialNo|callData)=([A-Za-z0-9_-]{1,64})$/.exec(name ?? '') ?? [];
  if (id === undefined) return undefined;
  if (key === 'callSerialNo') return id.length > 50 ? undefined : { operation: operation === 'queryCallState' ? operation : 'queryCallDetailRecord', asked: { callSerialNo: id } };
  return operation === 'queryCallDetailRecord' && !id.includes('_') ? { operation, asked: { attemptId: id } } : undefined;
}
