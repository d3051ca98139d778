import { runServices } from '@cc/platform';
import { eventDispatcher } from './service';

void runServices(eventDispatcher);
