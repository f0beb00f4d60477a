/**
 * A peer of the network, put together: its store and identity, its connections, its transports.
 *
 * @packageDocumentation
 */
export * from './events.ts';
export { createLog, type Logger } from './log.ts';
export * from './peer.ts';
