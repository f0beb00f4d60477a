import { mobilenet } from '../mobilenet.ts';

/** MobileNetV2 of width 1.0 at 96 × 96, in segments that a worker with 5 GB can prove. */
export const mobilenetV2 = mobilenet({ name: 'mobilenet-v2', side: 96, memory: 5e9, samples: 3 });
