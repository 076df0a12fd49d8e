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
        let scheme_port = match scheme.to_ascii_lowercase().as_str() {
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
        match request.headers("origin").collect::<Vec<_>>()[..] {
            [] => Ok(()),
            [origin] => self.check_origin(origin, request),
            _ => Err(Response::refusal(403, "there is more than one Origin header")),
        }
    }

    /// The same for a page of this origin, if `request` has no header that says it.
    /// Errors: 403 Forbidden.
    pub fn check_origin(&self, text: &str, request: &Request) -> Result<(), Response> {
        let (origin, server) = (Origin::parse(text), request.host.as_ref());
        if self.any || origin.is_some_and(|origin| self.lets_in(&origin, server)) {
            return Ok(());
        }
        let host = server.map_or("missing".to_string(), Authority::to_string);
        let why = self.explain(text, server);
        // A header may contain a tab and characters beyond ASCII that control a terminal.
        let text = text.escape_debug();
        Err(Response::refusal(403, format!("Origin is {text}, but Host is {host}, {why}")))
    }

    fn lets_in(&self, origin: &Origin, server: Option<&Authority>) -> bool {
        self.origins.contains(origin) || server.is_some_and(|server| origin.is_same(server))
    }

    /// What is wrong with an Origin that is not let in, and what helps: the end of a sentence.
    fn explain(&self, text: &str, server: Option<&Authority>) -> String {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let host_length = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (start, tail) = text.split_at(text.len() - rest.len() + host_length);
        if let Some(origin) = Origin::parse(start) {
            let differs = match server {
                Some(server) if server.host == origin.host && server.port.is_some() => "the ports differ",
                Some(server) if server.host == origin.host => "Host has no port, perhaps because of a proxy",
                _ => "the hosts differ",
            };
            let own = server.map_or(String::new(), Authority::to_string);
            let nothing = "and an Origin has nothing behind its host and port, not even a slash";
            return match (tail, self.lets_in(&origin, server)) {
                ("", _) => format!(
                    "so the page that asks is not this server's own: {differs}. To let it in, start the server \
                     with --origin {text}"
                ),
                // As clients in Go send it: http://localhost/
                (_, true) => format!("{nothing}: send {start}, or from a program none"),
                (_, false) => format!(
                    "{nothing}. Without that, {differs}. A program can send http://{own} or no Origin; for a \
                     page, start the server with --origin {start}"
                ),
            };
        }
        match scheme.to_ascii_lowercase().as_str() {
            _ if text == "null" || scheme.eq_ignore_ascii_case("file") => {
                "and such a page was opened as a file, or in a frame without an origin. Open it from this \
                 server, or let in the pages of every site with --origin any"
            }
            "ws" | "wss" => "and an Origin is the page's address, not the socket's: it begins with http or https",
            "" | "http" | "https" => {
                "and an Origin is a scheme, a host and perhaps a port, such as http://localhost:3000. A program \
                 need not send one"
            }
            _ => "and of such pages only all can be let in, with those of every site: --origin any",
        }
        .to_string()
    }
}
