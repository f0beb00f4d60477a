/**
 * The contracts' client: the embedded chain or any other, typed reads, writes that are simulated first and final when
 * they return, and what requesters, workers and watchers do with them.
 *
 * @packageDocumentation
 */
export { Chain } from './chain-client.ts';
export { type DeployedMarket, deployedMarket, readDeployment } from './deployment.ts';
export { developmentAccount, type EmbeddedChain, openEmbeddedChain } from './embedded-chain.ts';
export { type ChainJob, checkJob, coinToken, type JobChoices, makeJob } from './job.ts';
export { Market, type SegmentOnChain, type SegmentState } from './market.ts';
export { type RegistrationReport, registerModel } from './model-registration.ts';
export { knownNetworks, type Network, networkOf } from './network.ts';
export { encodeProofArtifact } from './proof-artifact.ts';
