//! Writes an archive in the modern form: AES-256, PBKDF2 and MAC with SHA-256.

use rand::Rng;
use sha1::Sha1;
use sha2::Digest;

use super::cipher::encrypt;
use super::mac::Hash;
use super::{CERTIFICATE_BAG, DATA, ENCRYPTED_DATA, Pkcs12Error, SHA256, SHROUDED_KEY_BAG, X509, wide};
use crate::keys::certificate::Certificate;
use crate::keys::der::{self, tag};
use crate::keys::private_key::PrivateKey;

/// Rounds of key derivation, for encryption and for the MAC.
const ROUNDS: u16 = 2048;
const LOCAL_KEY_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
const FRIENDLY_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x14];
/// By this attribute Java knows a certificate that it may trust.
const JAVA_TRUST: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];
const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];

/// An archive of a key and its certificates, the key's own first.
pub(crate) fn write(
    key: &PrivateKey,
    certificates: &[Certificate],
    password: &[u8],
    random: &mut dyn Rng,
) -> Result<Vec<u8>, Pkcs12Error> {
    let fingerprint =
        certificates.first().map(|certificate| Sha1::digest(&certificate.der).to_vec()).unwrap_or_default();
    let own = attribute(LOCAL_KEY_ID, &der::octets(&fingerprint));
    let bags = certificates.iter().enumerate().map(|(index, certificate)| {
        let attributes: &[&[u8]] = if index == 0 { &[&own] } else { &[] };
        certificate_bag(certificate, attributes)
    });
    let certificates =
        encrypted_part(&der::sequence(&[&bags.collect::<Vec<_>>().concat()]), password, random)?;
    let plain = key.to_pkcs8().map_err(|error| Pkcs12Error::Key(error.to_string()))?;
    let (algorithm, encrypted) = encrypt_randomly(password, &plain, random)?;
    let shrouded = der::sequence(&[&algorithm, &der::octets(&encrypted)]);
    let key_bag = bag(SHROUDED_KEY_BAG, &shrouded, &[&own]);
    let keys = content(DATA, &der::octets(&der::sequence(&[&key_bag])));
    archive(&[&certificates, &keys], password, random)
}

/// An archive of certificates to trust.
pub(crate) fn write_trust_store(
    certificates: &[(Certificate, String)],
    password: &[u8],
    random: &mut dyn Rng,
) -> Result<Vec<u8>, Pkcs12Error> {
    let mut bags = Vec::new();
    for (certificate, name) in certificates {
        let mut name = wide(name.as_bytes())?;
        name.truncate(name.len() - 2);
        let name = attribute(FRIENDLY_NAME, &der::element(0x1e, &name));
        let trusted = attribute(JAVA_TRUST, &der::object_id(ANY_USAGE));
        bags.extend(certificate_bag(certificate, &[&name, &trusted]));
    }
    let part = encrypted_part(&der::sequence(&[&bags]), password, random)?;
    archive(&[&part], password, random)
}

fn attribute(id: &[u8], value: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::object_id(id), &der::element(tag::SET, value)])
}

fn bag(kind: &[u8], value: &[u8], attributes: &[&[u8]]) -> Vec<u8> {
    let attributes =
        if attributes.is_empty() { Vec::new() } else { der::element(tag::SET, &attributes.concat()) };
    der::sequence(&[&der::object_id(kind), &der::explicit(0, value), &attributes])
}

fn certificate_bag(certificate: &Certificate, attributes: &[&[u8]]) -> Vec<u8> {
    let value = der::sequence(&[&der::object_id(X509), &der::explicit(0, &der::octets(&certificate.der))]);
    bag(CERTIFICATE_BAG, &value, attributes)
}

fn content(kind: &[u8], value: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::object_id(kind), &der::explicit(0, value)])
}

fn encrypt_randomly(
    password: &[u8],
    data: &[u8],
    random: &mut dyn Rng,
) -> Result<(Vec<u8>, Vec<u8>), Pkcs12Error> {
    let (mut salt, mut vector) = ([0; 16], [0; 16]);
    random.fill_bytes(&mut salt);
    random.fill_bytes(&mut vector);
    encrypt(password, &salt, &vector, ROUNDS, data)
}

fn encrypted_part(bags: &[u8], password: &[u8], random: &mut dyn Rng) -> Result<Vec<u8>, Pkcs12Error> {
    let (algorithm, encrypted) = encrypt_randomly(password, bags, random)?;
    let info = der::sequence(&[&der::object_id(DATA), &algorithm, &der::element(tag::CONTEXT, &encrypted)]);
    Ok(content(ENCRYPTED_DATA, &der::sequence(&[&der::unsigned(&[0]), &info])))
}

fn archive(parts: &[&[u8]], password: &[u8], random: &mut dyn Rng) -> Result<Vec<u8>, Pkcs12Error> {
    let safe = der::sequence(parts);
    let mut salt = [0; 16];
    random.fill_bytes(&mut salt);
    let key = Hash::Sha256.derive(&wide(password)?, &salt, u32::from(ROUNDS), 3, Hash::Sha256.size());
    let digest = Hash::Sha256.hmac(&key, &safe);
    let algorithm = der::sequence(&[&der::object_id(SHA256), &der::null()]);
    let info = der::sequence(&[&algorithm, &der::octets(&digest)]);
    let mac = der::sequence(&[&info, &der::octets(&salt), &der::unsigned(&ROUNDS.to_be_bytes())]);
    let safe = content(DATA, &der::octets(&safe));
    Ok(der::sequence(&[&der::unsigned(&[3]), &safe, &mac]))
}
