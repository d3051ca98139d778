export type * from './vendor.port';
export { vendors, vendorOf } from './registry';
export type { ConfiguredVendor, RegisteredVendor, SettingFault } from './define-vendor';
export { parseChannelFile } from './channel-file';
export type { Channel, ChannelFile } from './channel-file';
export { Secret } from './secret';
export { Channels } from './channels';
export type { OpenChannel } from './channels';
export { openNotification, sealNotification } from './notification-seal';
