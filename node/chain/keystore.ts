import { Keystore } from 'ox';
import type { LocalAccount } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { z } from 'zod';
import { TesseraError } from '../../protocol/errors.ts';
import { readGiven } from '../files/given-file.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-fA-F]{${2 * bytes}}$`));
const salt = z.string().regex(/^([0-9a-fA-F]{2}){8,128}$/);

/** Bounds keep a hostile file from taking the machine's memory (scrypt: 128 · n · r bytes) or hours. */
const derivation = z.discriminatedUnion('kdf', [
  z.object({
    kdf: z.literal('scrypt'),
    kdfparams: z.object({
      n: z
        .int()
        .min(2)
        .max(2 ** 20),
      r: z.int().min(1).max(8),
      p: z.int().min(1).max(16),
      dklen: z.literal(32),
      salt,
    }),
  }),
  z.object({
    kdf: z.literal('pbkdf2'),
    kdfparams: z.object({
      c: z.int().min(1).max(10_000_000),
      prf: z.literal('hmac-sha256'),
      dklen: z.literal(32),
      salt,
    }),
  }),
]);

/** https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage/, version 3, of a 32-byte key. */
const keystoreSchema = z.object({
  version: z.literal(3),
  id: z.string().max(64).optional(),
  crypto: z
    .object({
      cipher: z.literal('aes-128-ctr'),
      cipherparams: z.object({ iv: hex(16) }),
      ciphertext: hex(32),
      mac: hex(32),
    })
    .and(derivation),
});

const maxBytes = 65_536;

/**
 * Opens an account whose key lies in an encrypted file.
 *
 * @param path Web3 Secret Storage, version 3
 * @throws TesseraError `KEYSTORE_INVALID` when it is no such file, or the password is not its
 */
export async function openKeystore(path: string, password: string): Promise<LocalAccount> {
  const text = (await readGiven(path, { what: 'The keystore' })).toString('utf8');
  const parsed = text.length > maxBytes ? undefined : keystoreSchema.safeParse(parseJson(text));
  if (parsed?.success !== true) {
    throw new TesseraError('KEYSTORE_INVALID', {
      message: `${path} is not a Web3 Secret Storage file of version 3${parsed ? `: ${z.prettifyError(parsed.error)}` : ''}`,
      remedy: 'Give the encrypted key file that a wallet, geth or `cast wallet` wrote.',
      details: { path },
    });
  }
  try {
    // The shape was checked; the library's type writes one alternative where the format has two.
    const keystore = parsed.data as Keystore.Keystore;
    return privateKeyToAccount(Keystore.decrypt(keystore, await Keystore.toKeyAsync(keystore, { password })));
  } catch (cause) {
    throw new TesseraError('KEYSTORE_INVALID', {
      message: `The password does not open ${path}`,
      remedy:
        'Give the file that holds its password with --password-file; a line break at the end is left out.',
      details: { path },
      cause,
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema says what is wrong with it.
    return undefined;
  }
}
