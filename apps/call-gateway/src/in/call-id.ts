import { CcError } from '@cc/kernel';
import { Injectable, type PipeTransform } from '@nestjs/common';
import { CC_ID } from './body-rules';

export const noSuchCall = (callId: string): CcError => new CcError('missing', 'no-such-call', `There is no call ${callId.slice(0, 64)}`);

/** What cannot be the id of a call is no call; the database would refuse some of it with an error. */
@Injectable()
export class CallIdPipe implements PipeTransform<string, string> {
  transform(callId: string): string {
    if (!CC_ID.test(callId)) throw noSuchCall(callId);
    return callId;
  }
}
