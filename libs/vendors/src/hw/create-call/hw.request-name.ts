/** The vendor's operations whose answers are kept as notifications. */
export type HwOperation = 'queryCallState' | 'queryCallDetailRecord';

/**
 * What a kept answer was asked: the operation and the call, e.g. `queryCallState?callSerialNo=1037058396471308289`.
 * The vendor's answers to queryCallState do not name the call, and a history record comes in a list.
 */
export function requestName(operation: HwOperation, callSerialNo: string): string {
  return `${operation}?callSerialNo=${encodeURIComponent(callSerialNo)}`;
}

export function parseRequestName(name: string | undefined): { readonly operation: HwOperation; readonly callSerialNo: string } | undefined {
  const found = /^(queryCallState|queryCallDetailRecord)\?callSerialNo=([A-Za-z0-9_-]{1,50})$/.exec(name ?? '');
  const callSerialNo = found?.[2];
  if (found === null || callSerialNo === undefined) return undefined;
  return { operation: found[1] === 'queryCallState' ? 'queryCallState' : 'queryCallDetailRecord', callSerialNo };
}
