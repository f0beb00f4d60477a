import type { Command } from 'commander';
import { type Part, parts, type SetupOutcome, setup } from '../../setup/index.ts';
import type { Context } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { addVerb } from '../verb.ts';

/** `tessera setup`: installs the parts that npm does not. */
export function setupVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'setup',
    description: 'Install the parts that npm does not; safe to run again, goes on where it stopped.',
    examples: ['tessera setup', 'TESSERA_HOME=/data/tessera tessera setup --json'],
    long: true,
  }).action(async () => {
    const outcomes = await runSetup(context);
    context.output.result(
      { dataDirectory: context.settings.directory.root, parts: outcomes },
      outcomes.map(describe).join('\n'),
    );
    if (outcomes.some(({ outcome }) => outcome === 'failed')) context.exitStatus = exitStatus.failed;
  });
}

/** Installs what is missing, and says under which licence when something of another's came in. */
export async function runSetup(
  { settings, output, signal }: Context,
  needed: readonly Part[] = parts(settings),
): Promise<SetupOutcome[]> {
  const outcomes = await setup({
    directory: settings.directory,
    parts: needed,
    signal,
    onProgress: (part, step) => output.progress({ type: 'note', message: `${part}: ${step}` }),
  });
  if (outcomes.some(({ name, outcome }) => name === 'ezkl' && outcome === 'installed'))
    output.note(licenceNotice);
  return outcomes;
}

const licenceNotice =
  'Note: ezkl and its engine (@ezkljs/engine) declare no licence. They are your own dependencies, installed from ' +
  'their registries and not part of Tessera; TESSERA_WITHOUT_EZKL=1 leaves them out.';

function describe(part: SetupOutcome): string {
  if (part.outcome !== 'failed') return `${part.name}: ${part.outcome}`;
  const { code, message, remedy } = part.error;
  return `${part.name}: failed (${code}): ${message}${remedy === undefined ? '' : `\nWhat to do: ${remedy}`}`;
}
