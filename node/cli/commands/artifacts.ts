import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { ArtifactEntry, ArtifactProgress } from '../../api/index.ts';
import { showMemory } from '../../memory.ts';
import type { AccessOptions, ArtifactVerbs } from '../artifacts.ts';
import { addConfigurationFlags, type ConfigurationFlags } from '../configuration.ts';
import type { Context } from '../context.ts';
import { digest, memory } from '../options.ts';
import type { ServiceFlags } from '../pinning.ts';
import { addVerb } from '../verb.ts';

/** Loads the store and the network only for a verb that needs them. */
async function withArtifacts<T>(
  context: Context,
  flags: ConfigurationFlags,
  use: (artifacts: ArtifactVerbs) => Promise<T>,
): Promise<T> {
  const { withArtifacts } = await import('../artifacts.ts');
  return withArtifacts(context, flags, use);
}

/** Larger than any key that is worth fetching. */
const defaultMaxBytes = 16 * 2 ** 30;

interface GetFlags extends ConfigurationFlags {
  out: string;
  sha256?: string;
  max: number;
}

/** `tessera artifacts add | get | ls | pin | unpin`: bytes that peers exchange, by content. */
export function artifactsVerb(program: Command, context: Context): void {
  const artifacts = program
    .command('artifacts')
    .description('Add, fetch, list and pin what peers exchange: models, circuits, keys, tensors, proofs.');
  const { output, signal } = context;
  const following = (detail: string): AccessOptions => ({
    signal,
    onProgress: ({ done, total, searching }: ArtifactProgress) => {
      const search = searching === undefined ? '' : `: looking for providers, ${searching} peers connected`;
      output.progress({ type: 'stage', stage: 'download', done, total, detail: `${detail}${search}` });
    },
  });

  addVerb(artifacts, {
    usage: 'add <file>',
    description: 'Add a file; the running node, or the next that runs, offers it to others by its CID.',
    examples: ['tessera artifacts add model.onnx', 'tessera artifacts add circuit.key --pin --json'],
    long: true,
  })
    .option('--pin', 'keep it whatever room is needed', false)
    .option('--private', 'tell nobody that it is here', false)
    .action(async (file: string, flags: { pin: boolean; private: boolean }) => {
      const keep = { pin: flags.pin, announce: !flags.private };
      const added = await withArtifacts(context, {}, (access) =>
        access.add(resolve(file), keep, following(file)),
      );
      output.result(added, `${added.cid}\nsha2-256 ${added.sha256}, ${showMemory(added.bytes)}`);
    });

  const get = addVerb(artifacts, {
    usage: 'get <cid>',
    description: 'Fetch an artifact from whoever has it, unless it is here, and write it into a file.',
    examples: [
      'tessera artifacts get bafybei… --out model.onnx',
      'tessera artifacts get bafybei… --out model.onnx --sha256 3f79bb…',
      'tessera artifacts get bafybei… --out model.onnx --bootstrap /ip4/192.0.2.1/tcp/4801/p2p/12D3KooW…',
    ],
    long: true,
  })
    .requiredOption('--out <file>', 'where to write it')
    .option('--sha256 <hex>', 'refuse it unless all its bytes have this sha2-256', digest)
    .addOption(
      new Option('--max <size>', 'refuse it if it is larger')
        .argParser(memory)
        .default(defaultMaxBytes, '16GiB'),
    );
  addConfigurationFlags(get).action(async (cid: string, flags: GetFlags) => {
    const { out, sha256, max, ...rest } = flags;
    const request = { cid, path: resolve(out), maxBytes: max, ...(sha256 === undefined ? {} : { sha256 }) };
    const fetched = await withArtifacts(context, settingsOf(rest), (access) =>
      access.get(request, following(cid)),
    );
    output.result({ ...fetched, out }, `${out}: ${showMemory(fetched.bytes)}, sha2-256 ${fetched.sha256}`);
  });

  addVerb(artifacts, {
    usage: 'ls',
    description: 'List the artifacts that are here, least recently used first.',
    examples: ['tessera artifacts ls', 'tessera artifacts ls --json'],
  }).action(async () => {
    const list = await withArtifacts(context, {}, (access) => access.ls());
    const total = `${list.artifacts.length} artifacts, ${showMemory(list.bytes)} of ${showMemory(list.maxBytes)}`;
    output.result(list, [...list.artifacts.map(describe), total].join('\n'));
  });

  for (const { name, pinned, description, atService } of pinVerbs) {
    addVerb(artifacts, {
      usage: `${name} <cid>`,
      description,
      examples: [
        `tessera artifacts ${name} bafybei…`,
        `tessera artifacts ${name} bafybei… --service https://pins.example/psa --token-file token`,
      ],
      long: true,
    })
      .option('--service <url>', atService)
      .option('--token-file <file>', 'the file with the token that the service gave you')
      .action(async (cid: string, { service, tokenFile }: Partial<ServiceFlags>) => {
        if (service === undefined) {
          const artifact = await withArtifacts(context, {}, (access) => access.setPinned(cid, pinned));
          return output.result(artifact, describe(artifact));
        }
        const { pinElsewhere, unpinElsewhere } = await import('../pinning.ts');
        const flags = { service, ...(tokenFile === undefined ? {} : { tokenFile }) };
        const done = await (pinned ? pinElsewhere : unpinElsewhere)(context, cid, flags);
        output.result(done, `${done.cid}: ${done.status} at ${service}`);
      });
  }
}

const pinVerbs = [
  {
    name: 'pin',
    pinned: true,
    description: 'Keep an artifact that is here, whatever room is needed, or have a pinning service keep it.',
    atService: 'have this IPFS pinning service keep a copy, fetched from the running node',
  },
  {
    name: 'unpin',
    pinned: false,
    description: 'Let an artifact go when room is needed, or have a pinning service let it go.',
    atService: 'have this IPFS pinning service no longer keep its copy',
  },
];

/** Without what `--json` and `--progress` leave among the flags: those are no settings. */
function settingsOf(flags: ConfigurationFlags & { json?: boolean; progress?: boolean }): ConfigurationFlags {
  const { json: _, progress: __, ...settings } = flags;
  return settings;
}

function describe({ cid, bytes, pinned, keptFor, announced, lastUsed }: ArtifactEntry): string {
  const marks = [
    ...(pinned ? ['pinned'] : []),
    ...(keptFor.length > 0 ? ['in use'] : []),
    ...(announced ? [] : ['private']),
  ];
  return [cid, showMemory(bytes), lastUsed, ...marks].join('  ');
}
