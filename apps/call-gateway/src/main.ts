import { runServices } from '@cc/platform';
import { callGateway } from './service';

void runServices(callGateway);
