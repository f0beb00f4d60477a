/** A worker that does what tests need to see survived. Run: node testing-worker.ts [protocol] [version] */
import { encodeFrame, FrameDecoder } from './frame.ts';

const [protocol = '1', version = '1'] = process.argv.slice(2);
const kept: Buffer[] = [];
const say = (message: unknown) => process.stdout.write(encodeFrame(message));

const operations: Readonly<Record<string, (parameters: Record<string, unknown>, id: number) => void>> = {
  echo: (value, id) => say({ type: 'result', id, value }),
  pid: (_, id) => say({ type: 'result', id, value: process.pid }),
  steps: (_, id) => {
    for (const step of ['one', 'two']) say({ type: 'progress', id, step });
    say({ type: 'result', id, value: null });
  },
  allocate: ({ bytes }, id) => {
    kept.push(Buffer.alloc(Number(bytes), 1));
    say({ type: 'result', id, value: null });
  },
  allocateAndHang: ({ bytes }) => void kept.push(Buffer.alloc(Number(bytes), 1)),
  hang: () => undefined,
  fail: (_, id) => say({ type: 'error', id, kind: 'failed', message: 'no luck' }),
  full: (_, id) => say({ type: 'error', id, kind: 'storage', message: 'no space' }),
  crash: () => {
    for (let i = 0; i < 50; i++) console.error(`last words ${i}`);
    process.exitCode = 7;
    process.stdin.destroy();
  },
  kill: () => process.kill(process.pid, 'SIGSEGV'),
  babble: () => process.stdout.write('this is no frame, and it is longer than a prefix'),
  wrongForm: () => say({ type: 'result', id: 'one' }),
  wrongId: (_, id) => say({ type: 'result', id: id + 1, value: null }),
};

say({ type: 'hello', protocol: Number(protocol), worker: 'testing', version });
const decoder = new FrameDecoder();
process.stdin.on('data', (chunk: Buffer) => {
  for (const message of decoder.push(chunk)) {
    const { id, operation, parameters } = message as {
      id: number;
      operation: string;
      parameters: Record<string, unknown>;
    };
    operations[operation]?.(parameters, id);
  }
});
