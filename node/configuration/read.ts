import type { z } from 'zod';
import { TesseraError } from '../../protocol/errors.ts';
import {
  type Configuration,
  configurationSchema,
  type Setting,
  type SettingName,
  settings,
} from './schema.ts';

export interface ConfigurationSources {
  /** A configuration file's path, for messages, and its text. */
  file?: { path: string; text: string };
  env: Readonly<Record<string, string | undefined>>;
  /** By setting; texts as they stand on the command line, one or, of a list, several. */
  flags: Readonly<Partial<Record<SettingName, string | boolean | readonly string[]>>>;
}

/**
 * A node's configuration: a flag goes before an environment variable, that before the file, that before the default.
 *
 * @throws TesseraError `CONFIGURATION_INVALID` naming the setting, where it comes from, and what it may be
 */
export function readConfiguration({ file, env, flags }: ConfigurationSources): Configuration {
  const values = new Map<string, { value: unknown; origin: string }>();
  if (file !== undefined) {
    for (const [name, value] of Object.entries(parseFile(file))) {
      values.set(name, { value, origin: `${file.path}: ${name}` });
    }
  }
  for (const setting of settings) {
    const { name, variable, flag } = setting;
    const text = env[variable];
    if (text) values.set(name, { value: fromText(setting, text), origin: variable });
    const given = flags[name];
    if (given !== undefined) values.set(name, { value: fromFlag(setting, given), origin: flag });
  }
  const parsed = configurationSchema.safeParse(
    Object.fromEntries([...values].map(([name, { value }]) => [name, value])),
  );
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(describe(issue, (name) => values.get(name)?.origin ?? name));
}

function parseFile({ path, text }: { path: string; text: string }): object {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw invalid(`${path} is not JSON: ${(cause as Error).message}`, cause);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw invalid(`${path} is not a JSON object`);
  }
  return content;
}

function fromFlag(setting: Setting, given: string | boolean | readonly string[]): unknown {
  return typeof given === 'string' ? fromText(setting, given) : given;
}

/** What does not read as its kind stays text, which the schema then refuses. */
function fromText({ kind }: Setting, text: string): unknown {
  if (kind === 'list') return text.split(/[\s,]+/).filter((item) => item !== '');
  if (kind === 'number' && /^\d+$/.test(text)) return Number(text);
  if (kind === 'switch' && /^(true|false|1|0)$/.test(text)) return text === 'true' || text === '1';
  return text;
}

function describe(issue: z.core.$ZodIssue | undefined, originOf: (name: string) => string): string {
  if (issue?.code === 'unrecognized_keys') {
    return `${issue.keys.map(originOf).join(', ')}: no setting has that name`;
  }
  const [name, item] = issue?.path ?? [];
  const where = `${originOf(String(name))}${typeof item === 'number' ? `, item ${item + 1}` : ''}`;
  return `${where}: ${issue?.message}`;
}

function invalid(message: string, cause?: unknown): TesseraError {
  return new TesseraError('CONFIGURATION_INVALID', {
    message,
    remedy: 'docs/configuration.md lists every setting; `tessera start --help` the flags.',
    ...(cause === undefined ? {} : { cause }),
  });
}
