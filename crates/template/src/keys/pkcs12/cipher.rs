//! Encryption under a password: PBES2 with AES, and the triple DES and RC2 of old archives.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyIvInit};
use des::TdesEde3;
use rc2::Rc2;

use super::mac::{Hash, Pbkdf2, rounds};
use super::{AES128, AES192, AES256, HMAC_SHA256, PBES2, PBKDF2, Pkcs12Error, RC2_40, RC2_128, TRIPLE_DES};
use crate::keys::der::{self, Reader};

/// A password in both forms that derivations take.
#[derive(Clone, Copy)]
pub(super) struct Password<'p> {
    pub(super) plain: &'p [u8],
    pub(super) wide: &'p [u8],
}

/// Decrypts what an algorithm identifier says how to.
pub(super) fn decrypt(
    algorithm: &mut Reader<'_>,
    password: Password<'_>,
    data: &[u8],
) -> Result<Vec<u8>, Pkcs12Error> {
    if data.is_empty() {
        return Err(Pkcs12Error::Other("empty encrypted data"));
    }
    let id = algorithm.object_id()?;
    if id == PBES2 {
        return decrypt_pbes2(&mut algorithm.sequence("pbes2Params")?, password.plain, data);
    }
    let length = match id {
        TRIPLE_DES => 24,
        RC2_128 => 16,
        RC2_40 => 5,
        _ => return Err(Pkcs12Error::Other("the password-based encryption algorithm is not supported")),
    };
    let mut parameters = algorithm.sequence("pbeParams")?;
    let salt = parameters.octets()?;
    let rounds = rounds(&mut parameters)?;
    let key = Hash::Sha1.derive(password.wide, salt, rounds, 1, length);
    let vector = Hash::Sha1.derive(password.wide, salt, rounds, 2, 8);
    if id == TRIPLE_DES {
        return unpadded(
            cbc::Decryptor::<TdesEde3>::new_from_slices(&key, &vector).map_err(|_| bad_length())?,
            data,
            8,
        );
    }
    let cipher = Rc2::new_with_eff_key_len(&key, length * 8);
    unpadded(cbc::Decryptor::<Rc2>::inner_iv_slice_init(cipher, &vector).map_err(|_| bad_length())?, data, 8)
}

fn bad_length() -> Pkcs12Error {
    Pkcs12Error::Other("invalid length of a key or an initial vector")
}

fn decrypt_pbes2(parameters: &mut Reader<'_>, password: &[u8], data: &[u8]) -> Result<Vec<u8>, Pkcs12Error> {
    let derivation = Pbkdf2::read(parameters)?;
    let mut scheme = parameters.sequence("AlgorithmIdentifier")?;
    let id = scheme.object_id()?;
    let vector = scheme.octets()?;
    let key = |length| derivation.hash.pbkdf2(password, derivation.salt, derivation.rounds, length);
    match id {
        AES256 => {
            let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&key(32), vector);
            unpadded(cipher.map_err(|_| bad_length())?, data, 16)
        }
        AES192 => {
            let cipher = cbc::Decryptor::<Aes192>::new_from_slices(&key(24), vector);
            unpadded(cipher.map_err(|_| bad_length())?, data, 16)
        }
        AES128 => {
            let cipher = cbc::Decryptor::<Aes128>::new_from_slices(&key(16), vector);
            unpadded(cipher.map_err(|_| bad_length())?, data, 16)
        }
        _ => Err(Pkcs12Error::Other("the pbes2 algorithm is not supported")),
    }
}

/// Decrypts and takes the padding off: as many bytes as the last one says, all of its value.
fn unpadded<C: BlockCipherDecrypt>(
    cipher: cbc::Decryptor<C>,
    data: &[u8],
    block: usize,
) -> Result<Vec<u8>, Pkcs12Error> {
    let mut plain = cipher
        .decrypt_padded_vec::<NoPadding>(data)
        .map_err(|_| Pkcs12Error::Other("input is not a multiple of the block size"))?;
    let padding = plain.last().copied().unwrap_or_default();
    let length = usize::from(padding);
    if length == 0 || length > block || length > plain.len() {
        return Err(Pkcs12Error::Padding);
    }
    let kept = plain.len() - length;
    if plain[kept..].iter().any(|byte| *byte != padding) {
        return Err(Pkcs12Error::Padding);
    }
    plain.truncate(kept);
    Ok(plain)
}

/// Encrypts with AES-256; the algorithm identifier and the data.
pub(super) fn encrypt(
    password: &[u8],
    salt: &[u8],
    vector: &[u8; 16],
    rounds: u16,
    data: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), Pkcs12Error> {
    let key = Hash::Sha256.pbkdf2(password, salt, u32::from(rounds), 32);
    let padding = 16 - data.len() % 16;
    let padded: Vec<u8> = data.iter().copied().chain(std::iter::repeat_n(padding as u8, padding)).collect();
    let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&key, vector).map_err(|_| bad_length())?;
    let encrypted = cipher.encrypt_padded_vec::<NoPadding>(&padded);
    let function = der::sequence(&[&der::object_id(HMAC_SHA256), &der::null()]);
    let parameters = der::sequence(&[&der::octets(salt), &der::unsigned(&rounds.to_be_bytes()), &function]);
    let derivation = der::sequence(&[&der::object_id(PBKDF2), &parameters]);
    let scheme = der::sequence(&[&der::object_id(AES256), &der::octets(vector)]);
    let algorithm = der::sequence(&[&der::object_id(PBES2), &der::sequence(&[&derivation, &scheme])]);
    Ok((algorithm, encrypted))
}
