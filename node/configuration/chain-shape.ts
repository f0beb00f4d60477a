import { z } from 'zod';

const url = z.url({ protocol: /^https?$/, error: 'is not an HTTP address, e.g. https://rpc.example' });
const file = z.string().min(1).max(4_096);
const amount = z.string().regex(/^\d{1,20}(\.\d{1,18})?$/, 'is not an amount of coins, e.g. 0.05');

/** The settings of every verb that speaks to a chain, and of a node's part in a market there. */
export const chainShape = {
  rpc: z
    .array(url)
    .max(16)
    .default([])
    .describe(
      'HTTP endpoints of one chain, the preferred one first; without one the embedded chain is used.',
    ),
  chainId: z.int().min(1).optional().describe('Refuse another chain than this.'),
  keystore: file.optional().describe('File of the account’s encrypted key: Web3 Secret Storage, version 3.'),
  passwordFile: file.optional().describe('File of the keystore’s password.'),
  account: z
    .int()
    .min(0)
    .max(9)
    .optional()
    .describe('Which of the embedded chain’s accounts sends, whose keys everybody knows.'),
  deployment: file
    .optional()
    .describe('File that `tessera chain deploy` wrote; by default in the data directory.'),
  chain: z
    .boolean()
    .default(false)
    .describe('Take part in a market on a chain: claim segments, prove them, watch others.'),
  claim: z.boolean().default(true).describe('Claim segments there; without it, only watch.'),
  stake: amount.optional().describe('Have at least this much of the chain’s coin staked, for bonds.'),
  register: z
    .boolean()
    .default(false)
    .describe('Keep this node’s peer id and what it proves registered for its account.'),
  submit: z
    .enum(['hash', 'proof'])
    .default('hash')
    .describe('What optimistic jobs are given: the proof’s hash, or the proof at once.'),
  watch: z
    .array(z.string().regex(/^(all|none|(0x)?[0-9a-fA-F]{64})$/, 'is neither a job’s id nor all or none'))
    .default(['all'])
    .describe('Ids of jobs whose submissions are checked; `all` or `none`.'),
  watchPatience: z
    .int()
    .min(0)
    .default(600)
    .describe('Seconds for which a proof’s bytes may be missing before that is challenged.'),
};
