//! `host:port`, as it stands in the `Host` header and in URLs: whom the client meant to reach.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// `host[:port]`, as in a `Host` header or an URL (RFC 3986, 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The name in lower case without a last dot, or the address.
    pub host: Host,
    /// `None` where the text gives none; which one is meant then depends on the scheme.
    pub port: Option<u16>,
}

/// The host part of an [`Authority`]; an address is kept as one, so that `[::1]` equals `[0:0::1]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// An IPv4 address, or an IPv6 address that stood in brackets.
    Address(IpAddr),
    /// Anything else made of letters, digits, dots, hyphens and underscores.
    Name(String),
}

impl Authority {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`; `None` for anything else, such as
    /// `user@host`, which other programs may understand differently.
    pub fn parse(text: &str) -> Option<Authority> {
        let (host, rest) = if let Some(bracketed) = text.strip_prefix('[') {
            let (address, rest) = bracketed.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            (Host::Address(IpAddr::V6(address)), rest)
        } else {
            let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
            (Host::parse_name(name)?, rest)
        };
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            None => return None,
            Some("") => None, // RFC 3986, 3.2.3: an empty port is the scheme's own
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                Some(digits.parse().ok()?)
            }
            Some(_) => return None,
        };
        Some(Authority { host, port })
    }
}

impl Host {
    fn parse_name(text: &str) -> Option<Host> {
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if !name.split('.').all(|label| !label.is_empty() && label.bytes().all(legal)) {
            return None;
        }
        Some(name.parse().map_or(Host::Name(name), |v4| Host::Address(IpAddr::V4(v4))))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Host::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => self.host.fmt(f),
        }
    }
}
