//! Addresses of the web, as far as Kubernetes' function `url` shows their parts.

use std::fmt::Write as _;

/// An address, in its parts as written.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    scheme: String,
    host: String,
    path: String,
    query: String,
    whole: String,
}

impl Url {
    /// Reads an address that is complete, or starts with a slash.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if !crate::structural::is_request_uri(text) {
            let cause = if text.is_empty() { "empty url" } else { "invalid URI for request" };
            let quoted = crate::go_text::quoted(text);
            return Err(format!("URL parse error during conversion from string: parse {quoted}: {cause}"));
        }
        let rest = text.split_once('#').map_or(text, |(rest, _)| rest);
        let (scheme, rest) = match rest.split_once(':') {
            Some((scheme, rest)) if !scheme.contains(['/', '?']) => (scheme.to_ascii_lowercase(), rest),
            _ => (String::new(), rest),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", rest),
        };
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        Ok(Self {
            scheme,
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            whole: text.to_owned(),
        })
    }

    /// A part, by the name of the function that shows it.
    pub(super) fn part(&self, name: &str) -> Option<String> {
        Some(match name {
            "getScheme" => self.scheme.clone(),
            "getHost" => self.host.clone(),
            "getHostname" => match self.host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
                Some((inner, _)) => inner.to_owned(),
                None => self.host.split_once(':').map_or(self.host.as_str(), |(name, _)| name).to_owned(),
            },
            "getPort" => {
                let behind = self.host.rsplit_once(']').map_or(self.host.as_str(), |(_, behind)| behind);
                behind.split_once(':').map_or("", |(_, port)| port).to_owned()
            }
            "getEscapedPath" => escaped(&self.path),
            _ => return None,
        })
    }

    /// The query: the values of each key.
    pub(super) fn query(&self) -> Vec<(String, Vec<String>)> {
        let mut out: Vec<(String, Vec<String>)> = Vec::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(key), Some(value)) = (decoded(key), decoded(value)) else { continue };
            match out.iter_mut().find(|(known, _)| *known == key) {
                Some((_, values)) => values.push(value),
                None => out.push((key, vec![value])),
            }
        }
        out
    }

    pub(super) fn shown(&self) -> &str {
        &self.whole
    }
}

/// A path with what may not stand in one written out; what is written out stays so.
fn escaped(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@%!'()*[]".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A part of a query as meant; none where a percent sign is not followed by two digits.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        match first {
            b'%' => {
                let digits = behind.get(..2)?;
                out.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
                rest = &behind[2..];
            }
            b'+' => out.push(b' '),
            other => out.push(*other),
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}
