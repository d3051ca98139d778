import { createRequire } from 'node:module';
import { z } from 'zod';
import type { Command } from '../command';
import type * as listing from '../settings-listing';
import { table } from '../text-table';
import { WrongUsage } from '../wrong-usage';

const Listing = z.custom<typeof listing>((loaded) => typeof loaded === 'object' && loaded !== null && 'settingsOfService' in loaded);

export const config: Command = {
  name: 'config',
  summary: 'Prints every setting of a service: type, default, unit and meaning',
  positionals: [{ name: 'SERVICE', help: 'its name, such as call-gateway' }],
  options: {},
  run(typed, _gateway, print) {
    // Loaded only now: the services with all that they stand on take ten times as long as any other command.
    const { serviceNames, settingsOfService } = Listing.parse(createRequire(__filename)('../settings-listing'));
    const service = typed.positional(0);
    const settings = settingsOfService(service);
    if (settings === undefined) throw new WrongUsage(`There is no service ${service}; there are ${serviceNames.join(', ')}`);
    print({ service, settings }, () => table(['setting', 'type', 'default', 'unit', 'meaning'], settings.map((one) => [one.name, one.type, one.required ? '(needed)' : one.default, one.unit, one.meaning]), 'no settings'));
    return Promise.resolve();
  },
};
