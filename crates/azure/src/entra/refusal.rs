//! Entra's AADSTS codes: what each means here, and whether it passes.

use serde::Deserialize;

/// Whether a failed login can succeed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It passes within minutes where the federated credential has just been written, since Entra caches its absence.
    AfterFederation,
    /// It passes: throttling, an outage, an issuer that could not be fetched.
    Always,
    /// Someone has to change something.
    Fatal,
}

/// A code that this crate knows.
#[derive(Debug)]
pub(crate) struct Known {
    code: u32,
    pub(crate) disposition: Disposition,
    pub(crate) cause: &'static str,
    pub(crate) mend: &'static str,
}

const fn row(code: u32, disposition: Disposition, cause: &'static str, mend: &'static str) -> Known {
    Known { code, disposition, cause, mend }
}

/// Sources: Microsoft's list of AADSTS codes; those of federation as seen on the wire.
const KNOWN: &[Known] = &[
    row(
        70021,
        Disposition::AfterFederation,
        "no federated credential of the identity matches the ServiceAccount's token",
        "write the federated credential (issuer, subject, audience exactly); if it is new, wait some minutes",
    ),
    row(
        700_211,
        Disposition::AfterFederation,
        "no federated credential of the identity names the hub's OIDC issuer",
        "compare the credential's issuer with the hub's oidcIssuerProfile.issuerURL, the trailing slash included",
    ),
    row(
        700_212,
        Disposition::AfterFederation,
        "the ServiceAccount's token is for another audience than the federated credential",
        "give the credential the audience api://AzureADTokenExchange",
    ),
    row(
        700_213,
        Disposition::AfterFederation,
        "no federated credential of the identity names this ServiceAccount",
        "write a credential with the subject system:serviceaccount:<namespace>:<name>",
    ),
    row(
        7_002_137,
        Disposition::Fatal,
        "the federated credential differs from the token in upper and lower case only",
        "write issuer, subject and audience in exactly the token's case",
    ),
    row(
        7_002_138,
        Disposition::Fatal,
        "the federated credential is nearly, but not exactly, what the token says",
        "write issuer, subject and audience exactly as the token has them",
    ),
    row(
        700_024,
        Disposition::Fatal,
        "the ServiceAccount's token is expired or not yet valid",
        "check the clocks, and that the projected token is read anew",
    ),
    row(
        50013,
        Disposition::Fatal,
        "the ServiceAccount's token was not signed by the issuer's present keys",
        "restart the workload so that it gets a new token, and check that the issuer is this hub's",
    ),
    row(
        700_027,
        Disposition::Fatal,
        "the client certificate is not one of the application's",
        "upload the certificate to the application, or use the one that is there",
    ),
    row(
        50166,
        Disposition::Always,
        "Entra could not fetch the hub's OIDC discovery document",
        "wait; if it lasts, check that the issuer's address is reachable from the internet",
    ),
    row(
        501_661,
        Disposition::Always,
        "Entra could not fetch the hub's signing keys",
        "wait; if it lasts, check that the issuer's address is reachable from the internet",
    ),
    row(
        90061,
        Disposition::Always,
        "Entra could not reach the hub's OIDC issuer",
        "wait; if it lasts, check that the issuer's address is reachable from the internet",
    ),
    row(
        700_016,
        Disposition::Fatal,
        "the tenant knows no application with this client id",
        "give the identity's client id (not its object id), and its own tenant",
    ),
    row(7_000_215, Disposition::Fatal, "the client secret is wrong", "store the secret's value, not its id"),
    row(
        7_000_222,
        Disposition::Fatal,
        "the client secret has expired",
        "make a new one, or use workload identity",
    ),
    row(90002, Disposition::Fatal, "there is no such tenant", "check the tenant id"),
    row(900_023, Disposition::Fatal, "the tenant id is malformed", "write the tenant as a GUID or a domain"),
    row(
        500_011,
        Disposition::Fatal,
        "the tenant does not know the API asked for",
        "check the cloud's environment",
    ),
    row(70011, Disposition::Fatal, "the scope asked for is not valid", "check the cloud's environment"),
    row(
        1_002_012,
        Disposition::Fatal,
        "the scope asked for does not end in /.default",
        "check the custom cloud",
    ),
    row(50196, Disposition::Always, "the same login was repeated in a loop", "wait"),
];

/// What is known of a code.
pub(crate) fn known(code: u32) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.code == code)
}

/// An OAuth error as Entra words it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Option<u32>,
    pub(crate) error: String,
    pub(crate) description: String,
}

impl Refusal {
    /// Reads the body of a refused login; `None` where it is no OAuth error.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body {
            error: String,
            #[serde(default)]
            error_description: String,
            #[serde(default)]
            error_codes: Vec<u32>,
        }
        let body: Body = serde_json::from_slice(body).ok()?;
        let code = body.error_codes.first().copied().or_else(|| code_in(&body.error_description));
        let description = match body.error_description.lines().next().unwrap_or_default() {
            "" => body.error.as_str(),
            line => line.find(" Trace ID:").map_or(line, |end| &line[..end]),
        };
        let description = description.chars().take(500).collect();
        Some(Self { code, error: body.error, description })
    }
}

fn code_in(description: &str) -> Option<u32> {
    let digits = description.strip_prefix("AADSTS")?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_read_with_or_without_its_list_of_codes() {
        let check = |body: &str, expect: Option<(Option<u32>, &str, &str)>| {
            let read = Refusal::read(body.as_bytes());
            let expect = expect.map(|(code, error, description)| Refusal {
                code,
                error: error.to_owned(),
                description: description.to_owned(),
            });
            assert_eq!(read, expect, "{body}");
        };
        check(
            r#"{"error":"invalid_client","error_description":"AADSTS700213: no match. Trace ID: x","error_codes":[700213]}"#,
            Some((Some(700_213), "invalid_client", "AADSTS700213: no match.")),
        );
        check(
            r#"{"error":"invalid_request","error_description":"AADSTS90002: gone.\r\nTrace ID: x"}"#,
            Some((Some(90002), "invalid_request", "AADSTS90002: gone.")),
        );
        check(r#"{"error":"invalid_grant"}"#, Some((None, "invalid_grant", "invalid_grant")));
        check("<html>", None);
    }

    #[test]
    fn every_code_is_listed_once_with_a_cause_and_a_mend() {
        for (index, known) in KNOWN.iter().enumerate() {
            assert!(!known.cause.is_empty() && !known.mend.is_empty(), "{}", known.code);
            assert!(KNOWN[..index].iter().all(|other| other.code != known.code), "{}", known.code);
        }
    }
}
