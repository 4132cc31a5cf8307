//! Keys and certificates made by templates.

use core::net::IpAddr;
use std::any::Any;
use std::rc::Rc;
use std::time::Duration;

use rand::{CryptoRng, Rng, TryCryptoRng, TryRng};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::{Call, Function, Outcome, Type, random};
use crate::encode;
use crate::error::Message;
use crate::keys::certificate::Certificate;
use crate::keys::pem::{self, Block};
use crate::keys::private_key::{self, Curve, PrivateKey};
use crate::value::{List, Object, Value};

const S: Type = Type::String;
const CERTIFICATE: Type = Type::Struct("sprig.certificate");

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("genPrivateKey", &[S], generate_key),
    Function::new("buildCustomCert", &[S, S], build),
    Function::new("genCA", &[S, Type::Int], |call| {
        let key = new_rsa(call)?;
        issue(
            call,
            &key,
            Wanted { name: call.utf8(0), days: call.int(1), is_ca: true, ..Wanted::default() },
            None,
        )
    }),
    Function::new("genCAWithKey", &[S, Type::Int, S], |call| {
        let key = given_key(&call.text(2))?;
        issue(
            call,
            &key,
            Wanted { name: call.utf8(0), days: call.int(1), is_ca: true, ..Wanted::default() },
            None,
        )
    }),
    Function::new("genSelfSignedCert", &[S, Type::List, Type::List, Type::Int], |call| {
        let key = new_rsa(call)?;
        issue(call, &key, Wanted::of(call)?, None)
    }),
    Function::new("genSelfSignedCertWithKey", &[S, Type::List, Type::List, Type::Int, S], |call| {
        let key = given_key(&call.text(4))?;
        issue(call, &key, Wanted::of(call)?, None)
    }),
    Function::new("genSignedCert", &[S, Type::List, Type::List, Type::Int, CERTIFICATE], |call| {
        let key = new_rsa(call)?;
        issue(call, &key, Wanted::of(call)?, pair(&call.value(4)))
    }),
    Function::new("genSignedCertWithKey", &[S, Type::List, Type::List, Type::Int, CERTIFICATE, S], |call| {
        let key = given_key(&call.text(5))?;
        issue(call, &key, Wanted::of(call)?, pair(&call.value(4)))
    }),
];

/// Steps for keys of 2048 and 4096 bits, and for a signature.
const RSA_2048_STEPS: usize = 100_000;
const RSA_4096_STEPS: usize = 400_000;
const SIGNING_STEPS: usize = 5_000;
/// Seconds from 1970 to the year 10000.
const LATEST: u64 = 253_402_300_800;

/// A certificate and its key in PEM: what the functions of this file give and take.
#[derive(Clone, PartialEq, Eq)]
struct Pair {
    certificate: String,
    key: String,
}

impl Object for Pair {
    fn type_name(&self) -> &'static str {
        "sprig.certificate"
    }

    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![("Cert", self.certificate.as_str().into()), ("Key", self.key.as_str().into())]
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn pair(value: &Value) -> Option<Pair> {
    match value {
        Value::Object(object) => object.as_any().downcast_ref().cloned(),
        _ => None,
    }
}

/// The environment's source as one for keys: [`crate::Environment::random`] demands that it is fit for that.
struct KeySource<'r>(&'r mut dyn Rng);

impl TryRng for KeySource<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for KeySource<'_> {}

fn generate_rsa(random: &mut impl CryptoRng, bits: usize) -> Result<PrivateKey, Message> {
    match rsa::PrivateKey::new(random, bits) {
        Ok(key) => Ok(PrivateKey::Rsa(Box::new(key))),
        Err(error) => Err(format!("error generating rsa key: {error}").into()),
    }
}

fn new_rsa(call: &mut Call<'_>) -> Result<PrivateKey, Message> {
    call.spend_steps(RSA_2048_STEPS)?;
    generate_rsa(&mut KeySource(call.random()?), 2048)
}

