//! Who may connect: two rungs of the handshake's ladder that keep the class safe from other web pages,
//! and the chat's passphrase.
//!
//! [`Access::check_host`] stops DNS rebinding: a page of `evil.example` whose name suddenly means this
//! machine still says `Host: evil.example`. [`Access::check_origin`] stops a page of another site from
//! speaking to this server behind its visitor's back: the same-origin policy does not bind
//! WebSockets, so the server has to look (RFC 6455, 4.2.2 and 10.2).

use std::hint::black_box;

use tungstenite::handshake::derive_accept_key;

use crate::http::{Authority, Request, Response};

/// Who may connect: what `--host`, `--origin` and `--passphrase` say, and the machine's own names.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Names that the server goes by, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Pages that may connect although they came from elsewhere.
    pub origins: Vec<Origin>,
    /// `--origin any`: every page may.
    pub any_origin: bool,
    /// What one has to know to come into the chat, if there is such a thing.
    pub passphrase: Option<String>,
}

/// Where a page came from: `scheme://host[:port]`, the whole of an `Origin` header (RFC 6454, 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    host: String,
    port: u16,
    /// The port that the scheme means when none is written: 80 or 443.
    scheme_port: u16,
}

impl Origin {
    /// `None` for whatever is not exactly that: a path, a user's name before an `@`, `null`.
    pub fn parse(text: &str) -> Option<Origin> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let Authority { host, port, .. } = Authority::parse(authority)?;
        Some(Origin { host, port: port.unwrap_or(scheme_port), scheme_port })
    }
}

impl Access {
    /// Whether `Host` names this server: an IP address, `localhost` or a name below it, or one of
    /// [`Access::hosts`]. Every request is checked, those for files too.
    ///
    /// # Errors
    /// 421 Misdirected Request (RFC 9110, 15.5.20).
    pub fn check_host(&self, request: &Request) -> Result<(), Response> {
        let Some(host) = &request.host else { return Ok(()) };
        let name = &host.host;
        let is_localhost = name == "localhost" || name.ends_with(".localhost");
        if host.is_address || is_localhost || self.hosts.contains(name) {
            return Ok(());
        }
        let why = format!(
            "Host is {name}, and that is not a name of this server. Use its address, \
             or start it with --host {name}"
        );
        Err(Response::refusal(421, why))
    }

    /// Whether the page that asks is this server's own, or one of [`Access::origins`]. Programs
    /// that are no browsers send no Origin, and could send any: they are let in.
    ///
    /// # Errors
    /// 403 Forbidden.
    pub fn check_origin(&self, request: &Request) -> Result<(), Response> {
        let origins: Vec<&str> = request.headers("origin").collect();
        let text = match origins[..] {
            [] => return Ok(()),
            [text] => text,
            _ => return Err(Response::refusal(403, "there is more than one Origin header")),
        };
        let origin = Origin::parse(text);
        // A proxy that adds TLS makes https of http, so the two are not told apart.
        let is_own = |origin: &Origin, own: &Authority| {
            origin.host == own.host && origin.port == own.port.unwrap_or(origin.scheme_port)
        };
        let allowed = match (&origin, &request.host) {
            _ if self.any_origin => true,
            (Some(origin), _) if self.origins.contains(origin) => true,
            (Some(origin), Some(own)) => is_own(origin, own),
            _ => false,
        };
        if allowed {
            return Ok(());
        }
        let own = request.host.as_ref().map_or("missing".to_string(), Authority::to_string);
        let option = if origin.is_some() { text } else { "any" };
        // A header may have a tab in it, and characters beyond ASCII that steer a terminal.
        let text = text.escape_debug();
        let why = format!(
            "Origin is {text}, but Host is {own}, so the page that asks is not this server's own. \
             To let it in, start the server with --origin {option}"
        );
        Err(Response::refusal(403, why))
    }

    /// Whether whoever says this, or nothing, may come into the chat.
    ///
    /// How long the answer takes must not tell how much of it was right. So hashes are compared, which
    /// nobody can change bit by bit, and all of them; SHA-1 is good enough for that, and at hand.
    pub fn admits(&self, passphrase: Option<&str>) -> bool {
        let Some(own) = &self.passphrase else { return true };
        let hash = |text: &str| derive_accept_key(text.as_bytes());
        let (own, given) = (hash(own), hash(passphrase.unwrap_or_default()));
        let differences = own.bytes().zip(given.bytes()).map(|(a, b)| a ^ b);
        differences.fold(0, |all, difference| black_box(all | difference)) == 0
    }

    /// Adds the names that this machine goes by: its own, with and without `.local`, under which
    /// phones and laptops find it in a local network.
    pub fn add_own_name(&mut self, name: &str) {
        let name = name.trim().to_ascii_lowercase();
        if let Some(short) = name.split('.').next().filter(|short| !short.is_empty()) {
            self.hosts.extend([name.clone(), short.to_string(), format!("{short}.local")]);
        }
    }
}
