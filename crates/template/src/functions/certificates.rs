//! PEM, certificates, JWK, PKCS#12 and RSA: the functions that External Secrets adds for keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::Oaep;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::keys::certificate::{self, Certificate};
use crate::keys::private_key::PrivateKey;
use crate::keys::{jwk, pem, pkcs12};
use crate::value::Value;

const S: Type = Type::String;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("filterPEM", &[S, S], filter_pem),
    Function::new("filterCertChain", &[S, S], filter_chain),
    Function::new("certSANs", &[S], alternative_names),
    Function::new("jwkPublicKeyPem", &[S], |call| Ok(jwk::public_pem(&call.text(0))?.into())),
    Function::new("jwkPrivateKeyPem", &[S], |call| Ok(jwk::private_pem(&call.text(0))?.into())),
    Function::new("rsaDecrypt", &[S, S, S, S], rsa_decrypt),
    Function::new("pkcs12key", &[S], |call| archive_key(call, b"", &call.text(0))),
    Function::new("pkcs12keyPass", &[S, S], |call| archive_key(call, &call.text(0), &call.text(1))),
    Function::new("pkcs12cert", &[S], |call| archive_certificates(call, b"", &call.text(0))),
    Function::new("pkcs12certPass", &[S, S], |call| archive_certificates(call, &call.text(0), &call.text(1))),
    Function::new("pemToPkcs12", &[S, S], |call| make_archive(call, b"", false)),
    Function::new("pemToPkcs12Pass", &[S, S, S], |call| make_archive(call, &call.text(2), false)),
    Function::new("fullPemToPkcs12", &[S, S], |call| make_archive(call, b"", true)),
    Function::new("fullPemToPkcs12Pass", &[S, S, S], |call| make_archive(call, &call.text(2), true)),
    Function::new("pemTruststoreToPKCS12", &[S], |call| make_trust_store(call, b"")),
    Function::new("pemTruststoreToPKCS12Pass", &[S, S], |call| make_trust_store(call, &call.text(1))),
];

/// Steps for an operation with a private key.
const SLOW: usize = 5_000;
/// Steps for an archive, whose password may take as many rounds as it says.
const ARCHIVE: usize = 50_000;

fn filter_pem(call: &mut Call<'_>) -> Outcome {
    let (label, text) = (call.utf8(0), call.text(1));
    let (blocks, rest) = pem::decode_all(&text);
    let kept: String = blocks
        .iter()
        .filter(|block| block.label.to_lowercase() == label.to_lowercase())
        .map(pem::Block::encode)
        .collect();
    if kept.is_empty() && !rest.is_empty() {
        return Err("error filtering pem: found junk".into());
    }
    Ok(kept.into())
}

fn filter_chain(call: &mut Call<'_>) -> Outcome {
    let chain = certificate::chain(&call.text(1))?;
    let (first, last) = (chain.first(), chain.last());
    let kept = match call.utf8(0).as_str() {
        "leaf" => first.filter(|leaf| !leaf.is_root()).map(Certificate::to_pem),
        "intermediate" => {
            Some(chain.iter().skip(1).take_while(|next| !next.is_root()).map(Certificate::to_pem).collect())
        }
        "root" => last.filter(|root| root.is_root()).map(Certificate::to_pem),
        _ => None,
    };
    Ok(kept.unwrap_or_default().into())
}

fn alternative_names(call: &mut Call<'_>) -> Outcome {
    let text = call.text(0);
    let (block, _) = pem::decode(&text).ok_or_else(|| Message::new("failed to decode PEM block"))?;
    let names = certificate::alternative_names(&block.bytes)
        .map_err(|error| Message::new(format!("failed to parse certificate: {error}")))?;
    Ok(Value::strings(names))
}

