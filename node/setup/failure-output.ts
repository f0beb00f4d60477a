const shownLines = 6;

/** The last lines that a command said before it failed, from the error that `execFile` throws. */
export function failureOutput(error: unknown): string {
  const { stderr, stdout, message } = error as { stderr?: string; stdout?: string; message?: string };
  return (stderr || stdout || message || String(error)).trim().split('\n').slice(-shownLines).join('\n');
}
