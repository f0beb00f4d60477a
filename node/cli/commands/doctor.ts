import type { Command } from 'commander';
import { showMemory } from '../../memory.ts';
import { version } from '../../package.ts';
import { type Diagnosis, diagnose, parts } from '../../setup/index.ts';
import type { Context } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { addVerb } from '../verb.ts';

/** `tessera doctor`: says what is present, what is missing, and why. */
export function doctorVerb(program: Command, context: Context): void {
  addVerb(program, {
    usage: 'doctor',
    description: 'List what is present, what is missing and why; exits 1 when a part is missing.',
    examples: ['tessera doctor', 'tessera doctor --json'],
  }).action(async () => {
    const { settings, output, signal } = context;
    const diagnosis = await diagnose({
      version,
      directory: settings.directory,
      parts: parts(settings),
      signal,
    });
    output.result(diagnosis, describe(diagnosis, output));
    if (!diagnosis.complete) context.exitStatus = exitStatus.failed;
  });
}

function describe(diagnosis: Diagnosis, output: Context['output']): string {
  const { memory } = diagnosis;
  const lines = [
    `tessera ${diagnosis.version} on Node ${diagnosis.node}, ${diagnosis.platform}`,
    `${diagnosis.cores} cores, ${showMemory(memory.totalBytes)} memory, ${showMemory(memory.freeBytes)} free`,
    `data directory: ${diagnosis.dataDirectory}`,
  ];
  for (const part of diagnosis.parts) {
    if (part.state === 'present') {
      lines.push(`${output.style('green', 'present')}  ${part.name} ${part.version} (${part.path})`);
    } else if (part.state === 'left out') {
      lines.push(
        `${output.style('yellow', 'left out')} ${part.name}: ${part.reason} Without it: ${part.why}`,
      );
    } else {
      lines.push(
        `${output.style('red', 'missing')}  ${part.name}: ${part.reason} It matters: ${part.why} ${part.remedy}`,
      );
    }
  }
  return lines.join('\n');
}
