/** Namespaces that a test's process has for itself, where the system lets its users make them; see namespaces(7). */
import { spawnSync } from 'node:child_process';

const asRoot = '--map-root-user';

/** Runs a program in a network of its own: no interface of it is up, not even the loopback. */
export const ownNetwork = ['unshare', asRoot, '--net'] as const;

/** Runs a shell script that mounts what it likes; nobody else sees that. */
export const ownMounts = ['unshare', asRoot, '--mount', 'sh', '-euc'] as const;

/** Why there is no {@link ownNetwork} with a cable in it, if so. */
export const missingForNetworks = missing(
  [...ownNetwork, 'ip', 'link', 'add', 'left', 'type', 'veth'],
  'this machine lets its users make no network of their own',
);

/** Why there are no {@link ownMounts}, if so. */
export const missingForMounts = missing(
  [...ownMounts, 'mount -t tmpfs none /tmp'],
  'this machine lets its users mount nothing',
);

function missing([program, ...args]: readonly [string, ...string[]], reason: string): string | undefined {
  return spawnSync(program, args).status === 0 ? undefined : reason;
}
