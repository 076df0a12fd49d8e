//! The check of `Origin` (RFC 6455, 4.2.1, item 7): which pages may open a WebSocket here.
//!
//! The same-origin policy of browsers does not cover WebSockets. Without this check a page of any
//! site could talk to this server in the name of its visitor (cross-site WebSocket hijacking, RFC
//! 6455, 10.2). Browsers cannot forge the header; other programs can send any Origin, or none.

use crate::http::{Authority, Request, Response};

/// Where a page came from: `scheme://host[:port]`, the whole of an `Origin` header (RFC 6454, 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    host: String,
    port: u16,
    /// The port that the scheme means when none is written: 80 or 443.
    scheme_port: u16,
}

impl Origin {
    /// `None` for a text that is not exactly that: with a path, a user name before an `@`, or `null`.
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

    /// Whether the page came from the server that the request is for. A proxy that adds TLS makes
    /// https of http, so the scheme is not compared.
    fn is_same(&self, server: &Authority) -> bool {
        self.host == server.host && self.port == server.port.unwrap_or(self.scheme_port)
    }
}

/// The pages that may connect, besides this server's own: the values of `--origin`.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins {
    /// Other sites.
    pub origins: Vec<Origin>,
    /// `--origin any`: every page may connect.
    pub any: bool,
}

impl AllowedOrigins {
    /// Checks that the page that asks is this server's own or an allowed one. Programs other than
    /// browsers send no Origin and are let in.
    /// Errors: 403 Forbidden.
    pub fn check(&self, request: &Request) -> Result<(), Response> {
        let text = match request.headers("origin").collect::<Vec<_>>()[..] {
            [] => return Ok(()),
            [text] => text,
            _ => return Err(Response::refusal(403, "there is more than one Origin header")),
        };
        let origin = Origin::parse(text);
        let is_allowed = match (&origin, &request.host) {
            _ if self.any => true,
            (Some(origin), _) if self.origins.contains(origin) => true,
            (Some(origin), Some(server)) => origin.is_same(server),
            _ => false,
        };
        if is_allowed {
            return Ok(());
        }
        let host = request.host.as_ref().map_or("missing".to_string(), Authority::to_string);
        let option = if origin.is_some() { text } else { "any" };
        // A header may contain a tab and characters beyond ASCII that control a terminal.
        let text = text.escape_debug();
        let why = format!(
            "Origin is {text}, but Host is {host}, so the page that asks is not this server's own. \
             To let it in, start the server with --origin {option}"
        );
        Err(Response::refusal(403, why))
    }
}
