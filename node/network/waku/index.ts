/**
 * Waku as a transport of signed messages, beside libp2p's gossip.
 *
 * @packageDocumentation
 */
export * from './waku-transport.ts';
