/**
 * Artifacts over the network: who has what (by the DHT), and blocks from peer to peer, each checked as it comes.
 * README.md specifies the protocol.
 *
 * @packageDocumentation
 */
export { Announcer, type AnnouncerOptions } from './announcer.ts';
export type { DownloadOptions, DownloadProgress, FaultReport } from './download.ts';
export {
  ArtifactExchange,
  type ArtifactExchangeComponents,
  type ArtifactExchangeOptions,
} from './exchange.ts';
export { ArtifactFetcher, type FetchRequest } from './fetcher.ts';
export { type HoldOptions, type Pin, PinningService, type PinningServiceInit } from './pinning-service.ts';
export { artifactProtocol, transferLimits } from './protocol.ts';
export type { Fault } from './provider-session.ts';
export { type ContentRouting, dhtRouting, type Provider } from './routing.ts';
export { ArtifactServer, type ArtifactServerOptions } from './server.ts';
