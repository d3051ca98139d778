/** Something that tests run against, and how to end it. */
export interface Backend<Address> {
  readonly at: Address;
  stop(): Promise<void>;
}
