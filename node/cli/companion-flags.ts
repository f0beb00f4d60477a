import type { Command } from 'commander';
import { TesseraError } from '../../protocol/errors.ts';

/** The names, as `Command.opts` has them, of the flags that `add` adds. */
export function flagsAddedBy(command: Command, add: (command: Command) => unknown): string[] {
  const before = new Set(command.options);
  add(command);
  return command.options.filter((option) => !before.has(option)).map((option) => option.attributeName());
}

/**
 * Refuses flags that would change nothing, since the one that they belong to is not given.
 *
 * @param companion the name of that one
 * @throws TesseraError `USAGE`
 */
export function requireCompanion(command: Command, companion: string, names: readonly string[]): void {
  const isGiven = (name: string) => command.getOptionValueSource(name) === 'cli';
  if (isGiven(companion)) return;
  const flagOf = (name: string) => command.options.find((option) => option.attributeName() === name)?.long;
  const idle = names.filter(isGiven).map(flagOf);
  if (idle.length === 0) return;
  throw new TesseraError('USAGE', {
    message: `${idle.join(', ')} would change nothing: --${companion} is not given`,
    remedy: `Give --${companion}, too, or leave ${idle.length === 1 ? 'it' : 'them'} out.`,
  });
}
