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
import type { Context } from './context.ts';

/** Flags of every verb that runs a node: one for each setting, and the configuration file. */
export type ConfigurationFlags = ConfigurationSources['flags'] & { config?: string };

export function addConfigurationFlags(command: Command): Command {
  command.option(
    '--config <file>',
    'configuration file; by default config.json in the data directory, if there',
  );
  for (const setting of settings) for (const option of optionsOf(setting)) command.addOption(option);
  return command;
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
      return [new Option(`${flag} <multiaddr...>`, description)];
    case 'switch':
      return [new Option(flag, description), new Option(flag.replace('--', '--no-'), 'do not')];
    case 'number':
      return [new Option(`${flag} <number>`, description)];
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
    throw error;
  }
}
