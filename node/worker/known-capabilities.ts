import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { readIfPresent } from '../files/read-if-present.ts';
import { type Capabilities, describeMachine, type Machine, measureCapabilities } from './capabilities.ts';

/** The file of a machine's capabilities: JSON. Of another version, it was measured in another way. */
const capabilitiesFile = z.strictObject({
  type: z.literal('tessera/capabilities'),
  version: z.literal(1),
  machine: z.strictObject({
    processor: z.string(),
    cores: z.number(),
    memory: z.number(),
    gpus: z.array(z.string()),
  }),
  unitsPerSecond: z.int().min(1),
});

/** Replaceable where the machine is another one. */
export interface Measuring {
  describe: () => Promise<Machine>;
  measure: (machine: Machine) => Promise<Capabilities>;
}

/** What this machine can prove with: as it was measured before, or measured now where it is new or has changed. */
export async function knownCapabilities(
  path: string,
  { describe, measure }: Measuring = { describe: describeMachine, measure: measureCapabilities },
): Promise<Capabilities> {
  const machine = await describe();
  const known = await readCapabilities(path);
  if (known !== undefined && isDeepStrictEqual(known.machine, machine)) {
    return { ...machine, unitsPerSecond: known.unitsPerSecond };
  }
  const measured = await measure(machine);
  const { unitsPerSecond } = measured;
  const content = { type: 'tessera/capabilities', version: 1, machine, unitsPerSecond };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return measured;
}

/** `undefined` where there is no such file, or it holds something else: then it is written anew. */
async function readCapabilities(path: string): Promise<z.infer<typeof capabilitiesFile> | undefined> {
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return undefined;
  try {
    return capabilitiesFile.safeParse(JSON.parse(bytes.toString())).data;
  } catch {
    return undefined;
  }
}
