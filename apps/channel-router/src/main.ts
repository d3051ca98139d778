import { runServices } from '@cc/platform';
import { channelRouter } from './service';

void runServices(channelRouter);
