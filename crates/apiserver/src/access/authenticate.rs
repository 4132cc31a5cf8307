//! From a connection and an `Authorization` header to a user.

use ::http::HeaderMap;

use super::{AUTHENTICATED, Peer, User, Verdict};
use crate::server::Server;
use crate::status::{Answer, Status};

/// What is known of a token.
#[derive(Debug)]
pub(crate) struct TokenCheck {
    pub(crate) user: User,
    /// The audiences for which it is good, of those asked for.
    pub(crate) audiences: Vec<String>,
}

/// The user of a request; warnings are for the client.
pub(crate) fn authenticate(
    server: &Server,
    headers: &HeaderMap,
    peer: &Peer,
    warnings: &mut Vec<String>,
) -> Answer<User> {
    if let Some(certificate) = &peer.certificate {
        let user = User::new(certificate.common_name.clone(), certificate.organizations.iter().cloned());
        return Ok(with_group(user));
    }
    let header =
        headers.get(::http::header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = header.trim().splitn(3, ' ');
    let scheme = parts.next().unwrap_or_default();
    let token = parts.next();
    let anonymous = || Ok(User::new("system:anonymous", ["system:unauthenticated"]));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return anonymous();
    }
    match token {
        None => anonymous(),
        Some("") => {
            let warning = "the provided Authorization header contains extra space before the bearer token, and is ignored";
            warnings.push(warning.to_owned());
            anonymous()
        }
        Some(token) => {
            let audience = [server.access.tokens.issuer().to_owned()];
            match check_token(server, token, &audience) {
                Ok(check) => Ok(check.user),
                Err(_) => Err(Status::unauthorized()),
            }
        }
    }
}

/// Judges a token for any of `audiences`; the error is what a TokenReview tells.
pub(crate) fn check_token(server: &Server, token: &str, audiences: &[String]) -> Result<TokenCheck, String> {
    let access = &server.access;
    let own = access.tokens.issuer();
    if let Some(user) = access.token_file.user(token) {
        // Who has no audience of its own counts for the server's.
        return for_server(user.clone(), own, audiences);
    }
    let mut reasons = vec!["invalid bearer token".to_owned()];
    match access.tokens.check(server, token, audiences) {
        Some(Ok(check)) => {
            return Ok(TokenCheck { user: with_group(check.user), audiences: check.audiences });
        }
        Some(Err(reason)) => reasons.push(reason),
        None => {}
    }
    for authenticator in &access.authenticators {
        match authenticator.authenticate(token, server.now()) {
            Verdict::Unknown => {}
            Verdict::User(user) => return for_server(user, own, audiences),
            Verdict::Refused(reason) => reasons.push(reason),
        }
    }
    Err(if let [only] = reasons.as_slice() { only.clone() } else { format!("[{}]", reasons.join(", ")) })
}

fn for_server(user: User, own: &str, audiences: &[String]) -> Result<TokenCheck, String> {
    if audiences.iter().any(|audience| audience == own) {
        return Ok(TokenCheck { user: with_group(user), audiences: vec![own.to_owned()] });
    }
    Err("invalid bearer token".to_owned())
}

fn with_group(mut user: User) -> User {
    if !user.groups.iter().any(|group| group == AUTHENTICATED) {
        user.groups.push(AUTHENTICATED.to_owned());
    }
    user
}
