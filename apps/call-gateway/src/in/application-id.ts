import { CcError } from '@cc/kernel';
import type { PipeTransform } from '@nestjs/common';
import { ID } from './body-rules';

const MAX_LENGTH = 64;

/** An id in the address that the application has chosen: of a business or a user. */
export class ApplicationIdPipe implements PipeTransform<string, string> {
  constructor(private readonly of: 'business' | 'user') {}

  transform(id: string): string {
    if (id.length > MAX_LENGTH || !ID.test(id)) throw new CcError('input', `invalid-${this.of}`, `The id of a ${this.of} consists of 1 to ${MAX_LENGTH} letters, digits and . _ @ : -`);
    return id;
  }
}
