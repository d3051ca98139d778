import { runServices } from '@cc/platform';
import { poller } from './service';

void runServices(poller);
