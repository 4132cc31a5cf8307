//! Keyed hashes and the derivation of keys from passwords.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{
    HMAC_SHA1, HMAC_SHA256, HMAC_SHA512, MOST_ROUNDS, PBKDF2, PBMAC1, Pkcs12Error, SHA1, SHA256, SHA512,
};
use crate::keys::der::{Reader, tag};

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    pub(super) fn from_object_id(id: &[u8]) -> Option<Self> {
        match id {
            SHA1 | HMAC_SHA1 => Some(Self::Sha1),
            SHA256 | HMAC_SHA256 => Some(Self::Sha256),
            SHA512 | HMAC_SHA512 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Bytes of a block; the output is half of it, or 20 bytes.
    fn block(self) -> usize {
        if self == Self::Sha512 { 128 } else { 64 }
    }

    pub(super) fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    /// HMAC takes keys of any length.
    pub(super) fn hmac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        fn run<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
            match <M as KeyInit>::new_from_slice(key) {
                Ok(mut mac) => {
                    mac.update(message);
                    mac.finalize().into_bytes().to_vec()
                }
                Err(_) => Vec::new(),
            }
        }
        match self {
            Self::Sha1 => run::<Hmac<Sha1>>(key, message),
            Self::Sha256 => run::<Hmac<Sha256>>(key, message),
            Self::Sha512 => run::<Hmac<Sha512>>(key, message),
        }
    }

    pub(super) fn pbkdf2(self, password: &[u8], salt: &[u8], rounds: u32, length: usize) -> Vec<u8> {
        let mut key = vec![0; length];
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
            Self::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
        }
        key
    }

    /// The derivation of RFC 7292, appendix B: `purpose` is 1 for keys, 2 for initial vectors, 3 for MACs.
    pub(super) fn derive(
        self,
        password: &[u8],
        salt: &[u8],
        rounds: u32,
        purpose: u8,
        length: usize,
    ) -> Vec<u8> {
        let block = self.block();
        let filled = |bytes: &[u8]| -> Vec<u8> {
            let length = bytes.len().div_ceil(block) * block;
            bytes.iter().copied().cycle().take(length).collect()
        };
        let mut input = [filled(salt), filled(password)].concat();
        let mut out = Vec::new();
        while out.len() < length {
            let mut hash = self.digest(&[&vec![purpose; block], &*input].concat());
            for _ in 1..rounds {
                hash = self.digest(&hash);
            }
            let addend: Vec<u8> = hash.iter().copied().cycle().take(block).collect();
            for chunk in input.chunks_mut(block) {
                // Adds the addend and one, as numbers of so many bytes.
                let mut carry = 1;
                for (byte, plus) in chunk.iter_mut().zip(&addend).rev() {
                    let sum = u16::from(*byte) + u16::from(*plus) + carry;
                    *byte = sum as u8;
                    carry = sum >> 8;
                }
            }
            out.extend(hash);
        }
        out.truncate(length);
        out
    }
}

/// Rounds that may be run.
pub(super) fn rounds(reader: &mut Reader<'_>) -> Result<u32, Pkcs12Error> {
    let rounds = reader.number()?;
    if rounds > MOST_ROUNDS {
        return Err(Pkcs12Error::Other("more rounds of key derivation than allowed"));
    }
    Ok(rounds)
}

/// Parameters of PBKDF2.
pub(super) struct Pbkdf2<'d> {
    pub(super) salt: &'d [u8],
    pub(super) rounds: u32,
    pub(super) length: Option<u32>,
    pub(super) hash: Hash,
}

impl<'d> Pbkdf2<'d> {
    pub(super) fn read(algorithm: &mut Reader<'d>) -> Result<Self, Pkcs12Error> {
        let mut function = algorithm.sequence("AlgorithmIdentifier")?;
        if function.object_id()? != PBKDF2 {
            return Err(Pkcs12Error::Other("only PBKDF2 is supported as key derivation function"));
        }
        let mut parameters = function.sequence("pbkdf2Params")?;
        if parameters.peek() != Some(tag::OCTET_STRING) {
            return Err(Pkcs12Error::Other("only octet string salts are supported for pbes2/pbkdf2"));
        }
        let salt = parameters.octets()?;
        let rounds = rounds(&mut parameters)?;
        let length = if parameters.peek() == Some(tag::INTEGER) { Some(parameters.number()?) } else { None };
        let hash = match parameters.peek() {
            None => Hash::Sha1,
            Some(_) => {
                let mut function = parameters.sequence("AlgorithmIdentifier")?;
                Hash::from_object_id(function.object_id()?)
                    .ok_or(Pkcs12Error::Other("the pseudo-random function of PBKDF2 is not supported"))?
            }
        };
        Ok(Self { salt, rounds, length, hash })
    }
}

/// Checks an archive's MAC with a wide password.
pub(super) fn verify(
    mac_data: &mut Reader<'_>,
    message: &[u8],
    wide: &[u8],
    plain: &[u8],
) -> Result<bool, Pkcs12Error> {
    let mut info = mac_data.sequence("digestInfo")?;
    let mut algorithm = info.sequence("AlgorithmIdentifier")?;
    let id = algorithm.object_id()?;
    let expected = info.octets()?;
    let salt = mac_data.octets()?;
    let rounds = if mac_data.is_empty() { 1 } else { rounds(mac_data)? };
    if id == PBMAC1 {
        return verify_pbmac1(&mut algorithm, message, plain, expected);
    }
    let hash = Hash::from_object_id(id).ok_or(Pkcs12Error::Other("MAC digest algorithm not supported"))?;
    let key = hash.derive(wide, salt, rounds, 3, hash.size());
    Ok(is_equal(&hash.hmac(&key, message), expected))
}

fn verify_pbmac1(
    algorithm: &mut Reader<'_>,
    message: &[u8],
    password: &[u8],
    expected: &[u8],
) -> Result<bool, Pkcs12Error> {
    let mut parameters = algorithm.sequence("pbmac1Params")?;
    let derivation = Pbkdf2::read(&mut parameters)?;
    let mut mac = parameters.sequence("AlgorithmIdentifier")?;
    let hash = Hash::from_object_id(mac.object_id()?)
        .ok_or(Pkcs12Error::Other("PBMAC1 MAC algorithm is not supported"))?;
    let length = derivation
        .length
        .and_then(|length| usize::try_from(length).ok())
        .filter(|length| (20..=64).contains(length))
        .ok_or(Pkcs12Error::Other("PBMAC1 requires a key length of 20 to 64 octets"))?;
    let key = derivation.hash.pbkdf2(password, derivation.salt, derivation.rounds, length);
    Ok(is_equal(&hash.hmac(&key, message), expected))
}

/// Without telling by its time where two MACs differ.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}
