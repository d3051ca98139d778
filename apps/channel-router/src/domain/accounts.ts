import type { CarrierFacts, Carriers } from './carriers';
import type { AskedChannel } from './enquiries';

/** An account at a vendor with those of its channels that have something due. */
export interface DueAccount {
  readonly account: string;
  /** For people: the first channel of the account in the alphabet. */
  readonly name: string;
  readonly channels: readonly AskedChannel[];
}

/** The account of a channel that is in no file any more is its own. */
const accountOf = (channel: string, carriers: Carriers): string => carriers.find(channel)?.account ?? channel;

export function byAccount(channels: readonly string[], carriers: Carriers): readonly DueAccount[] {
  const accounts = new Map<string, string[]>();
  for (const channel of channels) {
    const account = accountOf(channel, carriers);
    accounts.set(account, [...(accounts.get(account) ?? []), channel]);
  }
  return [...accounts].map(([account, own]) => ({ account, name: accountName(account, own, carriers), channels: own.map((channel) => ({ channel, finds: findableBy(carriers.find(channel)) })) }));
}

/** The name that people know an account by, the same whichever of its channels have something to do. */
function accountName(account: string, channels: readonly string[], carriers: Carriers): string {
  const own = [...channels, ...carriers.all().filter((facts) => facts.account === account).map(({ channel }) => channel)];
  return own.reduce((first, channel) => (channel < first ? channel : first));
}

function findableBy(facts: CarrierFacts | undefined): AskedChannel['finds'] {
  if (facts?.canQuery !== true) return 'none';
  return facts.findsByAttempt ? 'all' : 'named';
}

/** How often the vendor may be asked by an account: where its channels differ, the most careful one decides for all. */
export function queriesPerMinuteOf({ account, channels }: DueAccount, carriers: Carriers): number {
  const own = [...channels.flatMap(({ channel }) => carriers.find(channel) ?? []), ...carriers.all().filter((facts) => facts.account === account)];
  return Math.min(...own.map(({ queriesPerMinute }) => queriesPerMinute));
}
