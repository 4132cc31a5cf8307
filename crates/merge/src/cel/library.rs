//! Kubernetes' own types of values besides quantities, and the functions of these.

use std::net::IpAddr;
use std::rc::Rc;

use super::named_formats;
use super::net::{self, Network};
use super::semver::Semver;
use super::url::Url;
use super::value::Val;
use crate::go_text;

/// A value of one of the types.
#[derive(Clone)]
pub(crate) enum Special {
    Ip(IpAddr),
    Network(Network),
    Url(Rc<Url>),
    Semver(Rc<Semver>),
    /// A format by its name.
    Format(&'static str),
}

impl Special {
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Ip(_) => "net.IP",
            Self::Network(_) => "net.CIDR",
            Self::Url(_) => "kubernetes.URL",
            Self::Semver(_) => "kubernetes.Semver",
            Self::Format(_) => "kubernetes.NamedFormat",
        }
    }

    pub(super) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ip(a), Self::Ip(b)) => a == b,
            (Self::Network(a), Self::Network(b)) => a == b,
            (Self::Url(a), Self::Url(b)) => a.shown() == b.shown(),
            (Self::Semver(a), Self::Semver(b)) => a.compare(b).is_eq(),
            (Self::Format(a), Self::Format(b)) => a == b,
            _ => false,
        }
    }

    /// The value as text, where it has such a form.
    pub(super) fn shown(&self) -> Option<String> {
        match self {
            Self::Ip(address) => Some(address.to_string()),
            Self::Network(network) => Some(network.shown()),
            _ => None,
        }
    }
}

type Called<'v> = Result<Val<'v>, String>;

/// Calls a function of these types; none where it is not one.
pub(super) fn call<'v>(name: &str, values: &[Val<'v>]) -> Option<Called<'v>> {
    match values {
        [Val::Text(text), rest @ ..] => of_text(name, text, rest),
        [Val::Special(special), rest @ ..] => of_special(name, special, rest),
        [] => {
            let format = name.strip_prefix("format.")?;
            let known = named_formats::NAMES.into_iter().find(|known| *known == format)?;
            Some(Ok(Val::Special(Special::Format(known))))
        }
        _ => None,
    }
}

/// Reads a value from a text, or tells whether that would be possible.
fn of_text<'v>(name: &str, text: &str, rest: &[Val<'v>]) -> Option<Called<'v>> {
    let special = |read: Result<Special, String>| Some(read.map(Val::Special));
    let bool = |value: bool| Some(Ok(Val::Bool(value)));
    let version = |normalize: bool| Semver::read(text, normalize);
    let normalize = match (name, rest) {
        (_, []) => false,
        ("semver" | "isSemver", [Val::Bool(normalize)]) => *normalize,
        _ => return None,
    };
    match name {
        "ip" => special(net::address(text).map(Special::Ip)),
        "cidr" => special(Network::read(text).map(Special::Network)),
        "url" => special(Url::read(text).map(|url| Special::Url(Rc::new(url)))),
        "semver" => special(match version(normalize) {
            Some(version) => Ok(Special::Semver(Rc::new(version))),
            None => Err(format!("invalid semver {}", go_text::quoted(text))),
        }),
        "isSemver" => bool(version(normalize).is_some()),
        "isURL" => bool(Url::read(text).is_ok()),
        "isIP" => bool(net::address(text).is_ok()),
        "isCIDR" => bool(Network::read(text).is_ok()),
        "ip.isCanonical" => Some(net::address(text).map(|address| Val::Bool(address.to_string() == text))),
        "format.named" => {
            let known = named_formats::NAMES.into_iter().find(|known| *known == text);
            Some(Ok(Val::Optional(known.map(|name| Rc::new(Val::Special(Special::Format(name)))))))
        }
        _ => None,
    }
}

fn of_special<'v>(name: &str, special: &Special, rest: &[Val<'v>]) -> Option<Called<'v>> {
    let value = match (special, name, rest) {
        (Special::Ip(IpAddr::V4(_)), "family", []) => Val::Int(4),
        (Special::Ip(IpAddr::V6(_)), "family", []) => Val::Int(6),
        (Special::Ip(address), kind, []) => Val::Bool(net::is_kind(*address, kind)?),
        (Special::Network(network), "ip", []) => Val::Special(Special::Ip(network.address)),
        (Special::Network(network), "prefixLength", []) => Val::Int(network.bits.into()),
        (Special::Network(network), "masked", []) => Val::Special(Special::Network(network.masked())),
        (Special::Network(network), "containsIP", [other]) => Val::Bool(network.has(match other {
            Val::Special(Special::Ip(address)) => *address,
            Val::Text(text) => match net::address(text) {
                Ok(address) => address,
                Err(error) => return Some(Err(error)),
            },
            _ => return None,
        })),
        (Special::Network(network), "containsCIDR", [other]) => Val::Bool(network.has_network(match other {
            Val::Special(Special::Network(other)) => *other,
            Val::Text(text) => match Network::read(text) {
                Ok(other) => other,
                Err(error) => return Some(Err(error)),
            },
            _ => return None,
        })),
        (Special::Url(url), "getQuery", []) => {
            let entries = url.query().into_iter().map(|(key, values)| {
                (Val::text(key), Val::list(values.into_iter().map(Val::text).collect()))
            });
            Val::Map(entries.collect())
        }
        (Special::Url(url), part, []) => Val::text(url.part(part)?),
        (Special::Semver(version), part, []) => {
            let place = ["major", "minor", "patch"].into_iter().position(|known| known == part)?;
            Val::Int(i64::try_from(version.numbers[place]).unwrap_or(i64::MAX))
        }
        (Special::Semver(version), name, [Val::Special(Special::Semver(other))]) => {
            let order = version.compare(other);
            match name {
                "isGreaterThan" => Val::Bool(order.is_gt()),
                "isLessThan" => Val::Bool(order.is_lt()),
                "compareTo" => Val::Int(order as i64),
                _ => return None,
            }
        }
        (Special::Format(format), "validate", [Val::Text(text)]) => {
            let errors = named_formats::errors(format, text);
            Val::Optional(
                (!errors.is_empty()).then(|| Rc::new(Val::list(errors.into_iter().map(Val::text).collect()))),
            )
        }
        _ => return None,
    };
    Some(Ok(value))
}