fn generate_key(call: &mut Call<'_>) -> Outcome {
    let kind = call.utf8(0);
    let key = match kind.as_str() {
        "" | "rsa" => {
            call.spend_steps(RSA_4096_STEPS)?;
            generate_rsa(&mut KeySource(call.random()?), 4096)?
        }
        "ecdsa" => loop {
            // A scalar beyond the curve's order, one in 2³², is drawn again.
            let scalar = random::bytes(call, 32)?;
            if let Ok(key) = PrivateKey::from_ec_scalar(Curve::P256, &scalar) {
                break key;
            }
        },
        "ed25519" => PrivateKey::Ed25519(random::bytes(call, 32)?),
        "dsa" => return Ok("failed to generate dsa params: DSA is not supported".into()),
        other => return Ok(format!("Unknown type {other}").into()),
    };
    Ok(key_pem(&key)?.into())
}

/// The form in which OpenSSL wrote keys before PKCS#8, where there is one.
fn key_pem(key: &PrivateKey) -> Result<String, Message> {
    let block = match key {
        PrivateKey::Rsa(key) => match key.to_pkcs1_der() {
            Ok(der) => Block::new("RSA PRIVATE KEY", der.as_bytes()),
            Err(_) => return Err(private_key::BadKey.to_string().into()),
        },
        PrivateKey::Ec { curve, scalar, point } => {
            Block::new("EC PRIVATE KEY", private_key::sec1(scalar, Some(*curve), point))
        }
        other => Block::new(pem::PRIVATE_KEY, other.to_pkcs8().map_err(|error| error.to_string())?),
    };
    Ok(block.encode())
}

/// Reads a key by the label of its block.
fn parse_key(text: &[u8]) -> Result<PrivateKey, Message> {
    let (block, _) = pem::decode(text).ok_or_else(|| Message::new("no PEM data in input"))?;
    let label = block.label.as_str();
    let (key, complaint) = match label {
        pem::PRIVATE_KEY => (PrivateKey::from_pkcs8(&block.bytes), "decoding PEM as PKCS#8"),
        "RSA PRIVATE KEY" => (PrivateKey::from_pkcs1(&block.bytes), "parsing RSA private key from PEM"),
        "EC PRIVATE KEY" => (PrivateKey::from_sec1(&block.bytes, None), "parsing EC private key from PEM"),
        _ => {
            let Some(kind) = label.strip_suffix(" PRIVATE KEY") else {
                return Err(format!("no private key data in PEM block of type {label}").into());
            };
            return Err(format!("invalid private key type {kind}").into());
        }
    };
    key.map_err(|error| format!("{complaint}: {error}").into())
}

fn given_key(text: &[u8]) -> Result<PrivateKey, Message> {
    parse_key(text).map_err(|message| message.after("parsing private key: "))
}

fn build(call: &mut Call<'_>) -> Outcome {
    let decoded = |index: usize, what: &str| {
        encode::decode_base64(&call.text(index), false)
            .map_err(|_| Message::new(format!("unable to decode base64 {what}")))
    };
    let (certificate, key) = (decoded(0, "certificate")?, decoded(1, "private key")?);
    let (block, _) = pem::decode(&certificate).ok_or_else(|| Message::new("unable to decode certificate"))?;
    Certificate::parse(&block.bytes)
        .map_err(|error| Message::new(format!("error parsing certificate: decodedCert.Bytes: {error}")))?;
    parse_key(&key).map_err(|message| message.after("error parsing private key: "))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Value::Object(Rc::new(Pair { certificate: text(&certificate), key: text(&key) })))
}

/// What a certificate is to say.
#[derive(Default)]
struct Wanted {
    name: String,
    addresses: Vec<IpAddr>,
    hosts: Vec<String>,
    days: i64,
    is_ca: bool,
}

