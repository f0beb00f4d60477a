/**
 * The local API of a running node: HTTP on loopback behind a token, versioned routes, server-sent events; and its
 * client.
 *
 * @packageDocumentation
 */
export * from './artifact-routes.ts';
export * from './client.ts';
export * from './event-stream.ts';
export * from './job-routes.ts';
export * from './peer-routes.ts';
export * from './progress-stream.ts';
export * from './serve-peer.ts';
export * from './server.ts';
export * from './token.ts';
export * from './upload-routes.ts';
export * from './worker-routes.ts';
