import { expect, it } from 'vitest';
import { loadWebRtcDirect } from './webrtc-direct.ts';

it('says what to install where the package of WebRTC-direct is missing', async () => {
  const missing = () => Promise.reject(new Error("Cannot find package '@libp2p/webrtc'"));
  await expect(loadWebRtcDirect(missing)).rejects.toMatchObject({
    code: 'TRANSPORT_MISSING',
    remedy: expect.stringContaining('@libp2p/webrtc'),
    details: { transport: 'webrtc-direct' },
  });
});
