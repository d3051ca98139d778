import { runServices } from '@cc/platform';
import { vendorSimulator } from './service';

void runServices(vendorSimulator);
