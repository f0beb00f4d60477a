import { ArtifactAccess } from '../job/artifact-access.ts';
import type { RunningNode } from './node.ts';

/** A node's artifacts as a market's jobs use them: nobody says who has what, so every peer may be asked. */
export function marketArtifacts({
  peer,
  artifacts,
}: Pick<RunningNode, 'peer' | 'artifacts'>): ArtifactAccess {
  return new ArtifactAccess(artifacts, () =>
    peer.libp2p.getPeers().map((id) => ({ peer: id, multiaddrs: [] })),
  );
}
