import { serviceNames, type Service } from '../e2e/system';
import { TcpProxy, type LinkMode } from './tcp-proxy';

/** What a service reaches over a link of its own. */
export const backends = ['kafka', 'postgres', 'objects'] as const;
export type BackendName = (typeof backends)[number];

const linksOf: Readonly<Record<Service, readonly BackendName[]>> = {
  'e9-callback-ingest': ['kafka'],
  'record-store': ['kafka', 'postgres'],
  'event-dispatcher': ['kafka', 'postgres'],
  'hw-poller': ['kafka', 'postgres'],
  'recording-archiver': ['kafka', 'postgres', 'objects'],
  'channel-router': ['kafka', 'postgres'],
  'call-gateway': ['kafka', 'postgres', 'objects'],
};

/** A link's name in plans and reports, e.g. `record-store/kafka`. */
export const linkName = (service: Service, backend: BackendName): string => `${service}/${backend}`;
/** To the vendors there is one link for all: the addresses of recordings hold where the dial reached the vendor. */
export const VENDORS = 'vendors';
export const linkNames: readonly string[] = [...serviceNames.flatMap((service) => linksOf[service].map((backend) => linkName(service, backend))), VENDORS];

/** A link of its own between every service and every backend that it uses, each to be cut alone, and the one to the vendors. */
export class Links {
  private constructor(private readonly proxies: ReadonlyMap<string, TcpProxy>) {}

  /** @param portOf where the backend listens for that service, asked at each connection. @param vendorsPort where the vendors do */
  static async open(portOf: (service: Service, backend: BackendName) => number, vendorsPort: number): Promise<Links> {
    const opened = serviceNames.flatMap((service) => linksOf[service].map(async (backend): Promise<[string, TcpProxy]> => [linkName(service, backend), await TcpProxy.open(() => portOf(service, backend))]));
    return new Links(new Map([...(await Promise.all(opened)), [VENDORS, await TcpProxy.open(() => vendorsPort)]]));
  }

  get vendorsPort(): number {
    return this.find(VENDORS).port;
  }

  port(service: Service, backend: BackendName): number {
    return this.find(linkName(service, backend)).port;
  }

  async turn(name: string, mode: LinkMode): Promise<void> {
    await this.find(name).turn(mode);
  }

  /** All links to a backend. */
  async turnAll(backend: BackendName, mode: LinkMode): Promise<void> {
    await Promise.all([...this.proxies].filter(([name]) => name.endsWith(`/${backend}`)).map(([, proxy]) => proxy.turn(mode)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.proxies.values()].map((proxy) => proxy.close()));
  }

  private find(name: string): TcpProxy {
    const proxy = this.proxies.get(name);
    if (proxy === undefined) throw new Error(`There is no link ${name}: ${[...this.proxies.keys()].join(', ')}`);
    return proxy;
  }
}
