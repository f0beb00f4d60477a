import { Command } from 'commander';
import { version } from '../package.ts';
import { artifactsVerb } from './commands/artifacts.ts';
import { auditVerb } from './commands/audit.ts';
import { cacheVerb } from './commands/cache.ts';
import { ceremonyVerb } from './commands/ceremony.ts';
import { chainVerb } from './commands/chain.ts';
import { challengeVerb } from './commands/challenge.ts';
import { claimVerb } from './commands/claim.ts';
import { demoVerb } from './commands/demo.ts';
import { doctorVerb } from './commands/doctor.ts';
import { earningsVerb } from './commands/earnings.ts';
import { identityVerb } from './commands/identity.ts';
import { inspectVerb } from './commands/inspect.ts';
import { jobsVerb } from './commands/jobs.ts';
import { peersVerb } from './commands/peers.ts';
import { proveVerb } from './commands/prove.ts';
import { registerVerb } from './commands/register.ts';
import { runVerb } from './commands/run.ts';
import { setupVerb } from './commands/setup.ts';
import { sliceVerb } from './commands/slice.ts';
import { startVerb } from './commands/start.ts';
import { statusVerb } from './commands/status.ts';
import { uninstallVerb } from './commands/uninstall.ts';
import { verifyVerb } from './commands/verify.ts';
import { withdrawVerb } from './commands/withdraw.ts';
import type { Context } from './context.ts';
import { exitStatus, exitStatusOf } from './exit-status.ts';
import { toTesseraError } from './failure.ts';
import { Output } from './output.ts';
import { readSettings } from './settings.ts';

/** Every verb, in the order of the help. */
export const verbs = [
  setupVerb,
  doctorVerb,
  inspectVerb,
  sliceVerb,
  runVerb,
  proveVerb,
  verifyVerb,
  auditVerb,
  cacheVerb,
  ceremonyVerb,
  startVerb,
  statusVerb,
  peersVerb,
  artifactsVerb,
  identityVerb,
  chainVerb,
  registerVerb,
  jobsVerb,
  claimVerb,
  challengeVerb,
  earningsVerb,
  withdrawVerb,
  demoVerb,
  uninstallVerb,
];

/** The parts of the process that the command line uses. */
export type Host = Pick<NodeJS.Process, 'env' | 'stdout' | 'stderr' | 'on' | 'off' | 'exit'>;

/** npm and the launcher hand on a signal that the terminal has sent to all, too: within this time it is the same one. */
const sameSignalMs = 1_000;

/**
 * Runs one command line.
 * @param args - Without the program's name.
 * @returns The exit status.
 */
export async function main(args: readonly string[], host: Host): Promise<number> {
  const interruption = new AbortController();
  const json = args.includes('--json');
  const output = new Output({
    stdout: host.stdout,
    stderr: host.stderr,
    json,
    progress: !json || args.includes('--progress'),
  });
  const context: Context = {
    settings: readSettings(host.env),
    output,
    signal: interruption.signal,
    exitStatus: exitStatus.ok,
  };
  const abort = () => interruption.abort();
  const interrupt = interruptedByPerson(host, output, abort);
  host.on('SIGINT', interrupt);
  host.on('SIGTERM', abort);
  // Whoever forked this process, and has a channel to it, is gone.
  host.on('disconnect', abort);
  // As other programs have it: `tessera help prove`.
  const [first, ...others] = args;
  const line = first === 'help' ? [...others, '--help'] : args;
  const root = program(context, host);
  try {
    await root.parseAsync(line, { from: 'user' });
    return context.exitStatus;
  } catch (error) {
    if (isHelp(error)) return exitStatus.ok;
    const failure = toTesseraError(error, interruption.signal, verbIn(line, root));
    output.error(failure);
    return exitStatusOf(failure);
  } finally {
    output.close();
    host.off('SIGINT', interrupt);
    host.off('SIGTERM', abort);
    host.off('disconnect', abort);
  }
}

/** The verb that a command line names, with its group: as much as there is. */
function verbIn(line: readonly string[], root: Command): string {
  const names: string[] = [];
  let { commands } = root;
  for (const word of line) {
    const found = commands.find((command) => command.name() === word);
    if (found === undefined) break;
    names.push(word);
    commands = found.commands;
  }
  return names.join(' ');
}

/** Ctrl-C: at a terminal it is told that work is being stopped in order, and a second one does not wait for that. */
function interruptedByPerson(host: Host, output: Output, abort: () => void): () => void {
  let first: number | undefined;
  return () => {
    if (first === undefined) {
      first = performance.now();
      if (host.stderr.isTTY) output.note('Stopping. Ctrl-C again ends it at once.');
      abort();
    } else if (host.stderr.isTTY && performance.now() - first > sameSignalMs) {
      host.exit(exitStatus.interrupted);
    }
  };
}

function program(context: Context, host: Host): Command {
  const command = new Command('tessera')
    .description('Proves machine-learning computations in pieces, and checks such proofs.')
    .version(version)
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      // Errors are printed once, with their code, where they are caught.
      writeErr: () => {},
    })
    .addHelpText('after', exitHelp);
  for (const verb of verbs) verb(command, context);
  return command;
}

const exitHelp = `
Exit status: ${exitStatus.ok} done, and what was asked holds; ${exitStatus.failed} it does not hold, or failed; ${exitStatus.usage} wrong usage;
  ${exitStatus.developmentKeys} sound, but on development keys that were not allowed; ${exitStatus.interrupted} interrupted.
Environment: TESSERA_HOME (data directory), TESSERA_WITHOUT_EZKL=1 and
  TESSERA_WITHOUT_GROTH16=1 (leave a prover out), NO_COLOR; a node’s settings: docs/configuration.md.`;

function isHelp(error: unknown): boolean {
  return error instanceof Error && 'exitCode' in error && error.exitCode === 0;
}
