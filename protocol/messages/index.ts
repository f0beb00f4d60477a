/**
 * What peers say to one another about jobs: signed, bounded, versioned. Pure; runs in a browser.
 *
 * @packageDocumentation
 */
export * from './freshness.ts';
export * from './job-id.ts';
export * from './limits.ts';
export * from './message.ts';
export { decodeMessageBody, encodeMessageBody } from './message-codec.ts';
export * from './peer-id.ts';
export * from './signed-message.ts';
export * from './topics.ts';
