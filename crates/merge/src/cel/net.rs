//! Addresses and networks of the internet protocol, as Kubernetes' functions `ip` and `cidr` know them.

use std::net::IpAddr;

use crate::go_text;

/// Reads an address: without a zone, and not one of version 4 written as one of version 6.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    let quoted = go_text::quoted(text);
    if let Some((address, _)) = text.split_once('%')
        && address.contains(':')
        && address.parse::<IpAddr>().is_ok()
    {
        return Err(format!("IP address {quoted} with zone value is not allowed"));
    }
    match text.parse() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {quoted} is not allowed"))
        }
        Ok(address) => Ok(address),
        Err(_) => {
            let cause =
                if text.contains(['.', ':']) { unreadable(text) } else { "unable to parse IP".to_owned() };
            Err(format!(
                "IP Address {quoted} parse error during conversion from string: ParseAddr({quoted}): {cause}"
            ))
        }
    }
}

/// Why a text with dots or colons is no address, for the common cases.
fn unreadable(text: &str) -> String {
    if text.contains(':') {
        return "unable to parse IP".to_owned();
    }
    let fields: Vec<&str> = text.split('.').collect();
    if let Some(at) = text.find(|c: char| !c.is_ascii_digit() && c != '.') {
        return format!("unexpected character (at {})", go_text::quoted(&text[at..]));
    }
    if fields.iter().any(|field| field.len() > 1 && field.starts_with('0')) {
        return "IPv4 field has octet with leading zero".to_owned();
    }
    if fields.iter().any(|field| field.parse::<u32>().is_ok_and(|value| value > 255)) {
        return "IPv4 field has value >255".to_owned();
    }
    if fields.len() > 4 { "IPv4 address too long" } else { "IPv4 address too short" }.to_owned()
}

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    pub(super) address: IpAddr,
    pub(super) bits: u8,
}

impl Network {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let quoted = go_text::quoted(text);
        let wrong = |cause: &str| {
            let within = "network address parse error during conversion from string";
            Err(format!("{within}: {within}: netip.ParsePrefix({quoted}): {cause}"))
        };
        let Some((address, bits)) = text.rsplit_once('/') else { return wrong("no '/'") };
        let Ok(address) = address.parse::<IpAddr>() else {
            let cause = if address.contains(['.', ':']) {
                unreadable(address)
            } else {
                "unable to parse IP".to_owned()
            };
            return wrong(&format!("ParseAddr({}): {cause}", go_text::quoted(address)));
        };
        if let IpAddr::V6(address) = address
            && address.to_ipv4_mapped().is_some()
        {
            return Err(format!(
                "network address parse error during conversion from string: IPv4-mapped IPv6 address {quoted} is not allowed"
            ));
        }
        let plain = !bits.is_empty()
            && bits.bytes().all(|byte| byte.is_ascii_digit())
            && (bits.len() == 1 || !bits.starts_with('0'));
        match bits.parse::<u8>() {
            Ok(bits) if plain && bits <= width(address) => Ok(Self { address, bits }),
            _ if plain => wrong("prefix length out of range"),
            _ => wrong(&format!("bad bits after slash: {}", go_text::quoted(bits))),
        }
    }

    pub(super) fn masked(self) -> Self {
        let address = match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V4((u32::from(address) & mask).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V6((u128::from(address) & mask).into())
            }
        };
        Self { address, ..self }
    }

    pub(super) fn has(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && Self { address, ..self }.masked() == self.masked()
    }

    pub(super) fn has_network(self, other: Self) -> bool {
        self.bits <= other.bits && self.has(other.address)
    }

    pub(super) fn shown(self) -> String {
        format!("{}/{}", self.address, self.bits)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// Whether an address is of a kind, by the name of the function that asks.
pub(super) fn is_kind(address: IpAddr, kind: &str) -> Option<bool> {
    let link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.segments()[0] & 0xffc0 == 0xfe80,
    };
    let link_local_multicast = match address {
        IpAddr::V4(address) => address.octets()[..3] == [224, 0, 0],
        IpAddr::V6(address) => address.segments()[0] & 0xff0f == 0xff02,
    };
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    Some(match kind {
        "isUnspecified" => address.is_unspecified(),
        "isLoopback" => address.is_loopback(),
        "isLinkLocalMulticast" => link_local_multicast,
        "isLinkLocalUnicast" => link_local,
        "isGlobalUnicast" => {
            !(address.is_unspecified()
                || address.is_loopback()
                || address.is_multicast()
                || link_local
                || broadcast)
        }
        _ => return None,
    })
}
