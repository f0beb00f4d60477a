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
  const values = new Map<string, Given>();
  if (file !== undefined) {
    for (const [name, value] of Object.entries(parseFile(file))) {
      values.set(name, { value, origin: `${file.path}: ${name}`, shown: JSON.stringify(value) });
    }
  }
  for (const setting of settings) {
    const { name, variable, flag } = setting;
    const text = env[variable];
    if (text) values.set(name, { value: fromText(setting, text), origin: variable, shown: text });
    const given = flags[name];
    if (given !== undefined) {
      values.set(name, { value: fromFlag(setting, given), origin: flag, shown: String(given) });
    }
  }
  const parsed = configurationSchema.safeParse(
    Object.fromEntries([...values].map(([name, { value }]) => [name, value])),
  );
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(describe(issue, values));
}

/** A setting as it was given. */
interface Given {
  value: unknown;
  /** Where it comes from, for errors. */
  origin: string;
  /** As it stands there. */
  shown: string;
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

function describe(issue: z.core.$ZodIssue | undefined, values: ReadonlyMap<string, Given>): string {
  const originOf = (name: string) => values.get(name)?.origin ?? name;
  if (issue?.code === 'unrecognized_keys') {
    return `${issue.keys.map(originOf).join(', ')}: no setting has that name`;
  }
  const [name, item] = issue?.path ?? [];
  if (typeof item === 'number') return `${originOf(String(name))}, item ${item + 1}: ${issue?.message}`;
  const setting = settings.find((each) => each.name === name);
  const allowed = setting && allowedOf(setting);
  const shown = values.get(String(name))?.shown;
  // What rules between settings say stands by itself.
  if (allowed === undefined || issue?.code === 'custom')
    return `${originOf(String(name))}: ${issue?.message}`;
  return `${originOf(String(name))}: ${shown} is not ${allowed}`;
}

/** What a setting takes, in words; nothing where its own rule tells more. */
function allowedOf({ kind, choices = [], range }: Setting): string | undefined {
  if (kind === 'number') {
    const { from, to } = range ?? { from: 0 };
    return to === undefined ? `a whole number from ${from} on` : `a whole number from ${from} to ${to}`;
  }
  if (kind === 'switch') return 'true or false';
  return kind === 'choice' ? `one of ${choices.join(', ')}` : undefined;
}

function invalid(message: string, cause?: unknown): TesseraError {
  return new TesseraError('CONFIGURATION_INVALID', {
    message,
    remedy: 'docs/configuration.md lists every setting; `tessera start --help` the flags.',
    ...(cause === undefined ? {} : { cause }),
  });
}
