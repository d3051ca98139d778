import { runServices } from '@cc/platform';
import { recordStore } from './service';

void runServices(recordStore);