fn rsa_decrypt(call: &mut Call<'_>) -> Outcome {
    match call.utf8(0).as_str() {
        "None" => return Ok(call.value(2)),
        "RSA-OAEP" => {}
        other => return Err(Message::new("decryption scheme ").data(other).words(" is not supported")),
    }
    let key = call.text(3);
    let (block, _) = pem::decode(&key).ok_or_else(|| Message::new("failed to decode PEM block"))?;
    let key = match PrivateKey::from_der(&block.bytes) {
        Ok(PrivateKey::Rsa(key)) => key,
        Ok(_) => return Err("could not parse RSA private key".into()),
        Err(_) => return Err("could not parse private key: unable to parse private key type".into()),
    };
    call.spend_steps(SLOW)?;
    let sealed = call.text(2);
    let opened = match call.utf8(1).as_str() {
        "SHA1" => key.decrypt(Oaep::<Sha1>::new(), &sealed),
        "SHA512" => key.decrypt(Oaep::<Sha512>::new(), &sealed),
        _ => key.decrypt(Oaep::<Sha256>::new(), &sealed),
    };
    match opened {
        Ok(plain) => Ok(plain.into()),
        Err(_) => Err("error decrypting data with RSA: crypto/rsa: decryption error".into()),
    }
}

fn archive_key(call: &mut Call<'_>, password: &[u8], archive: &[u8]) -> Outcome {
    call.spend_steps(ARCHIVE)?;
    let archive = pkcs12::read(archive, password)
        .map_err(|error| Message::new(format!("unable to decode pkcs12 with password: {error}")))?;
    let key = archive.key.to_pkcs8().map_err(|error| Message::new(error.to_string()))?;
    Ok(pem::Block::new(pem::PRIVATE_KEY, key).encode().into())
}

fn archive_certificates(call: &mut Call<'_>, password: &[u8], archive: &[u8]) -> Outcome {
    call.spend_steps(ARCHIVE)?;
    let archive = pkcs12::read(archive, password).map_err(|error| {
        Message::new(format!("unable to decode pkcs12 certificate with password: {error}"))
    })?;
    let text: String = archive.certificates.iter().map(Certificate::to_pem).collect();
    // Leaf first where that is clear, else the order of the archive.
    match certificate::chain(text.as_bytes()) {
        Ok(chain) => Ok(chain.iter().map(Certificate::to_pem).collect::<String>().into()),
        Err(_) => Ok(text.into()),
    }
}

/// Go's panic where a text holds no block at all.
fn no_block() -> Message {
    "runtime error: invalid memory address or nil pointer dereference".into()
}

fn parse_certificates(text: &[u8], most: usize) -> Result<Vec<Certificate>, Message> {
    let mut certificates = Vec::new();
    let mut rest = text;
    while certificates.len() < most && !rest.is_empty() {
        let (block, after) = pem::decode(rest).ok_or_else(no_block)?;
        certificates.push(Certificate::parse(&block.bytes)?);
        rest = after;
    }
    Ok(certificates)
}

fn make_archive(call: &mut Call<'_>, password: &[u8], whole_chain: bool) -> Outcome {
    let (certificates, key) = (call.text(0), call.text(1));
    if certificates.is_empty() {
        return Err(no_block());
    }
    let certificates = parse_certificates(&certificates, if whole_chain { usize::MAX } else { 1 })?;
    let (block, _) = pem::decode(&key).ok_or_else(no_block)?;
    let key =
        PrivateKey::from_der(&block.bytes).map_err(|_| Message::new("unable to parse private key type"))?;
    call.spend_steps(ARCHIVE)?;
    let archive = pkcs12::write(&key, &certificates, password, call.random()?);
    Ok(STANDARD.encode(archive.map_err(|error| Message::new(error.to_string()))?).into())
}

fn make_trust_store(call: &mut Call<'_>, password: &[u8]) -> Outcome {
    let certificates = parse_certificates(&call.text(0), usize::MAX)?;
    let named: Vec<_> = certificates
        .into_iter()
        .map(|certificate| {
            let name = certificate.subject();
            (certificate, name)
        })
        .collect();
    call.spend_steps(ARCHIVE)?;
    let archive = pkcs12::write_trust_store(&named, password, call.random()?);
    Ok(STANDARD.encode(archive.map_err(|error| Message::new(error.to_string()))?).into())
}
