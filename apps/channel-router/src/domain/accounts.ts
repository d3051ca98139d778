import type { CarrierFacts, Carriers } from './carriers';

/** An account at a vendor with those of its channels that have something due. */
export interface DueAccount {
  readonly account: string;
  readonly channels: readonly string[];
}

/** The account of a channel that is in no file any more is its own. */
const accountOf = (channel: string, carriers: Carriers): string => carriers.find(channel)?.account ?? channel;

export function byAccount(channels: readonly string[], carriers: Carriers): readonly DueAccount[] {
  const accounts = new Map<string, string[]>();
  for (const channel of channels) {
    const account = accountOf(channel, carriers);
    accounts.set(account, [...(accounts.get(account) ?? []), channel]);
  }
  return [...accounts].map(([account, own]) => ({ account, channels: own }));
}

/** How often the vendor may be asked by an account: where its channels differ, the most careful one decides for all. */
export function queriesPerMinuteOf(account: string, carriers: Carriers, asked: readonly CarrierFacts[]): number {
  return Math.min(...[...asked, ...carriers.all().filter((facts) => facts.account === account)].map(({ queriesPerMinute }) => queriesPerMinute));
}
