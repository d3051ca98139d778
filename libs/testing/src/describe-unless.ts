import { testEnvironment } from './backends.config';

/** A `describe` for what needs something that not every machine has: with a reason against it it is skipped, with the reason in its name, and fails when CI=true, unless the reason names what CC_TEST_MAY_LACK has. */
export function describeUnless(reason: string | undefined, name: string, specs: () => void): void {
  if (reason === undefined) {
    describe(name, specs);
    return;
  }
  const named = `${name} (skipped: ${reason})`;
  describe.skip(named, specs);
  const { CI, CC_TEST_MAY_LACK = '' } = testEnvironment();
  const known = CC_TEST_MAY_LACK.split(' ').some((tool) => tool !== '' && reason.includes(tool));
  if (CI === 'true' && !known) {
    it(`${name} can run`, () => {
      throw new Error(reason);
    });
  }
}
