/** Bytes of a piece of memory: what libp2p hands over at once is rarely longer. */
const pieceBytes = 2 ** 18;

/**
 * Bytes that arrived and are not wanted yet, first in, first out. They are copied into memory that is used again and
 * again: what libp2p handed over can be collected while it is young, which is several times cheaper than later.
 */
export class ByteQueue {
  readonly #filled: Uint8Array[] = [];
  readonly #free: Uint8Array[] = [];
  /** Of the first piece, already taken. */
  #taken = 0;
  /** Of the last piece, written. */
  #written = pieceBytes;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#length += bytes.length;
    for (let from = 0; from < bytes.length; ) {
      if (this.#written === pieceBytes) {
        this.#filled.push(this.#free.pop() ?? new Uint8Array(pieceBytes));
        this.#written = 0;
      }
      const copied = bytes.subarray(from, from + pieceBytes - this.#written);
      (this.#filled.at(-1) as Uint8Array).set(copied, this.#written);
      this.#written += copied.length;
      from += copied.length;
    }
  }

  /** Moves as many bytes into `target` as there are and fit; says how many. */
  take(target: Uint8Array): number {
    let moved = 0;
    while (moved < target.length && this.#length > 0) {
      const piece = this.#filled[0] as Uint8Array;
      const end = this.#filled.length === 1 ? this.#written : pieceBytes;
      const bytes = piece.subarray(this.#taken, Math.min(end, this.#taken + target.length - moved));
      target.set(bytes, moved);
      moved += bytes.length;
      this.#taken += bytes.length;
      this.#length -= bytes.length;
      if (this.#taken === end) this.#drop();
    }
    return moved;
  }

  #drop(): void {
    this.#free.push(this.#filled.shift() as Uint8Array);
    this.#taken = 0;
    if (this.#filled.length === 0) this.#written = pieceBytes;
  }
}
