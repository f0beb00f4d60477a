import type { Offer } from '../../protocol/messages/index.ts';

/** What is kept of an assignment, so that a restarted worker goes on with it and proves nothing twice. */
export interface WorkRecord {
  /** The signed assignment, hexadecimal. */
  assignment: string;
  /** Multiaddrs of the requester. */
  addresses: readonly string[];
  access: Offer['access'];
  /** When its deadline is over, milliseconds since 1970 by this node's clock. */
  endsAt: number;
  /** The proof, once it is made. */
  proof?: { cid: string; size: number };
  /** Nothing more is to be done. */
  ended?: boolean;
}
