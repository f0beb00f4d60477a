import type { NodeCapabilities } from '../../protocol/registration/index.ts';
import { type NodeRegistrationReport, registerNode } from '../chain/node-registration.ts';
import { showMemory } from '../memory.ts';
import type { Identity } from '../store/identity.ts';
import { registeredCapabilities } from '../worker/registered-capabilities.ts';
import type { OpenMarket } from './chain.ts';
import type { OpenWorker } from './node.ts';

/**
 * Registers a node with what it proves for others.
 *
 * @throws TesseraError as `registerNode` does
 */
export function registerNodeOf(
  { market }: Pick<OpenMarket, 'market'>,
  identity: Identity,
  proving: OpenWorker | undefined,
  signal: AbortSignal,
): Promise<NodeRegistrationReport> {
  const { limits, modules, capabilities: machine } = proving?.worker ?? {};
  const capabilities =
    machine === undefined || limits === undefined || modules === undefined
      ? undefined
      : registeredCapabilities(machine, limits, [...modules.provers.keys()]);
  return registerNode({ market, identity, capabilities }, { signal });
}

/** What a node says that it can prove, for people. */
export function showCapabilities(capabilities: NodeCapabilities | undefined): string {
  if (capabilities === undefined) return 'proves nothing for others';
  const { cores, memory, places, gpus, price, speeds } = capabilities;
  const shown = [...speeds].map(([name, thousands]) => `${name} ${(thousands / 1_000).toFixed(2)}`);
  return `${cores} cores, ${showMemory(memory * 2 ** 20)}, ${gpus} GPUs, ${places} segments at once; million units a second: ${shown.join(', ')}; from ${price} wei for a million units`;
}

/** What a node says that it can prove, for programs. */
export function capabilitiesForPrograms(capabilities: NodeCapabilities | undefined): object | null {
  return capabilities === undefined
    ? null
    : { ...capabilities, speeds: Object.fromEntries(capabilities.speeds) };
}
