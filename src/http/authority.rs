//! `host:port`, as it stands in the `Host` header and in URLs: the server that a client wants to reach.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::text::number;

/// `host[:port]` (RFC 3986, 3.2), in one spelling for all that mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// A name in lower case without a last dot, or an address: `192.0.2.7`, `[2001:db8::7]`.
    pub host: String,
    /// Whether the host is an IP address.
    pub is_address: bool,
    /// `None` if the text gives none: then the scheme decides.
    pub port: Option<u16>,
}

impl Authority {
    /// Parses `host`, `host:port`, `[v6]` or `[v6]:port`; a zone in a v6 is dropped. `None` for anything else, such as
    /// `user@host`, which other programs may understand differently.
    pub fn parse(text: &str) -> Option<Authority> {
        let host_ends = if text.starts_with('[') { text.find(']')? + 1 } else { 0 };
        let (host, port) = match text[host_ends..].find(':') {
            Some(colon) => (&text[..host_ends + colon], &text[host_ends + colon + 1..]),
            None => (text, ""), // an empty port is like none (RFC 3986, 3.2.3)
        };
        let port = match port {
            "" => None,
            digits => Some(number(digits)?),
        };
        if let Some(address) = host.strip_prefix('[') {
            let address = parse_ipv6(address.strip_suffix(']')?)?;
            return Some(Authority { host: format!("[{address}]"), is_address: true, port });
        }
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        let is_name = host.split('.').all(|part| !part.is_empty() && part.bytes().all(is_legal));
        let is_address = host.parse::<Ipv4Addr>().is_ok();
        is_name.then_some(Authority { host, is_address, port })
    }
}

/// An IPv6 address. A link-local one may have a zone behind it, which says through which of its network
/// interfaces the client reaches it, and means nothing here: `fe80::7%eth0`, or in a URL `fe80::7%25eth0`
/// (RFC 6874).
fn parse_ipv6(text: &str) -> Option<Ipv6Addr> {
    let Some((address, zone)) = text.split_once('%') else { return text.parse().ok() };
    let is_legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~%".contains(&b);
    let is_zone = !zone.is_empty() && zone != "25" && zone.bytes().all(is_legal);
    address.parse().ok().filter(|address: &Ipv6Addr| is_zone && address.is_unicast_link_local())
}

impl Authority {
    /// Whether it is the machine itself that is meant: `localhost` or a name below it (RFC 6761, 6.3), or a
    /// loopback address.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_name = self.host == "localhost" || self.host.ends_with(".localhost");
        is_name || address.is_ok_and(|ip| ip.to_canonical().is_loopback())
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}
