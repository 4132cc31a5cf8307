//! JSON Web Keys made into PEM.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::BoxedUint;

use super::der;
use super::pem::{self, Block};
use super::private_key::{self, Curve, PrivateKey};
use crate::error::Message;
use crate::json;
use crate::value::{Element, Map};

/// A key that is public or private.
enum Key {
    /// The key's algorithm with its parameters, and its bits.
    Public {
        go_type: &'static str,
        info: Vec<u8>,
    },
    Private {
        go_type: &'static str,
        key: PrivateKey,
    },
    /// A secret shared by two sides; it has no PEM.
    Symmetric,
}

impl Key {
    fn go_type(&self) -> &'static str {
        match self {
            Self::Public { go_type, .. } | Self::Private { go_type, .. } => go_type,
            Self::Symmetric => "[]uint8",
        }
    }
}

fn text(map: &Map, name: &str) -> Option<String> {
    map.get(name.as_bytes())?.as_text().map(|text| String::from_utf8_lossy(text).into_owned())
}

/// A member in base64 for URLs, with or without padding.
fn bytes(map: &Map, name: &str) -> Result<Vec<u8>, Message> {
    let text = text(map, name).ok_or_else(|| Message::new(format!("required field {name} is missing")))?;
    URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| format!("failed to decode base64url in field {name}").into())
}

fn parse(text_of_key: &[u8]) -> Result<Key, Message> {
    if text_of_key.trim_ascii().is_empty() {
        return Err("failed to unmarshal JSON into key hint: EOF".into());
    }
    let hint = r#"struct { Kty string "json:\"kty\""; D json.RawMessage "json:\"d\"" }"#;
    let members = json::members(text_of_key, hint)
        .map_err(|error| Message::new(format!("failed to unmarshal JSON into key hint: {error}")))?;
    let map = Map::new(Element::Any, members.into_iter().map(|member| (member.key, member.value)));
    let is_private = map.get(b"d").is_some();
    match text(&map, "kty").unwrap_or_default().as_str() {
        "RSA" if is_private => rsa_private(&map),
        "RSA" => rsa_public(&map),
        "EC" => elliptic(&map, is_private),
        "OKP" => octet_pair(&map, is_private),
        "oct" => Ok(Key::Symmetric),
        other => Err(Message::new("invalid key type from JSON (").data(other).words(")")),
    }
}

fn rsa_public(map: &Map) -> Result<Key, Message> {
    let within = |error: Message| error.after("failed to unmarshal JSON into key (*jwk.rsaPublicKey): ");
    let e = bytes(map, "e").map_err(within)?;
    let n = bytes(map, "n").map_err(within)?;
    let key = der::sequence(&[&der::unsigned(&n), &der::unsigned(&e)]);
    let info = private_key::public_key_info(private_key::RSA, &der::null(), &key);
    Ok(Key::Public { go_type: "*rsa.PublicKey", info })
}

fn rsa_private(map: &Map) -> Result<Key, Message> {
    let number = |name: &str| bytes(map, name).map(|bytes| BoxedUint::from_be_slice_vartime(&bytes));
    let primes = vec![number("p")?, number("q")?];
    let key = rsa::PrivateKey::from_components(number("n")?, number("e")?, number("d")?, primes)
        .map_err(|_| Message::new("crypto/rsa: invalid private key"))?;
    Ok(Key::Private { go_type: "*rsa.PrivateKey", key: PrivateKey::Rsa(Box::new(key)) })
}

fn elliptic(map: &Map, is_private: bool) -> Result<Key, Message> {
    let name = text(map, "crv").unwrap_or_default();
    let curve = Curve::from_name(&name).ok_or_else(|| {
        let side = if is_private { "private" } else { "public" };
        Message::new(format!("failed to build {side} key: invalid curve algorithm ")).data(name.clone())
    })?;
    let coordinate = |member: &str| {
        private_key::padded(&bytes(map, member)?, curve.size())
            .ok_or_else(|| Message::new(format!("field {member} is too long")))
    };
    let point = [&[4], &*coordinate("x")?, &*coordinate("y")?].concat();
    if is_private {
        let scalar = coordinate("d")?;
        return Ok(Key::Private {
            go_type: "*ecdsa.PrivateKey",
            key: PrivateKey::Ec { curve, scalar, point },
        });
    }
    let info = private_key::public_key_info(private_key::EC, &der::object_id(curve.object_id()), &point);
    Ok(Key::Public { go_type: "*ecdsa.PublicKey", info })
}

fn octet_pair(map: &Map, is_private: bool) -> Result<Key, Message> {
    let name = text(map, "crv").unwrap_or_default();
    let algorithm = match name.as_str() {
        "Ed25519" => private_key::ED25519,
        "X25519" => private_key::X25519,
        other => return Err(Message::new("unsupported curve ").data(other)),
    };
    let is_signing = algorithm == private_key::ED25519;
    if is_private {
        let seed = bytes(map, "d")?;
        if seed.len() != 32 {
            return Err("field d has a wrong length".into());
        }
        let (go_type, key) = match is_signing {
            true => ("ed25519.PrivateKey", PrivateKey::Ed25519(seed)),
            false => ("*ecdh.PrivateKey", PrivateKey::X25519(seed)),
        };
        return Ok(Key::Private { go_type, key });
    }
    let info = private_key::public_key_info(algorithm, &[], &bytes(map, "x")?);
    Ok(Key::Public { go_type: if is_signing { "ed25519.PublicKey" } else { "*ecdh.PublicKey" }, info })
}

/// A public key as `PUBLIC KEY`.
pub(crate) fn public_pem(text: &[u8]) -> Result<String, Message> {
    match parse(text)? {
        Key::Public { info, .. } => Ok(Block::new("PUBLIC KEY", info).encode()),
        other => Err(format!("x509: unsupported public key type: {}", other.go_type()).into()),
    }
}

/// A private key as `PRIVATE KEY`.
pub(crate) fn private_pem(text: &[u8]) -> Result<String, Message> {
    match parse(text)? {
        Key::Private { key, .. } => {
            let bytes = key.to_pkcs8().map_err(|error| Message::new(error.to_string()))?;
            Ok(Block::new(pem::PRIVATE_KEY, bytes).encode())
        }
        other => Err(format!("x509: unknown key type while marshaling PKCS#8: {}", other.go_type()).into()),
    }
}
