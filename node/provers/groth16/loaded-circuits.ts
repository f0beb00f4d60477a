import type { Hex32 } from '../../../protocol/edge.ts';
import type { Call } from '../call.ts';
import type { KeyPaths } from './keys.ts';

/** What the worker loads. */
export interface LoadParameters extends KeyPaths {
  constraints: string;
  provingKeyDigest: Hex32;
}

/**
 * The circuits that the worker keeps in memory, so that one after the other is proven within a memory limit that holds
 * for each alone. A worker that was started anew has none of them, which does no harm: loading what is loaded costs
 * nothing, and so does unloading what is not. Not for requests that overlap.
 */
export class LoadedCircuits {
  /** Bytes by circuit, the one used longest ago first. */
  readonly #bytes = new Map<string, number>();

  /**
   * @param bytes that proving with the circuit takes at its peak
   * @returns the circuit's name in requests
   */
  async load(parameters: LoadParameters, bytes: number, call: Call): Promise<string> {
    // The worker names a circuit by its proving key.
    const name = parameters.provingKeyDigest;
    this.#bytes.delete(name);
    await this.makeRoom(bytes, call);
    await call.request('load', parameters);
    this.#bytes.set(name, bytes);
    return name;
  }

  /** Unloads circuits until the others and these bytes fit the call's limit. */
  async makeRoom(bytes: number, call: Call): Promise<void> {
    const { memoryLimit } = call;
    if (memoryLimit === undefined) return;
    let used = [...this.#bytes.values()].reduce((sum, size) => sum + size, bytes);
    for (const [circuit, size] of [...this.#bytes]) {
      if (used <= memoryLimit) return;
      await call.request('unload', { circuit });
      this.#bytes.delete(circuit);
      used -= size;
    }
  }
}
