import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import {
  type Configuration,
  type ConfigurationSources,
  readConfiguration,
  type Setting,
  settings,
} from '../configuration/index.ts';
import { unreadable } from '../files/given-file.ts';
import type { Context } from './context.ts';

/** Flags of every verb that runs a node: one for each setting, and the configuration file. */
export type ConfigurationFlags = ConfigurationSources['flags'] & { config?: string };

/** @param chain whether those of a chain are among them */
export function addConfigurationFlags(command: Command, chain = false): Command {
  addConfigFlag(command);
  for (const setting of settings.filter(({ ofChain }) => chain || !ofChain)) {
    for (const option of optionsOf(setting)) command.addOption(option);
  }
  return command;
}

/** Adds `--config`, for verbs that have few flags of a node's settings or none. */
export function addConfigFlag(command: Command): Command {
  return command.option(
    '--config <file>',
    'configuration file; by default config.json in the data directory, if there',
  );
}

/** @throws TesseraError `CONFIGURATION_INVALID` */
export async function configurationOf(context: Context, flags: ConfigurationFlags): Promise<Configuration> {
  const { config, ...values } = flags;
  const file = await readFileOf(context, config);
  return readConfiguration({
    ...(file === undefined ? {} : { file }),
    env: context.settings.environment,
    flags: values,
  });
}

function optionsOf({ flag, kind, description, choices }: Setting): Option[] {
  switch (kind) {
    case 'list':
      return [new Option(`${flag} <item...>`, description)];
    case 'switch':
      return [new Option(flag, description), new Option(flag.replace('--', '--no-'), 'do not')];
    case 'number':
      return [new Option(`${flag} <number>`, description)];
    case 'text':
      return [new Option(`${flag} <text>`, description)];
    case 'choice':
      return [new Option(`${flag} <choice>`, description).choices(choices ?? [])];
  }
}

async function readFileOf({ settings }: Context, path: string | undefined) {
  const file = path ?? join(settings.directory.root, 'config.json');
  try {
    return { path: file, text: await readFile(file, 'utf8') };
  } catch (error) {
    if (path === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(file, error, { what: 'The configuration file' });
  }
}
