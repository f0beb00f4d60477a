/** Bounds on what peers send one another. They hold before anything is decoded, verified or kept. */
export const messageLimits = {
  /** One signed envelope, of any kind. */
  envelopeBytes: 65_536,
  /** Data items of CBOR in one envelope, and how deep they nest. */
  items: 8_192,
  depth: 8,
} as const;
