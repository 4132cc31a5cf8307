//! Certificates: chains put in order, and the names that a certificate is for.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::pem::{self, Block};

/// A certificate as it is, and who signed it.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    subject_key: Vec<u8>,
    authority_key: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads one certificate; the error is Go's for most that are none.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| "x509: malformed certificate")?;
        if !rest.is_empty() {
            return Err("x509: trailing data".to_owned());
        }
        let mut subject_key = Vec::new();
        let mut authority_key = None;
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(key) => subject_key = key.0.to_vec(),
                ParsedExtension::AuthorityKeyIdentifier(key) => {
                    authority_key = key.key_identifier.as_ref().map(|key| key.0.to_vec());
                }
                _ => {}
            }
        }
        Ok(Self { der: der.to_vec(), subject_key, authority_key })
    }

    /// Whether it signed itself, as far as its key identifiers say.
    pub(crate) fn is_root(&self) -> bool {
        self.authority_key.as_ref().is_none_or(|key| *key == self.subject_key)
    }

    fn signer_key(&self) -> &[u8] {
        self.authority_key.as_deref().unwrap_or_default()
    }

    /// The subject as Go prints it: the last part first.
    pub(crate) fn subject(&self) -> String {
        let Ok((_, parsed)) = X509Certificate::from_der(&self.der) else {
            return String::new();
        };
        let parts = parsed.subject().iter_attributes().map(|attribute| {
            let name = oid2abbrev(attribute.attr_type(), oid_registry())
                .map_or_else(|_| attribute.attr_type().to_string(), str::to_owned);
            format!("{name}={}", attribute.as_str().unwrap_or_default())
        });
        parts.collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(",")
    }

    pub(crate) fn to_pem(&self) -> String {
        Block::new(pem::CERTIFICATE, self.der.clone()).encode()
    }
}

/// Reads all blocks as certificates and puts them in order, leaf first.
///
/// What is not connected to the leaf is left out; what makes the order unclear is an error.
pub(crate) fn chain(text: &[u8]) -> Result<Vec<Certificate>, String> {
    let (blocks, _) = pem::decode_all(text);
    let certificates =
        blocks.iter().map(|block| Certificate::parse(&block.bytes)).collect::<Result<Vec<_>, _>>()?;
    let count = certificates.len();
    let parents: Vec<Option<usize>> = (0..count)
        .map(|child| {
            (0..count).find(|parent| {
                *parent != child && certificates[child].signer_key() == certificates[*parent].subject_key
            })
        })
        .collect();
    let mut leaves = (0..count).filter(|candidate| !parents.contains(&Some(*candidate)));
    let leaf = leaves.next().ok_or("no leaf certificate found")?;
    if leaves.next().is_some() {
        return Err("found multiple leaf or disjunct certificates".to_owned());
    }
    let mut ordered = Vec::new();
    let mut next = Some(leaf);
    while let Some(place) = next {
        if ordered.len() == count {
            return Err("constructing chain resulted in cycle".to_owned());
        }
        ordered.push(certificates[place].clone());
        next = parents[place];
    }
    Ok(ordered)
}

/// The names of a certificate: DNS, addresses, e-mail, URIs, each in the order in which they stand in it.
pub(crate) fn alternative_names(der: &[u8]) -> Result<Vec<String>, String> {
    let (_, parsed) = X509Certificate::from_der(der).map_err(|_| "x509: malformed certificate")?;
    let mut sorts: [Vec<String>; 4] = Default::default();
    let names = parsed.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    for name in names.flatten() {
        match name {
            GeneralName::DNSName(name) => sorts[0].push((*name).to_owned()),
            GeneralName::IPAddress(bytes) => sorts[1].extend(address(bytes)),
            GeneralName::RFC822Name(name) => sorts[2].push((*name).to_owned()),
            GeneralName::URI(uri) => sorts[3].push((*uri).to_owned()),
            _ => {}
        }
    }
    Ok(sorts.concat())
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = match <[u8; 4]>::try_from(bytes) {
        Ok(bytes) => IpAddr::V4(Ipv4Addr::from(bytes)),
        Err(_) => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).to_canonical(),
    };
    Some(address.to_string())
}
