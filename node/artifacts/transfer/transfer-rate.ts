/** What is assumed before anything came: a line of 100 Mbit/s, with the weight of a tenth of a second. */
const assumed = { bytes: 1.25e6, seconds: 0.1 };

/** Of all that came before, at each new download. */
const weightOfThePast = 0.5;

/** How fast artifacts come to this node: a moving mean, in which large downloads weigh most. */
export class TransferRate {
  #bytes = assumed.bytes;
  #seconds = assumed.seconds;

  get bytesPerSecond(): number {
    return this.#bytes / this.#seconds;
  }

  /** @param bytes that came over the network */
  note(bytes: number, seconds: number): void {
    if (bytes === 0) return;
    this.#bytes = weightOfThePast * this.#bytes + bytes;
    this.#seconds = weightOfThePast * this.#seconds + seconds;
  }
}
