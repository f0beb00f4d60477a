/** Whether a part is there, and if not, why and what to do. */
export type PartState =
  | { state: 'present'; version: string; path: string }
  | { state: 'missing'; reason: string; remedy: string }
  | { state: 'left out'; reason: string };

export interface InstallOptions {
  signal?: AbortSignal;
  /** What is being done, in words. */
  onProgress?: (step: string) => void;
}

/** Something the program needs that npm does not install. */
export interface Part {
  readonly name: string;
  /** What cannot be done without it. */
  readonly why: string;
  /** Looks without changing anything and without the network. */
  check(signal?: AbortSignal): Promise<PartState>;
  /**
   * Installs the part, or goes on with an install that was interrupted.
   * @throws TesseraError `PROVER_MISSING` when the machine lacks what the install needs, `DOWNLOAD_FAILED` when a
   * download fails or differs from its digest.
   */
  install(options?: InstallOptions): Promise<void>;
}
