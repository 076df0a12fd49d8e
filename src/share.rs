//! What classmates open: the server's addresses, and QR codes of them, for the panel *Share* of the page and
//! for the terminal. `server/reply.rs` asks [`Share::answer`] before it looks for a file of `www/`.
//!
//! A page on `localhost` cannot know under which address others reach its machine; the server knows. Only a
//! page on this machine is told, because behind a proxy these addresses are no one else's business.
//!
//! No code is drawn of an address that is not this server's own: a link to one could lead a whole class to
//! another site.

use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::http::{Authority, Request, Response};
use crate::interfaces::{self, Address};
use crate::{json::JsonObject, json::list, json::quoted, mutex::lock, qr::Qr};

/// The longest address that gets a code, in bytes.
const URL_MAX: usize = 200;
/// The light margin that a scanner needs around a code, in modules (ISO/IEC 18004:2015, 6.3.8).
const QUIET: usize = 4;
/// What proxies and tunnels add (RFC 7239, RFC 9110, 7.6.3). They run on this machine, and some send `Host: localhost`.
const FORWARDED: [&str; 5] = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];
/// How long the addresses of this machine are believed: it may go into another network.
const KNOWN_FOR: Duration = Duration::from_secs(10);
/// Black on white in every terminal, whatever its own colours are (xterm's palette of 256), and its end.
const COLOURS: [&str; 2] = ["\x1b[38;5;16;48;5;231m", "\x1b[0m"];

/// The addresses of this machine, with the port of the server.
pub struct Share {
    /// The port that the server listens on, even if the settings left the choice to the system.
    pub port: u16,
    has_passphrase: bool,
    /// When they were found, and the addresses. *Speed*: a program is asked for them.
    found: Mutex<Option<(Instant, Vec<Address>)>>,
}

impl Share {
    /// For a server on this port.
    pub fn new(port: u16, has_passphrase: bool) -> Share {
        Share { port, has_passphrase, found: Mutex::default() }
    }

    /// The addresses that other machines can reach, the most useful first.
    pub fn addresses(&self) -> Vec<Address> {
        let mut found = lock(&self.found);
        let (at, addresses) = found
            .take()
            .filter(|(at, _)| at.elapsed() < KNOWN_FOR)
            .unwrap_or_else(|| (Instant::now(), interfaces::reachable()));
        found.insert((at, addresses)).1.clone()
    }

    /// The address for classmates, or nothing if this machine is in no network.
    pub fn first_url(&self) -> Option<String> {
        self.addresses().first().map(|address| self.url(address))
    }

    fn url(&self, address: &Address) -> String {
        format!("http://{}", SocketAddr::new(address.ip, self.port))
    }

    /// The answer for `/share.json` and `/qr.svg`; `None` for any other path.
    pub fn answer(&self, request: &Request, peer: IpAddr) -> Option<Response> {
        match request.path.as_str() {
            "/share.json" => Some(self.answer_addresses(request, peer)),
            "/qr.svg" => Some(self.answer_code(request, peer)),
            _ => None,
        }
    }

    /// The addresses for classmates, if the page that asks is on this machine: otherwise its own address is
    /// right. And whether they need a passphrase.
    fn answer_addresses(&self, request: &Request, peer: IpAddr) -> Response {
        let to_json = |address: &Address| {
            format!("{{\"url\":{},\"vpn\":{}}}", quoted(&(self.url(address) + "/")), address.is_vpn)
        };
        let addresses = list(self.addresses_for(request, peer).iter().map(to_json));
        let share = JsonObject::new("share").with("addresses", addresses);
        let share = share.with("passphrase", self.has_passphrase).end();
        Response::new(200)
            .with_body("application/json", share.into_bytes())
            .with_header("Cache-Control", "no-store")
    }

    fn addresses_for(&self, request: &Request, peer: IpAddr) -> Vec<Address> {
        let is_local = request.host.as_ref().is_some_and(Authority::is_loopback);
        let is_forwarded = FORWARDED.iter().any(|name| request.headers(name).next().is_some());
        if is_local && peer.is_loopback() && !is_forwarded { self.addresses() } else { Vec::new() }
    }

    /// A code of `?url=`, as a picture.
    /// Errors: 400 if that is no address of this server.
    fn answer_code(&self, request: &Request, peer: IpAddr) -> Response {
        let url = request.parameter("url").unwrap_or_default();
        let own = self.addresses_for(request, peer);
        let own =
            own.iter().filter_map(|address| Authority::parse(self.url(address).strip_prefix("http://")?));
        let own: Vec<Authority> = own.chain(request.host.clone()).collect();
        let code = check(&url, &own).filter(|url| url.len() <= URL_MAX).and_then(|url| Qr::new(&url));
        let Some(code) = code else {
            let why =
                format!("url has to be an address of this server's pages, of at most {URL_MAX} characters");
            return Response::refusal(400, why);
        };
        let svg = to_svg(&code).into_bytes();
        Response::new(200).with_body("image/svg+xml", svg).with_header("Cache-Control", "no-cache")
    }
}

/// The address of a folder with this server's pages, rebuilt from its parts; `None` if it is anything else.
fn check(url: &str, own: &[Authority]) -> Option<String> {
    let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme))?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let authority = Authority::parse(authority).filter(|authority| own.contains(authority))?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%".contains(&b);
    path.bytes().all(is_plain).then(|| format!("{scheme}://{authority}{path}"))
}

/// Draws a code as a picture without a size: black on white in every colour scheme.
fn to_svg(code: &Qr) -> String {
    let side = code.size + 2 * QUIET;
    let mut path = String::new();
    for (x, y) in (0..code.size).flat_map(|y| (0..code.size).map(move |x| (x, y))) {
        if code.is_dark(x, y) {
            path += &format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path d=\"{path}\"/></svg>\n"
    )
}

/// Draws a code for a terminal, two modules in each character. Returns its lines, and their width in columns.
pub fn to_half_blocks(code: &Qr) -> (Vec<String>, usize) {
    // Left of and above the margin there is nothing, so these numbers wrap around: all modules there are light.
    let is_dark = |x: usize, y: usize| code.is_dark(x.wrapping_sub(QUIET), y.wrapping_sub(QUIET));
    let side = code.size + 2 * QUIET;
    let half_block = |x, y| match (is_dark(x, y), is_dark(x, y + 1)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    let [begin, end] = COLOURS;
    let line = |y| format!("{begin}{}{end}", (0..side).map(|x| half_block(x, y)).collect::<String>());
    ((0..side).step_by(2).map(line).collect(), side)
}
