import type { Command } from '../command';
import { attemptsListUnknown, attemptsResolve } from './attempt-commands';
import { bindingsDelete, bindingsList, bindingsSet } from './binding-commands';
import { callbacksImport, callbacksStats } from './callback-commands';
import { callCancel, callPlace, callShow, callWatch } from './call-commands';
import { channelDrain, channelList, channelResume } from './channel-commands';
import { config } from './config-command';
import { deadLettersDrop, deadLettersList, deadLettersRelease, deadLettersReleaseAll, deadLettersShow } from './dead-letter-commands';
import { quarantineDrop, quarantineList, quarantineRelease } from './quarantine-commands';
import { recordsRebuild } from './record-commands';
import { routeSimulate } from './route-commands';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  callPlace, callShow, callWatch, callCancel,
  routeSimulate,
  bindingsList, bindingsSet, bindingsDelete,
  channelList, channelDrain, channelResume,
  attemptsListUnknown, attemptsResolve,
  callbacksImport, callbacksStats,
  deadLettersList, deadLettersShow, deadLettersRelease, deadLettersReleaseAll, deadLettersDrop,
  quarantineList, quarantineRelease, quarantineDrop,
  recordsRebuild,
  config,
];
