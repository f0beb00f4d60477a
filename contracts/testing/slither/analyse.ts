import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { environmentPython } from '../../../node/setup/index.ts';
import { findPython } from '../../../node/setup/python.ts';
import { forgeBinary } from '../forge.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cache = join(root, 'node_modules/.cache/tessera/slither');
const environment = join(cache, 'environment');
const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));

/** What Slither says of one place. */
export interface Finding {
  /** Slither's name of the check. */
  check: string;
  /** Contract and function, e.g. `Claims.claim`. */
  at: string;
  description: string;
}

interface Named {
  type: string;
  name: string;
  type_specific_fields?: { parent?: Named | undefined } | undefined;
}

const named: z.ZodType<Named> = z.lazy(() =>
  z.object({
    type: z.string(),
    name: z.string(),
    type_specific_fields: z.object({ parent: named.optional() }).optional(),
  }),
);
const reportSchema = z.object({
  success: z.boolean(),
  error: z.string().nullable(),
  results: z.object({
    detectors: z
      .array(z.object({ check: z.string(), description: z.string(), elements: z.array(named) }))
      .default([]),
  }),
});

/** Findings in the report that Slither writes with `--json`. @throws Error when it analysed nothing */
export function findingsIn(report: unknown): Finding[] {
  const { success, error, results } = reportSchema.parse(report);
  if (!success) throw new Error(`Slither failed: ${error}`);
  return results.detectors.map(({ check, description, elements }) => ({
    check,
    description: description.trim(),
    at: elements[0] === undefined ? '' : placeOf(elements[0]),
  }));
}

/** The function that something stands in, with its contract; the contract itself for what stands in none. */
function placeOf({ type, name, type_specific_fields }: Named): string {
  const parent = type_specific_fields?.parent;
  if (parent === undefined) return name;
  return type === 'function' ? `${parent.name}.${name}` : placeOf(parent);
}

const explanationSchema = z.object({
  checks: z.array(z.string()),
  at: z.array(z.string()),
  why: z.string().min(1),
});

/** Findings that stay, and why. */
export async function explainedFindings() {
  const text = await readFile(new URL('./explained.json', import.meta.url), 'utf8');
  return z.array(explanationSchema).parse(JSON.parse(text));
}

/**
 * Holds findings against those that are explained.
 *
 * @returns findings that nobody explains, and explanations, as `check at`, of what is found no more
 */
export function judgeFindings(
  findings: readonly Finding[],
  explained: readonly z.infer<typeof explanationSchema>[],
): { unexplained: Finding[]; obsolete: string[] } {
  const nameOf = ({ check, at }: Pick<Finding, 'check' | 'at'>) => `${check} ${at}`;
  const known = new Set(
    explained.flatMap(({ checks, at }) =>
      checks.flatMap((check) => at.map((place) => nameOf({ check, at: place }))),
    ),
  );
  const found = new Set(findings.map(nameOf));
  return {
    unexplained: findings.filter((finding) => !known.has(nameOf(finding))),
    obsolete: [...known].filter((name) => !found.has(name)),
  };
}

/** Analyses the contracts as forge builds them, with npm's compiler. */
export async function analyse(): Promise<Finding[]> {
  await installSlither();
  const report = join(cache, 'report.json');
  // Slither writes over no report.
  await rm(report, { force: true });
  await promisify(execFile)(
    join(dirname(environmentPython(environment)), 'slither'),
    ['.', '--filter-paths', 'node_modules|contracts/test', '--json', report, '--fail-none'],
    {
      cwd: root,
      maxBuffer: 2 ** 26,
      env: {
        ...process.env,
        PATH: `${dirname(forgeBinary())}${delimiter}${process.env.PATH ?? ''}`,
        // It builds all anew: beside what forge's tests have built.
        FOUNDRY_OUT: join(cache, 'out'),
        FOUNDRY_CACHE_PATH: join(cache, 'forge'),
      },
    },
  );
  return findingsIn(JSON.parse(await readFile(report, 'utf8')));
}

/** Makes Slither's own virtual environment, where there is none of these versions. */
async function installSlither(): Promise<void> {
  const wanted = await readFile(requirements, 'utf8');
  const mark = join(environment, 'installed.txt');
  if ((await readFile(mark, 'utf8').catch(() => undefined)) === wanted) return;
  const run = promisify(execFile);
  const { executable } = await findPython();
  await rm(environment, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  await run(executable, ['-m', 'venv', environment]);
  const quiet = ['--disable-pip-version-check', '--no-input', '--no-deps', '--quiet'];
  const pip = ['-m', 'pip', 'install', ...quiet, '--only-binary', ':all:', '-r', requirements];
  await run(environmentPython(environment), pip);
  await writeFile(mark, wanted);
}
