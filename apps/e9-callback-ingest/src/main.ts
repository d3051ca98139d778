import { runServices } from '@cc/platform';
import { callbackIngest } from './service';

void runServices(callbackIngest);
