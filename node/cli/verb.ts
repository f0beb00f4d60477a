import type { Command } from 'commander';

export interface VerbInit {
  /** Name and arguments, e.g. `verify <certificate>`. */
  usage: string;
  description: string;
  /** Command lines that a reader may copy. */
  examples: readonly string[];
  /** Whether it may take long, and so shows its progress. */
  long?: boolean;
}

/** Adds a verb with what all verbs have: `--json`, and examples in its help. */
export function addVerb(program: Command, { usage, description, examples, long = false }: VerbInit): Command {
  const command = program
    .command(usage)
    .description(description)
    .option('--json', 'print the result as JSON on standard output, and nothing else there');
  if (long) command.option('--progress', 'show progress on standard error even with --json');
  return command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`);
}
