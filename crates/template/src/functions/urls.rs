//! `urlParse` and `urlJoin`, by the rules of Go's `net/url`.

use super::{Call, Function, Outcome, Type};
use crate::error::Message;
use crate::value::{Map, Text, Value};

pub(super) const FUNCTIONS: &[Function] =
    &[Function::new("urlParse", &[Type::String], parse), Function::new("urlJoin", &[Type::Map], join)];

/// The part of an address that a text stands in; each leaves other characters as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    User,
    Host,
    Path,
    Fragment,
}

#[derive(Debug, Default)]
struct Url {
    scheme: String,
    opaque: Vec<u8>,
    /// User and, where there is a colon, password.
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    path: Vec<u8>,
    query: Vec<u8>,
    fragment: Vec<u8>,
}

fn is_plain(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        return true;
    }
    match part {
        Part::User => matches!(byte, b'$' | b'&' | b'+' | b',' | b';' | b'='),
        Part::Host => b"!$&'()*+,;=:[]<>\"".contains(&byte),
        Part::Path => b"$&+,/:;=@".contains(&byte),
        Part::Fragment => b"$&+,/:;=?@!()*".contains(&byte),
    }
}

fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if is_plain(*byte, part) {
            out.push(*byte);
        } else {
            out.extend(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}

fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, Message> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if *byte != b'%' {
            if part == Part::Host && byte.is_ascii() && !is_plain(*byte, Part::Host) {
                let shown = crate::format::quote::quoted(&[*byte]);
                return Err(Message::new("invalid character ").data(shown).words(" in host name"));
            }
            out.push(*byte);
            at += 1;
            continue;
        }
        let digits = text.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => out.push(value),
            None => {
                let shown = crate::format::quote::quoted(&text[at..text.len().min(at + 3)]);
                return Err(Message::new("invalid URL escape ").data(shown));
            }
        }
        at += 3;
    }
    Ok(out)
}

fn cut(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == separator) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// The scheme and what follows its colon.
fn split_scheme(text: &[u8]) -> Result<(String, &[u8]), Message> {
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".into()),
            b':' => {
                let scheme = String::from_utf8_lossy(&text[..at]).to_ascii_lowercase();
                return Ok((scheme, &text[at + 1..]));
            }
            _ => break,
        }
    }
    Ok((String::new(), text))
}

impl Url {
    fn parse(text: &[u8]) -> Result<Self, Message> {
        let (text, fragment) = cut(text, b'#');
        if text.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
            return Err("net/url: invalid control character in URL".into());
        }
        let mut url = Self::default();
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme;
        let (mut rest, query) = cut(rest, b'?');
        url.query = query.unwrap_or_default().to_vec();
        if !rest.starts_with(b"/") {
            if !url.scheme.is_empty() {
                url.opaque = rest.to_vec();
                url.fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)?;
                return Ok(url);
            }
            // "a:b" would be taken for a scheme when read again.
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        let has_authority = rest.starts_with(b"//") && (!url.scheme.is_empty() || !rest.starts_with(b"///"));
        if has_authority {
            let end = rest[2..].iter().position(|byte| *byte == b'/').map_or(rest.len(), |end| end + 2);
            url.set_authority(&rest[2..end])?;
            rest = &rest[end..];
        }
        url.path = unescape(rest, Part::Path)?;
        url.fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)?;
        Ok(url)
    }

    fn set_authority(&mut self, text: &[u8]) -> Result<(), Message> {
        let at = text.iter().rposition(|byte| *byte == b'@');
        let host = at.map_or(text, |at| &text[at + 1..]);
        self.host = parse_host(host)?;
        if let Some(at) = at {
            let (user, password) = cut(&text[..at], b':');
            let is_valid = text[..at]
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte));
            if !is_valid {
                return Err("net/url: invalid userinfo".into());
            }
            let password = password.map(|password| unescape(password, Part::User)).transpose()?;
            self.user = Some((unescape(user, Part::User)?, password));
        }
        Ok(())
    }

    fn user_text(&self) -> Vec<u8> {
        let Some((user, password)) = &self.user else {
            return Vec::new();
        };
        let mut out = escape(user, Part::User);
        if let Some(password) = password {
            out.push(b':');
            out.extend(escape(password, Part::User));
        }
        out
    }

    /// The host without port and brackets.
    fn host_name(&self) -> &[u8] {
        let host = match self.host.iter().rposition(|byte| *byte == b':') {
            Some(colon) if self.host[colon + 1..].iter().all(u8::is_ascii_digit) => &self.host[..colon],
            _ => &self.host,
        };
        host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host)
    }

    fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend(self.scheme.as_bytes());
            out.push(b':');
        }
        if !self.opaque.is_empty() {
            out.extend(&self.opaque);
        } else {
            let has_authority = !self.host.is_empty() || self.user.is_some();
            if has_authority || !self.scheme.is_empty() && !self.path.is_empty() {
                out.extend(b"//");
                if self.user.is_some() {
                    out.extend(self.user_text());
                    out.push(b'@');
                }
                out.extend(escape(&self.host, Part::Host));
            }
            let path = if self.path == b"*" { self.path.clone() } else { escape(&self.path, Part::Path) };
            if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
                out.push(b'/');
            }
            if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
                out.extend(b"./");
            }
            out.extend(path);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(escape(&self.fragment, Part::Fragment));
        }
        out
    }
}

