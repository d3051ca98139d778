import { runServices } from '@cc/platform';
import { recordingArchiver } from './service';

void runServices(recordingArchiver);
