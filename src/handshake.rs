//! The handshake: a [`Request`] in, the `101 Switching Protocols` out, or a refusal with a reason.
//!
//! In a connection's life this comes after the head has been read and before the first frame. It is
//! a ladder: each rung is one check, with the place in the RFC that asks for it and the status of a
//! request that fails it. Whoever gets to the top has a WebSocket.
//!
//! Two of the rungs are not in the RFC's list but keep the class safe from other web pages.
//! [`Access::check_host`] stops DNS rebinding: a page of `evil.example` whose name suddenly resolves to
//! this machine still says `Host: evil.example`. [`Access::check_origin`] stops a page of another
//! site from speaking to this server behind its visitor's back: WebSockets are not bound by the
//! same-origin policy, so the server has to look (RFC 6455, 10.2).

use tungstenite::handshake::derive_accept_key;

use crate::http::{Authority, Request, Response};

/// Who may connect: what `--host` and `--origin` say, and the machine's own names.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Names that the server goes by, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Pages that may connect although they came from elsewhere.
    pub origins: Vec<Origin>,
    /// `--origin any`: every page may.
    pub any_origin: bool,
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

/// Whether a request asks for a WebSocket at all. On HTTP/1.0 the field does not count
/// (RFC 9110, 7.8), and only a GET can be upgraded (RFC 6455, 4.1).
pub fn wants_websocket(request: &Request) -> bool {
    request.has_token("upgrade", "websocket") && request.method == "GET" && !request.is_http_1_0
}

/// The answer to a plain GET on a door that only speaks WebSocket.
pub fn upgrade_required() -> Response {
    let why = "this address speaks WebSocket: ask with Connection: Upgrade and Upgrade: websocket";
    // RFC 9110, 7.8: whoever sends Upgrade has to list it in Connection.
    Response::refusal(426, why)
        .with_header("Upgrade", "websocket")
        .with_header("Connection", "close, Upgrade")
}

/// Climbs the ladder and builds the 101 (RFC 6455, 4.2.1 and 4.2.2).
///
/// Extensions and subprotocols are offers (RFC 6455, 4.1): not answering one declines it.
///
/// # Errors
/// The refusal to send: 400 or 426, with a sentence that says what was wrong.
pub fn upgrade(request: &Request) -> Result<Response, Response> {
    if !request.has_token("connection", "upgrade") {
        return Err(Response::refusal(
            400,
            "there is an Upgrade header, but no Connection: Upgrade",
        ));
    }
    if request.has_body {
        return Err(Response::refusal(400, "a request to upgrade cannot have a body"));
    }
    let mut versions = request.headers("sec-websocket-version");
    if (versions.next(), versions.next()) != (Some("13"), None) {
        // RFC 6455, 4.4: tell the client which version to come back with.
        let refusal =
            Response::refusal(426, "Sec-WebSocket-Version must be 13, the one of RFC 6455")
                .with_header("Sec-WebSocket-Version", "13")
                .with_header("Upgrade", "websocket")
                .with_header("Connection", "close, Upgrade");
        return Err(refusal);
    }
    let mut keys = request.headers("sec-websocket-key");
    let Some(key) = keys.next() else {
        return Err(Response::refusal(400, "there is no Sec-WebSocket-Key"));
    };
    if keys.next().is_some() {
        return Err(Response::refusal(400, "there is more than one Sec-WebSocket-Key"));
    }
    match base64_size(key) {
        Some(16) => {}
        Some(size) => {
            let why = format!("Sec-WebSocket-Key must be 16 bytes in base64; this one has {size}");
            return Err(Response::refusal(400, why));
        }
        None => {
            let why = "Sec-WebSocket-Key must be 16 bytes in base64; this one is not base64";
            return Err(Response::refusal(400, why));
        }
    }
    // The top. The accept value is the key and a fixed text, hashed with SHA-1, in base64: it
    // proves that this answer is to this request, and comes from something that speaks WebSocket.
    Ok(Response::new(101)
        .with_header("Upgrade", "websocket")
        .with_header("Connection", "Upgrade")
        .with_header("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes())))
}

/// How many bytes the base64 in `text` stands for (RFC 4648, section 4).
fn base64_size(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    let whole = text.len() % 4 == 0 && padding <= 2;
    (whole && digits.bytes().all(legal)).then_some(digits.len() * 3 / 4)
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
        let why = format!(
            "Origin is {text}, but Host is {own}, so the page that asks is not this server's own. \
             To let it in, start the server with --origin {option}"
        );
        Err(Response::refusal(403, why))
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
