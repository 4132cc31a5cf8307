//! The formats of texts that the API server knows in schemas; all others say nothing.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use regex::Regex;

use super::numbers::MAX_INT64;

/// A known format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    BsonObjectId,
    Byte,
    Cidr,
    CreditCard,
    Date,
    DateTime,
    Duration,
    Email,
    HexColor,
    Hostname,
    Ipv4,
    Ipv6,
    Isbn,
    Isbn10,
    Isbn13,
    LongName,
    Mac,
    Password,
    RgbColor,
    ShortName,
    Ssn,
    Uri,
    Uuid,
    Uuid3,
    Uuid4,
    Uuid5,
}

impl Format {
    /// A format by its name; dashes don't count.
    pub(super) fn find(name: &str) -> Option<Self> {
        Some(match name.replace('-', "").as_str() {
            "bsonobjectid" => Self::BsonObjectId,
            "byte" => Self::Byte,
            "cidr" => Self::Cidr,
            "creditcard" => Self::CreditCard,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "duration" => Self::Duration,
            "email" => Self::Email,
            "hexcolor" => Self::HexColor,
            "hostname" => Self::Hostname,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "isbn" => Self::Isbn,
            "isbn10" => Self::Isbn10,
            "isbn13" => Self::Isbn13,
            "k8slongname" => Self::LongName,
            "mac" => Self::Mac,
            "password" => Self::Password,
            "rgbcolor" => Self::RgbColor,
            "k8sshortname" => Self::ShortName,
            "ssn" => Self::Ssn,
            "uri" => Self::Uri,
            "uuid" => Self::Uuid,
            "uuid3" => Self::Uuid3,
            "uuid4" => Self::Uuid4,
            "uuid5" => Self::Uuid5,
            _ => return None,
        })
    }

    /// Whether a text is of this format.
    pub(crate) fn admits(self, text: &str) -> bool {
        match self {
            Self::Password => true,
            Self::Byte => is_base64(text),
            Self::Cidr => is_cidr(text),
            Self::CreditCard => is_credit_card(text),
            Self::Date => is_date(text),
            Self::DateTime => is_date_time(text),
            Self::Duration => is_duration(text),
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Isbn => is_isbn10(text) || is_isbn13(text),
            Self::Isbn10 => is_isbn10(text),
            Self::Isbn13 => is_isbn13(text),
            Self::Uri => is_request_uri(text),
            Self::LongName => text.len() <= 253 && self.pattern().is_match(text),
            Self::ShortName => text.len() <= 63 && self.pattern().is_match(text),
            Self::BsonObjectId
            | Self::HexColor
            | Self::Mac
            | Self::RgbColor
            | Self::Ssn
            | Self::Uuid
            | Self::Uuid3
            | Self::Uuid4
            | Self::Uuid5 => self.pattern().is_match(text),
        }
    }

    /// The format as a pattern, compiled once.
    fn pattern(self) -> &'static Regex {
        static COMPILED: OnceLock<Vec<(Format, Regex)>> = OnceLock::new();
        let all = COMPILED.get_or_init(|| {
            PATTERNS
                .map(|(format, text)| {
                    (format, Regex::new(text).expect("a constant pattern, compiled in a test"))
                })
                .into()
        });
        all.iter().find(|(format, _)| *format == self).map_or(&all[0].1, |(_, pattern)| pattern)
    }
}

