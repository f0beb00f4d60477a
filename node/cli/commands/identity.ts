import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Identity } from '../../store/index.ts';
import { nodeFiles } from '../../store/node-files.ts';
import type { Context } from '../context.ts';
import { addVerb } from '../verb.ts';

/** `tessera identity show | backup | restore`: the key under which this node is known. */
export function identityVerb(program: Command, context: Context): void {
  const identity = program
    .command('identity')
    .description('Show, back up or restore the key under which this node is known.');
  const files = nodeFiles(context.settings.directory.node);

  addVerb(identity, {
    usage: 'show',
    description: 'Show the peer id and the public key.',
    examples: ['tessera identity show', 'tessera identity show --json'],
  }).action(async () => {
    const { readIdentity } = await store();
    show(context, await readIdentity(files.identity), '');
  });

  addVerb(identity, {
    usage: 'backup <file>',
    description: 'Copy the identity into a file, owner-only. Whoever has it can be this node.',
    examples: ['tessera identity backup /media/stick/tessera-identity.json'],
  }).action(async (file: string) => {
    const { backUpIdentity } = await store();
    const path = resolve(file);
    show(context, await backUpIdentity(files.identity, path), `\nWritten to ${path}`);
  });

  addVerb(identity, {
    usage: 'restore <file>',
    description: 'Take the identity of a backup. No node may run meanwhile, nor two ever with one identity.',
    examples: [
      'tessera identity restore /media/stick/tessera-identity.json',
      'tessera identity restore old.json --replace',
    ],
  })
    .option('--replace', 'put the present identity aside, as identity.json.PEERID')
    .action(async (file: string, { replace = false }: { replace?: boolean }) => {
      const { openNodeStore, restoreIdentity } = await store();
      // Whoever holds the database is the only one that uses the identity.
      const held = await openNodeStore(files.database);
      try {
        show(context, await restoreIdentity(files.identity, resolve(file), replace), '\nRestored.');
      } finally {
        await held.close();
      }
    });
}

/** Loaded by these verbs only: others need not wait for the database. */
const store = () => import('../../store/index.ts');

function show({ output }: Context, { peerId, publicKey }: Identity, note: string): void {
  output.result({ peerId, publicKey }, `Peer ${peerId}\nEd25519 key ${publicKey}${note}`);
}
