//! `caData`: its three encodings told apart, and what the certificates in it say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use x509_parser::pem::Pem;

use crate::finding::Finding;

const PLACE: &str = "config.tlsClientConfig.caData";
const MEND_ENCODING: &str = "store the certificate as AKS gives it (base64 of PEM, once, on one line) and put it into the template unchanged";

/// A cluster's certificate authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The certificates, DER.
    pub certificates: Vec<Vec<u8>>,
}

/// Says what is wrong with the text of `caData` before it is decoded.
pub(crate) fn check_text(text: &str) -> Option<Finding> {
    if text.trim_start().starts_with("-----BEGIN") {
        Some(Finding::error(
            "ca-raw-pem",
            PLACE,
            "it is PEM, where base64 of PEM is expected: Argo CD can't read the Secret, and the cluster stays invisible",
            "encode it once with base64, on one line",
        ))
    } else if text.chars().any(char::is_whitespace) {
        Some(Finding::error(
            "ca-whitespace",
            PLACE,
            "it holds white space, such as the line breaks of wrapped base64",
            MEND_ENCODING,
        ))
    } else {
        None
    }
}

/// Reads decoded `caData`. Findings are about each certificate's validity at `now` too.
pub fn read_authority(decoded: &[u8], now: Timestamp) -> (Option<Authority>, Vec<Finding>) {
    if decoded.is_empty() {
        return (None, Vec::new());
    }
    let is_pem = |bytes: &[u8]| bytes.windows(11).any(|window| window == b"-----BEGIN ");
    if !is_pem(decoded) {
        let text: Vec<u8> = decoded.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let twice = STANDARD.decode(text).is_ok_and(|inner| is_pem(&inner));
        let finding = if twice {
            Finding::error(
                "ca-encoded-twice",
                PLACE,
                "it is encoded with base64 twice: Argo CD lists the cluster, but no TLS connection can be made",
                MEND_ENCODING,
            )
        } else {
            Finding::error("ca-not-pem", PLACE, "what it encodes is not PEM", MEND_ENCODING)
        };
        return (None, vec![finding]);
    }
    let mut certificates = Vec::new();
    let mut findings = Vec::new();
    for block in Pem::iter_from_buffer(decoded) {
        match block {
            Ok(pem) if pem.label == "CERTIFICATE" => match pem.parse_x509() {
                Ok(certificate) => {
                    findings.extend(validity(&certificate, now));
                    certificates.push(pem.contents);
                }
                Err(_) => findings.push(unreadable("a certificate in it is not X.509")),
            },
            Ok(_) => {}
            Err(_) => {
                findings.push(unreadable("its PEM is damaged"));
                break;
            }
        }
    }
    if certificates.is_empty() && findings.is_empty() {
        findings.push(unreadable("it holds no certificate"));
    }
    ((!certificates.is_empty()).then_some(Authority { certificates }), findings)
}

fn unreadable(cause: &str) -> Finding {
    Finding::error("ca-unreadable", PLACE, cause, "publish the cluster's certificate anew")
}

fn validity(certificate: &x509_parser::certificate::X509Certificate<'_>, now: Timestamp) -> Option<Finding> {
    let (from, until) =
        (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let subject = certificate.subject();
    let now = now.as_second();
    let day = |seconds: i64| {
        Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |at| at.to_string())
    };
    if now > until {
        Some(Finding::error(
            "ca-expired",
            PLACE,
            format!("the certificate of {subject} ran out at {}", day(until)),
            "rotate the cluster's certificates and publish them anew",
        ))
    } else if now < from {
        Some(Finding::error(
            "ca-not-yet-valid",
            PLACE,
            format!("the certificate of {subject} is valid only from {}", day(from)),
            "check the clocks",
        ))
    } else if until - now < 30 * 86_400 {
        Some(Finding::warning(
            "ca-expires-soon",
            PLACE,
            format!("the certificate of {subject} runs out at {}", day(until)),
            "rotate the cluster's certificates and publish them anew",
        ))
    } else {
        None
    }
}