fn parse_host(host: &[u8]) -> Result<Vec<u8>, Message> {
    let port = if host.starts_with(b"[") {
        let end = host.iter().rposition(|byte| *byte == b']').ok_or("missing ']' in host")?;
        &host[end + 1..]
    } else {
        host.iter().rposition(|byte| *byte == b':').map_or(&host[host.len()..], |colon| &host[colon..])
    };
    let is_port = port.is_empty() || port[0] == b':' && port[1..].iter().all(u8::is_ascii_digit);
    if !is_port {
        return Err(Message::new("invalid port ")
            .data(crate::format::quote::quoted(port))
            .words(" after host"));
    }
    unescape(host, Part::Host)
}

fn wrong_url(text: &[u8], reason: Message) -> Message {
    Message::new("parse ").data(crate::format::quote::quoted(text)).words(": ").followed_by(reason)
}

fn parse(call: &mut Call<'_>) -> Outcome {
    let text = call.text(0);
    let url = Url::parse(&text).map_err(|reason| wrong_url(&text, reason).after("unable to parse url: "))?;
    let parts: [(&str, Vec<u8>); 8] = [
        ("fragment", url.fragment.clone()),
        ("host", url.host.clone()),
        ("hostname", url.host_name().to_vec()),
        ("opaque", url.opaque.clone()),
        ("path", url.path.clone()),
        ("query", url.query.clone()),
        ("scheme", url.scheme.clone().into_bytes()),
        ("userinfo", url.user_text()),
    ];
    Ok(Value::map(parts.into_iter().map(|(name, text)| (name, Value::from(text)))))
}

/// The string under a key of a map, empty where there is none.
fn text_of(map: &Map, key: &str) -> Result<Text, Message> {
    match map.get(key.as_bytes()) {
        None => Ok(Text::from([])),
        Some(Value::String(text)) => Ok(text),
        Some(Value::Nil) => Err("runtime error: invalid memory address or nil pointer dereference".into()),
        Some(other) => {
            let found = other.kind().name();
            Err(format!("unable to parse {key} key, must be of type string, but {found} found").into())
        }
    }
}

fn join(call: &mut Call<'_>) -> Outcome {
    let map = call.map(0);
    let part = |key: &str| text_of(&map, key).map(|text| text.to_vec());
    let mut url = Url {
        scheme: String::from_utf8_lossy(&part("scheme")?).into_owned(),
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        user: None,
    };
    let user = part("userinfo")?;
    if !user.is_empty() {
        let text = [b"proto://", &*user, b"@host"].concat();
        let parsed = Url::parse(&text)
            .map_err(|reason| wrong_url(&text, reason).after("unable to parse userinfo in dict: "))?;
        url.user = parsed.user;
    }
    Ok(url.text().into())
}
