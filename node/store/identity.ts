import { constants } from 'node:fs';
import { copyFile, type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import type { Hex32 } from '../../protocol/edge.ts';
import { TesseraError } from '../../protocol/errors.ts';
import { peerIdOf } from '../../protocol/messages/index.ts';

/** Who a node is: an Ed25519 key, under which it signs messages and others know it. */
export interface Identity {
  peerId: string;
  publicKey: Hex32;
  /** What signs messages: the 32-byte secret key. */
  secretKey: Uint8Array;
  /** The same key as libp2p takes it. */
  privateKey: Ed25519PrivateKey;
}

/** An identity file: JSON, owner-only. */
const identityFile = z.strictObject({
  type: z.literal('tessera/identity'),
  version: z.literal(1),
  /** For people; the key decides. */
  peerId: z.string(),
  secretKey: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Bytes that an identity file may have: more than it ever needs. */
const maxFileBytes = 4_096;

/**
 * The identity in a file; makes a new one where there is none. Only for whoever holds the node's store: the store's
 * lock keeps two processes from being the same peer.
 *
 * @throws TesseraError `IDENTITY_INVALID` when the file holds none, or others may read it
 */
export async function loadOrCreateIdentity(path: string): Promise<Identity> {
  const present = await readFileIfAny(path);
  if (present !== undefined) return ownedIdentity(path, present);
  const identity = identityOf(await generateKeyPair('Ed25519'));
  await writeIdentity(path, identity);
  return identity;
}

/**
 * The identity in a file.
 *
 * @throws TesseraError `IDENTITY_INVALID` when there is none, or others may read it
 */
export async function readIdentity(path: string): Promise<Identity> {
  const file = await readFileIfAny(path);
  if (file === undefined)
    throw missing(path, 'A node makes its identity when it first starts: tessera start');
  return ownedIdentity(path, file);
}

/**
 * Copies an identity into a file that does not exist yet, owner-only.
 *
 * @throws TesseraError `IDENTITY_INVALID`, `STORAGE_FAILED` when the file exists already
 */
export async function backUpIdentity(path: string, to: string): Promise<Identity> {
  const identity = await readIdentity(path);
  try {
    // The copy keeps the mode, and COPYFILE_EXCL never writes over another file.
    await copyFile(path, to, constants.COPYFILE_EXCL);
  } catch (cause) {
    throw new TesseraError('STORAGE_FAILED', {
      message: `The identity cannot be written to ${to}: ${(cause as Error).message}`,
      remedy: 'Name a file that does not exist yet, in a directory that does.',
      details: { path: to },
      cause,
    });
  }
  return identity;
}

/**
 * Puts the identity of a backup in the place of the present one. Only for whoever holds the node's store.
 *
 * @param replace Whether another identity may be replaced; it stays beside as `PATH.PEERID`
 * @throws TesseraError `IDENTITY_INVALID` when the backup holds none, or another one is there and may not be replaced
 */
export async function restoreIdentity(path: string, from: string, replace: boolean): Promise<Identity> {
  const backup = await readFileIfAny(from);
  if (backup === undefined) throw missing(from, 'Name a file that `tessera identity backup` wrote.');
  const identity = await parseIdentity(from, backup.text);
  const presentFile = await readFileIfAny(path);
  if (presentFile !== undefined) {
    const present = await parseIdentity(path, presentFile.text);
    if (present.peerId === identity.peerId) return identity;
    if (!replace) {
      throw invalid(path, `it holds another identity, ${present.peerId}`, 'Add --replace to put it aside.');
    }
    // By its own name, so that no key is ever written over; and copied, so that there is an identity at any time.
    await copyFile(path, `${path}.${present.peerId}`);
  }
  await writeIdentity(path, identity);
  return identity;
}

async function writeIdentity(path: string, { peerId, secretKey }: Identity): Promise<void> {
  const content = { type: 'tessera/identity', version: 1, peerId, secretKey: bytesToHex(secretKey) };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, fsync: true });
}

interface IdentityText {
  text: string;
  /** Whether its owner alone may read and change it, as far as the system can tell. */
  ownerOnly: boolean;
}

async function readFileIfAny(path: string): Promise<IdentityText | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { mode, size } = await file.stat();
    if (size > maxFileBytes) throw invalid(path, 'it is no identity file');
    const ownerOnly = process.platform === 'win32' || (mode & 0o077) === 0;
    return { text: await file.readFile('utf8'), ownerOnly };
  } finally {
    await file.close();
  }
}

async function ownedIdentity(path: string, { text, ownerOnly }: IdentityText): Promise<Identity> {
  if (!ownerOnly) throw invalid(path, 'others than its owner may read or change it', `chmod 600 ${path}`);
  return parseIdentity(path, text);
}

async function parseIdentity(path: string, text: string): Promise<Identity> {
  const parsed = identityFile.safeParse(parseJson(text));
  if (!parsed.success) throw invalid(path, 'it is no identity file');
  const { secretKey, peerId } = parsed.data;
  const identity = identityOf(await generateKeyPairFromSeed('Ed25519', hexToBytes(secretKey)));
  if (identity.peerId !== peerId) throw invalid(path, 'its peer id is not that of its key');
  return identity;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function identityOf(privateKey: Ed25519PrivateKey): Identity {
  const publicKey = bytesToHex(privateKey.publicKey.raw);
  // libp2p's raw private key is the secret key and the public one, one after the other.
  return { peerId: peerIdOf(publicKey), publicKey, secretKey: privateKey.raw.slice(0, 32), privateKey };
}

function missing(path: string, remedy: string): TesseraError {
  return invalid(path, 'it does not exist', remedy);
}

function invalid(path: string, why: string, remedy?: string): TesseraError {
  return new TesseraError('IDENTITY_INVALID', {
    message: `${path}: ${why}`,
    ...(remedy === undefined ? {} : { remedy }),
    details: { path },
  });
}
