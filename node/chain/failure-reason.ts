import { BaseError } from 'viem';

/** Endpoints answer with whole pages of HTML, too. */
const maxDetails = 300;

/** Why a chain or its endpoint failed, in one line: the library's words, and the endpoint's own where it gave some. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof BaseError)) return error instanceof Error ? error.message : String(error);
  // Typed as a string, and absent where the library found the fault itself.
  const details = ((error.details as string | undefined) ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, maxDetails);
  const { shortMessage } = error;
  return details === '' || shortMessage.includes(details) ? shortMessage : `${shortMessage} (${details})`;
}
