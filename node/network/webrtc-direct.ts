import type { Libp2pOptions } from 'libp2p';
import { TesseraError } from '../../protocol/errors.ts';

type TransportFactory = NonNullable<Libp2pOptions['transports']>[number];

/** What is used of `@libp2p/webrtc`. */
export interface WebRtcPackage {
  webRTCDirect(init: { rtcConfiguration: { iceServers: [] } }): TransportFactory;
}

/**
 * Loads WebRTC-direct: UDP, to addresses that name the hash of the certificate they answer with
 * (libp2p's `webrtc/webrtc-direct.md`). Loaded on demand, since its package is optional, brings a native module, and
 * takes some 20 MB of memory. It asks for React Native's WebRTC besides, whose place Node's takes by `overrides` in
 * package.json: else npm would install all of React Native.
 *
 * @throws TesseraError `TRANSPORT_MISSING` where the package, or its part for this platform, is not installed
 */
export async function loadWebRtcDirect(
  load: () => Promise<WebRtcPackage> = () => import('@libp2p/webrtc'),
): Promise<TransportFactory> {
  try {
    const { webRTCDirect } = await load();
    // Its own default asks public servers of others for this node's address.
    return webRTCDirect({ rtcConfiguration: { iceServers: [] } });
  } catch (cause) {
    throw new TesseraError('TRANSPORT_MISSING', {
      message: `WebRTC-direct cannot be loaded: ${cause instanceof Error ? cause.message : cause}`,
      remedy: 'Install the package `@libp2p/webrtc` beside this one, or leave --webrtc out.',
      details: { transport: 'webrtc-direct' },
      cause,
    });
  }
}