const PATTERNS: [(Format, &str); 12] = [
    (Format::BsonObjectId, r"^[0-9a-fA-F]{24}$"),
    (Format::HexColor, r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
    (Format::Hostname, HOSTNAME),
    (Format::LongName, r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"),
    (
        Format::Mac,
        r"(?i)^([0-9a-f]{2}(([:-][0-9a-f]{2}){5}|([:-][0-9a-f]{2}){7}|([:-][0-9a-f]{2}){19})|[0-9a-f]{4}((\.[0-9a-f]{4}){2}|(\.[0-9a-f]{4}){3}|(\.[0-9a-f]{4}){9}))$",
    ),
    (
        Format::RgbColor,
        r"^rgb\(\s*(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*\)$",
    ),
    (Format::ShortName, r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
    (Format::Ssn, r"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$"),
    (Format::Uuid, r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
    (Format::Uuid3, r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
    (Format::Uuid4, r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
    (Format::Uuid5, r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
];

/// Labels of letters, digits and symbols; a top-level name of two letters at least where there are several.
const HOSTNAME: &str = r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$";

fn is_hostname(text: &str) -> bool {
    text.len() <= 255
        && text.split('.').all(|label| label.len() <= 63)
        && Format::Hostname.pattern().is_match(text)
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    !text.is_empty()
        && text.len().is_multiple_of(4)
        && padding <= 2
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let plain = !bits.is_empty()
        && bits.bytes().all(|byte| byte.is_ascii_digit())
        && (bits == "0" || !bits.starts_with('0'));
    let most = match (address.parse::<Ipv4Addr>(), address.parse::<Ipv6Addr>()) {
        (Ok(_), _) => 32,
        (_, Ok(_)) => 128,
        _ => return false,
    };
    plain && bits.parse::<u16>().is_ok_and(|bits| bits <= most)
}

fn digits(text: &str, dropped: &[char]) -> String {
    text.chars().filter(|c| !dropped.contains(c)).collect()
}

fn is_isbn10(text: &str) -> bool {
    let text = digits(text, &['-', ' ']);
    let bytes = text.as_bytes();
    let shape = bytes.len() == 10
        && bytes[..9].iter().all(u8::is_ascii_digit)
        && (bytes[9].is_ascii_digit() || bytes[9] == b'X');
    shape
        && bytes
            .iter()
            .zip(1_u32..)
            .map(|(byte, place)| place * u32::from(if *byte == b'X' { 10 } else { byte - b'0' }))
            .sum::<u32>()
            % 11
            == 0
}

fn is_isbn13(text: &str) -> bool {
    let text = digits(text, &['-', ' ']);
    let bytes = text.as_bytes();
    bytes.len() == 13
        && bytes.iter().all(u8::is_ascii_digit)
        && bytes
            .iter()
            .enumerate()
            .map(|(place, byte)| u32::from(byte - b'0') * if place % 2 == 0 { 1 } else { 3 })
            .sum::<u32>()
            % 10
            == 0
}

fn is_credit_card(text: &str) -> bool {
    let number: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let starts = |prefixes: &[&str]| {
        let text: String = number.iter().map(ToString::to_string).collect();
        prefixes.iter().any(|prefix| text.starts_with(prefix))
    };
    let shape = match number.len() {
        13 => starts(&["4"]),
        14 => starts(&["300", "301", "302", "303", "304", "305", "36", "38"]),
        15 => starts(&["34", "37", "2131", "1800"]),
        16 => starts(&["4", "51", "52", "53", "54", "55", "6011", "65", "35"]),
        _ => false,
    };
    let luhn = number.iter().rev().enumerate().map(|(place, digit)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, double) if double > 9 => double - 9,
        (_, double) => double,
    });
    shape && luhn.sum::<u32>() % 10 == 0
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        bytes[range.clone()].iter().all(u8::is_ascii_digit).then(|| text[range].parse().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_date_time(text: &str) -> bool {
    let text = text.to_lowercase();
    let Some((date, time)) = text.split_once('t') else { return false };
    // What follows a second `t` is not looked at.
    let time = time.split('t').next().unwrap_or("");
    let bytes = time.as_bytes();
    let two =
        |at: usize| bytes.len() >= at + 2 && bytes[at].is_ascii_digit() && bytes[at + 1].is_ascii_digit();
    if !is_date(date) || !two(0) || !two(3) || !two(6) || bytes[2] != b':' || bytes[5] != b':' {
        return false;
    }
    if &time[0..2] > "23" || &time[3..5] > "59" || &time[6..8] > "59" {
        return false;
    }
    let rest = &time[8..];
    // Any character may stand before the fraction.
    let mut after = rest.chars();
    after.next();
    let fraction = after.as_str().trim_start_matches(|c: char| c.is_ascii_digit());
    is_zone(rest) || (fraction.len() < after.as_str().len() && is_zone(fraction))
}

fn is_zone(text: &str) -> bool {
    let bytes = text.as_bytes();
    let two = |at: usize| bytes[at].is_ascii_digit() && bytes[at + 1].is_ascii_digit();
    text == "z"
        || (bytes.len() == 6 && matches!(bytes[0], b'+' | b'-') && bytes[3] == b':' && two(1) && two(4))
}

/// A duration of Go (`1h30m`), or numbers with units in words anywhere in the text (`5 minutes`).
fn is_duration(text: &str) -> bool {
    is_go_duration(text) || {
        let mut rest = text;
        let mut found = false;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let number = &rest[at..];
            let after = number.trim_start_matches(|c: char| c.is_ascii_digit());
            if number[..number.len() - after.len()].parse::<i64>().is_err() {
                return false;
            }
            let unit_start = after.trim_start();
            let unit_end = unit_start.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == 'µ');
            let unit = unit_start[..unit_start.len() - unit_end.len()].to_lowercase();
            found |= is_unit(&unit);
            rest = unit_end;
        }
        found
    }
}

fn is_unit(unit: &str) -> bool {
    let exact = ["ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"];
    let prefixes = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"];
    !unit.is_empty() && (exact.contains(&unit) || prefixes.iter().any(|prefix| unit.starts_with(prefix)))
}

fn is_go_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number = &rest[..rest.len() - after.len()];
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let nanoseconds = match &after[..unit_end] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 6e10,
            "h" => 3.6e12,
            _ => return false,
        };
        let Ok(value) = number.parse::<f64>() else { return false };
        total += value * nanoseconds;
        rest = &after[unit_end..];
    }
    total < MAX_INT64
}

/// An address of RFC 5322, with or without a name before it.
fn is_email(text: &str) -> bool {
    let address = match (text.rfind('<'), text.trim_end().strip_suffix('>')) {
        (Some(at), Some(inner)) => &inner[at + 1..],
        _ => text.trim(),
    };
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let atom = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii())
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let literal = domain.starts_with('[') && domain.ends_with(']');
    (quoted || local.split('.').all(atom)) && (literal || domain.split('.').all(atom))
}

/// A URL as it may stand in a request: with a scheme or from the root.
pub(crate) fn is_request_uri(text: &str) -> bool {
    let host = text.split_once("//").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(""));
    let clean = !text.bytes().any(|byte| byte.is_ascii_control()) && !host.contains(' ');
    let scheme = text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    });
    clean && (scheme || text.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::Format;

    fn check(format: &str, good: &[&str], bad: &[&str]) {
        let found = Format::find(format).expect("a known format");
        for text in good {
            assert!(found.admits(text), "{text:?} is a {format}");
        }
        for text in bad {
            assert!(!found.admits(text), "{text:?} is no {format}");
        }
    }

    #[test]
    fn formats() {
        check("date", &["2024-02-29"], &["2023-02-29", "2024-2-1", "2024-13-01", ""]);
        check(
            "date-time",
            &["2024-01-01T00:00:00Z", "2024-01-01t23:59:59.123+01:00"],
            &["2024-01-01", "2024-01-01T24:00:00Z", "now"],
        );
        check("duration", &["5m", "1h30m", "-1.5s", "5 minutes", "0"], &["5 lightyears", "", "m"]);
        check("uuid", &["0b6a0a4e-6c1e-4e1c-9c1e-0b6a0a4e6c1e"], &["0b6a"]);
        check("ipv4", &["10.0.0.1"], &["10.0.0", "::1"]);
        check("ipv6", &["::1"], &["10.0.0.1"]);
        check("cidr", &["10.0.0.0/8", "::/0"], &["10.0.0.0", "10.0.0.0/33"]);
        check("hostname", &["example.com", "a"], &["-a", "a..b", ""]);
        check("byte", &["YQ=="], &["YQ", "?"]);
        check("email", &["a@b.c", "A <a@b.c>"], &["a", "a@"]);
        check("uri", &["https://example.com/x", "/a"], &["a b", "example"]);
        check("mac", &["01:23:45:67:89:ab", "0123.4567.89ab"], &["01:23"]);
        check("isbn10", &["0321751043"], &["0321751044"]);
        check("isbn13", &["978-0321751041"], &["978-0321751042"]);
        check("k8s-short-name", &["a-b"], &["A", "a.b"]);
    }
}
