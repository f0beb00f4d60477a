/** Bounds on what peers send one another. They hold before anything is decoded, verified or kept. */
export const messageLimits = {
  /** One signed envelope, of any kind. */
  envelopeBytes: 65_536,
  /** Data items of CBOR in one body, and how deep they nest. */
  items: 8_192,
  depth: 8,
  /** Milliseconds from `issued` to `expires`; so nobody has to remember a message for longer. */
  lifetime: 3_600_000,
  /** Milliseconds by which clocks may differ, either way. */
  clockSkew: 600_000,
  /** Milliseconds from an assignment’s `issued` for which anybody works on it, whatever its `deadline` says. */
  assignment: 86_400_000,
  addresses: 16,
  addressBytes: 256,
  provers: 16,
  /** Kinds of segments that one offer tells apart. */
  needs: 256,
  /** Artifacts and tensors that one assignment names. */
  artifacts: 64,
  tensors: 512,
  gpus: 16,
  /** Free words for people, bytes in UTF-8. */
  detailBytes: 512,
  /** A proof that travels inside its submission. */
  inlineBytes: 49_152,
  cidBytes: 64,
  /** Proofs that one peer works on at once. */
  slots: 65_536,
} as const;
