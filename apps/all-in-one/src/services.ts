import type { ServiceDefinition } from '@cc/platform';
import { callGateway } from '../../call-gateway/src/service';
import { channelRouter } from '../../channel-router/src/service';
import { callbackIngest } from '../../e9-callback-ingest/src/service';
import { eventDispatcher } from '../../event-dispatcher/src/service';
import { poller } from '../../hw-poller/src/service';
import { recordStore } from '../../record-store/src/service';
import { recordingArchiver } from '../../recording-archiver/src/service';
import { vendorSimulator } from '../../vendor-simulator/src/service';

/** Every service, in the order in which they start: whoever is called before whoever calls. */
export const services: readonly ServiceDefinition[] = [vendorSimulator, callbackIngest, recordStore, eventDispatcher, poller, recordingArchiver, channelRouter, callGateway];
