import { TesseraError } from '../../protocol/errors.ts';
import { findRunningNode } from '../api/index.ts';
import { parseArtifactCid } from '../artifacts/store/index.ts';
import { type Pin, PinningService } from '../artifacts/transfer/index.ts';
import { readGiven } from '../files/given-file.ts';
import type { PeerStatus } from '../peer/index.ts';
import { nodeFiles } from '../store/index.ts';
import type { Context } from './context.ts';

/** A pinning service and the user's token for it. */
export interface ServiceFlags {
  service: string;
  tokenFile?: string;
}

/** How an artifact stands at a pinning service. */
export interface PinnedElsewhere {
  cid: string;
  service: string;
  status: Pin['status'] | 'released';
}

/** How many addresses a service takes. */
const maxOrigins = 20;

/**
 * Has a pinning service keep an artifact that the running node has, and waits until it does.
 *
 * @throws TesseraError `ENCODING_INVALID`, `NODE_MISSING`, `USAGE`, `NETWORK_FAILED`, `ABORTED`
 */
export async function pinElsewhere(
  { settings, signal, output }: Context,
  text: string,
  flags: ServiceFlags,
): Promise<PinnedElsewhere> {
  const cid = parseArtifactCid(text);
  const service = await serviceOf(flags);
  const api = await findRunningNode(nodeFiles(settings.directory.node), signal);
  if (api === undefined) {
    throw new TesseraError('NODE_MISSING', {
      message: 'The service fetches the artifact from this node, and none is running',
      remedy: 'Start one with `tessera start`, at an address that the service can reach.',
    });
  }
  const { addresses } = await api.get<PeerStatus>('/v1/status', { signal });
  const { status } = await service.hold(cid, {
    origins: addresses.slice(0, maxOrigins),
    signal,
    // How much of it the service has, it does not tell.
    onStatus: (pin) =>
      output.progress({ type: 'stage', stage: 'download', done: 0, total: 0, detail: pin.status }),
  });
  return { cid: `${cid}`, service: flags.service, status };
}

/**
 * Tells a pinning service that it need not keep an artifact any longer.
 *
 * @throws TesseraError `ENCODING_INVALID`, `USAGE`, `NETWORK_FAILED`, `ABORTED`
 */
export async function unpinElsewhere(
  { signal }: Context,
  text: string,
  flags: ServiceFlags,
): Promise<PinnedElsewhere> {
  const cid = parseArtifactCid(text);
  await (await serviceOf(flags)).release(cid, { signal });
  return { cid: `${cid}`, service: flags.service, status: 'released' };
}

async function serviceOf({ service, tokenFile }: ServiceFlags): Promise<PinningService> {
  if (!URL.canParse(service) || !/^https?:/.test(service)) {
    throw usage(`${service} is not the address of a pinning service`);
  }
  if (tokenFile === undefined) throw usage('--service needs --token-file');
  const token = (await readGiven(tokenFile, { what: 'The token file' })).toString('utf8').trim();
  return new PinningService({ endpoint: service, token });
}

function usage(message: string): TesseraError {
  return new TesseraError('USAGE', { message, remedy: 'See: tessera artifacts pin --help' });
}
