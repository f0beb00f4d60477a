/** Loaded with `--import`: ends the process at its first attempt to reach a network, so that none goes unseen. */
import dgram from 'node:dgram';
import dns from 'node:dns';
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';

function refuse(): never {
  writeSync(2, `A connection was attempted:\n${new Error().stack}\n`);
  // A worker thread's process.exit would end the thread only.
  process.kill(process.pid, 'SIGKILL');
  throw new Error('not reached');
}

Socket.prototype.connect = refuse;
dgram.Socket.prototype.send = refuse;
dns.lookup = Object.assign(refuse, { __promisify__: refuse });
