//! Reads an archive.

use super::cipher::{Password, decrypt};
use super::{CERTIFICATE_BAG, DATA, ENCRYPTED_DATA, KEY_BAG, Pkcs12Error, SHROUDED_KEY_BAG, X509, mac, wide};
use crate::keys::certificate::Certificate;
use crate::keys::der::{Reader, tag};
use crate::keys::private_key::PrivateKey;

/// What an archive holds. The first certificate is that of the key.
pub(crate) struct Archive {
    pub(crate) key: PrivateKey,
    pub(crate) certificates: Vec<Certificate>,
}

/// Reads an archive that holds one key and at least one certificate.
pub(crate) fn read(bytes: &[u8], password: &[u8]) -> Result<Archive, Pkcs12Error> {
    let mut outer = Reader::new(bytes);
    let mut archive = outer.sequence("pfxPdu").map_err(Pkcs12Error::NoArchive)?;
    outer.finish().map_err(Pkcs12Error::NoArchive)?;
    if archive.number().map_err(Pkcs12Error::NoArchive)? != 3 {
        return Err(Pkcs12Error::Other("can only decode v3 PFX PDU's"));
    }
    let mut content = archive.sequence("contentInfo").map_err(Pkcs12Error::NoArchive)?;
    if content.object_id()? != DATA {
        return Err(Pkcs12Error::Other("only password-protected PFX is implemented"));
    }
    let safe = explicit(&mut content)?.octets()?;
    let plain = password;
    let mut wide_password = wide(password)?;
    if archive.is_empty() {
        if !password.is_empty() {
            return Err(Pkcs12Error::Other("no MAC in data"));
        }
    } else {
        let mac_data = archive.sequence("macData")?;
        let mut fits = mac::verify(&mut mac_data.clone(), safe, &wide_password, plain)?;
        if !fits && password.is_empty() {
            // Some writers take no bytes at all for an empty password.
            wide_password.clear();
            fits = mac::verify(&mut mac_data.clone(), safe, &wide_password, plain)?;
        }
        if !fits {
            return Err(Pkcs12Error::WrongPassword);
        }
    }
    let password = Password { plain, wide: &wide_password };
    let mut contents = Vec::new();
    let mut parts = Reader::new(safe).sequence("authenticatedSafe")?;
    while !parts.is_empty() {
        contents.push(safe_contents(&mut parts, password)?);
    }
    if !(1..=2).contains(&contents.len()) {
        return Err(Pkcs12Error::Other("expected between 1 and 2 items in the authenticated safe"));
    }
    let mut found = (None, Vec::new());
    for part in &contents {
        let mut bags = Reader::new(part).sequence("safeContents")?;
        while !bags.is_empty() {
            bag(&mut bags.sequence("safeBag")?, password, &mut found)?;
        }
    }
    match found {
        (_, certificates) if certificates.is_empty() => Err(Pkcs12Error::Other("certificate missing")),
        (None, _) => Err(Pkcs12Error::Other("private key missing")),
        (Some(key), certificates) => Ok(Archive { key, certificates }),
    }
}

/// What the explicit tag 0 wraps, which must be there.
fn explicit<'d>(reader: &mut Reader<'d>) -> Result<Reader<'d>, Pkcs12Error> {
    reader.explicit(0)?.ok_or(Pkcs12Error::Other("content is missing"))
}

/// One part of the safe, decrypted.
fn safe_contents(parts: &mut Reader<'_>, password: Password<'_>) -> Result<Vec<u8>, Pkcs12Error> {
    let mut part = parts.sequence("contentInfo")?;
    let kind = part.object_id()?;
    let mut content = explicit(&mut part)?;
    match kind {
        DATA => Ok(content.octets()?.to_vec()),
        ENCRYPTED_DATA => {
            let mut data = content.sequence("encryptedData")?;
            if data.number()? != 0 {
                return Err(Pkcs12Error::Other("only version 0 of EncryptedData is supported"));
            }
            let mut info = data.sequence("encryptedContentInfo")?;
            info.object_id()?;
            let mut algorithm = info.sequence("AlgorithmIdentifier")?;
            let encrypted = info.expect(tag::CONTEXT, "encryptedContent")?.body;
            decrypt(&mut algorithm, password, encrypted)
        }
        _ => Err(Pkcs12Error::Other(
            "only data and encryptedData content types are supported in authenticated safe",
        )),
    }
}

fn bag(
    bag: &mut Reader<'_>,
    password: Password<'_>,
    found: &mut (Option<PrivateKey>, Vec<Certificate>),
) -> Result<(), Pkcs12Error> {
    let kind = bag.object_id()?;
    let mut value = explicit(bag)?;
    let bad_key = |error: crate::keys::private_key::BadKey| Pkcs12Error::Key(error.to_string());
    let key = match kind {
        CERTIFICATE_BAG => {
            let mut certificate = value.sequence("certBag")?;
            if certificate.object_id()? != X509 {
                return Err(Pkcs12Error::Other("only X509 certificates are supported in cert bags"));
            }
            let der = explicit(&mut certificate)?.octets()?;
            found.1.push(Certificate::parse(der).map_err(Pkcs12Error::Certificate)?);
            return Ok(());
        }
        KEY_BAG => PrivateKey::from_pkcs8(value.any()?.whole).map_err(bad_key)?,
        SHROUDED_KEY_BAG => {
            let mut info = value.sequence("encryptedPrivateKeyInfo")?;
            let mut algorithm = info.sequence("AlgorithmIdentifier")?;
            let plain = decrypt(&mut algorithm, password, info.octets()?)
                .map_err(|error| Pkcs12Error::Shrouded(Box::new(error)))?;
            PrivateKey::from_pkcs8(&plain).map_err(bad_key)?
        }
        // Go passes over bags of other kinds.
        _ => return Ok(()),
    };
    if found.0.is_some() {
        return Err(Pkcs12Error::Other("expected exactly one key bag"));
    }
    found.0 = Some(key);
    Ok(())
}
