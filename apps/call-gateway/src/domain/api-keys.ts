import { NamedKeys, OperatorKeys } from '@cc/kernel';

/** Who calls: a tenant's application, or an operator, each by the key alone. */
export type Principal = { readonly kind: 'application'; readonly tenant: string } | { readonly kind: 'operator'; readonly name: string };

/** The keys of the applications, each of one tenant. */
export class ApiKeys extends NamedKeys {
  /** @param text `tenant:key`, comma-separated, at least one. @throws Error that names each faulty entry by its position. */
  static parse(text: string): ApiKeys {
    const known = NamedKeys.read(text, 'tenant');
    if (known.length === 0) throw new Error(`no entry: ${NamedKeys.form('tenant')}`);
    return new ApiKeys(known);
  }
}

/** Every key that opens the API. */
export class KeyRing {
  /** @throws Error when a key would be an application's and an operator's at once. */
  constructor(
    private readonly applications: ApiKeys,
    private readonly operators: OperatorKeys,
  ) {
    const shared = operators.sharedWith(applications);
    if (shared.length > 0) throw new Error(`the key of ${shared.join(', ')} is an application's too; give the operator another one`);
  }

  principalOf(key: string): Principal | undefined {
    const tenant = this.applications.nameOf(key);
    if (tenant !== undefined) return { kind: 'application', tenant };
    const name = this.operators.nameOf(key);
    return name === undefined ? undefined : { kind: 'operator', name };
  }
}