impl Wanted {
    /// The arguments that all functions for certificates of servers begin with.
    fn of(call: &Call<'_>) -> Result<Self, Message> {
        Ok(Self {
            name: call.utf8(0),
            addresses: addresses(&call.list(1))?,
            hosts: hosts(&call.list(2))?,
            days: call.int(3),
            is_ca: false,
        })
    }
}

fn addresses(list: &List) -> Result<Vec<IpAddr>, Message> {
    let parsed = list.items().iter().map(|item| {
        let Value::String(text) = item else {
            let shown = crate::format::to_text(item);
            return Err(Message::new("error parsing ip: ").data(shown).words(" is not a string"));
        };
        let text = String::from_utf8_lossy(text);
        text.parse().map_err(|_| Message::new("error parsing ip: ").data(text.into_owned()))
    });
    parsed.collect()
}

fn hosts(list: &List) -> Result<Vec<String>, Message> {
    let texts = list.items().iter().map(|item| match item {
        Value::String(text) => Ok(String::from_utf8_lossy(text).into_owned()),
        other => {
            let shown = crate::format::to_text(other);
            Err(Message::new("error processing alternate dns name: ").data(shown).words(" is not a string"))
        }
    });
    texts.collect()
}

fn failed(error: &rcgen::Error) -> Message {
    format!("error creating certificate: {error}").into()
}

fn signing_key(key: &PrivateKey) -> Result<KeyPair, Message> {
    let der = key.to_pkcs8().map_err(|error| Message::new(error.to_string()))?;
    KeyPair::try_from(&PrivatePkcs8KeyDer::from(der)).map_err(|error| failed(&error))
}

/// A time that a certificate can say: from 1970 to 9999.
fn since_epoch(seconds: i64) -> Result<Duration, Message> {
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds < LATEST);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| "error creating certificate: x509: cannot represent time as GeneralizedTime".into())
}

/// Makes a certificate for a key, signed by itself or by a pair.
fn issue(call: &mut Call<'_>, key: &PrivateKey, wanted: Wanted, signer: Option<Pair>) -> Outcome {
    call.spend_steps(SIGNING_STEPS)?;
    let now = call.now()?.as_second();
    let mut parameters = CertificateParams::new(Vec::new()).map_err(|error| failed(&error))?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, wanted.name);
    parameters.distinguished_name = subject;
    parameters.serial_number = Some(SerialNumber::from(random::bytes(call, 16)?));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + since_epoch(now)?;
    parameters.not_after = epoch + since_epoch(now.saturating_add(wanted.days.saturating_mul(86_400)))?;
    parameters.subject_alt_names = wanted.addresses.into_iter().map(SanType::IpAddress).collect();
    for host in wanted.hosts {
        let name = host.try_into().map_err(|error| failed(&error))?;
        parameters.subject_alt_names.push(SanType::DnsName(name));
    }
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters.is_ca = IsCa::ExplicitNoCa;
    if wanted.is_ca {
        parameters.key_usages.push(KeyUsagePurpose::KeyCertSign);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let own = signing_key(key)?;
    let certificate = match signer {
        None => parameters.self_signed(&own),
        Some(signer) => {
            let (block, _) = pem::decode(signer.certificate.as_bytes())
                .ok_or_else(|| Message::new("unable to decode certificate"))?;
            let signer_key = parse_key(signer.key.as_bytes())
                .map_err(|message| message.after("error parsing private key: "))?;
            parameters.use_authority_key_identifier_extension = true;
            let issuer =
                Issuer::from_ca_cert_der(&CertificateDer::from(block.bytes), signing_key(&signer_key)?)
                    .map_err(|error| {
                        Message::new(format!("error parsing certificate: decodedSignerCert.Bytes: {error}"))
                    })?;
            parameters.signed_by(&own, &issuer)
        }
    };
    let certificate = certificate.map_err(|error| failed(&error))?;
    let made = Pair {
        certificate: Block::new(pem::CERTIFICATE, certificate.der().to_vec()).encode(),
        key: key_pem(key)?,
    };
    Ok(Value::Object(Rc::new(made)))
}
