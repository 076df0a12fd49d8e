//! Origin: the pages of which sites may connect, and what the log says of those that may not.

use std::ffi::OsString;
use std::time::Instant;

use partyline::{http, settings::Settings};

use crate::support::*;

/// An upgrade request from a page: its Host and its Origin.
fn from_page(path: &str, host: &str, origin: &str) -> String {
    let lines = format!("Host: {host}\r\nOrigin: {origin}\r\n");
    changed_upgrade_request(path, "Host: localhost\r\n", &lines)
}

/// `(what, Host, Origin, is allowed)`
const ORIGINS: [(&str, &str, &str, bool); 49] = [
    ("own", "localhost:3000", "http://localhost:3000", true),
    ("own, TLS in front", "localhost:3000", "https://localhost:3000", true),
    ("own address", "192.168.1.7:3000", "http://192.168.1.7:3000", true),
    ("own IPv6", "[::1]:3000", "http://[::1]:3000", true),
    ("IPv6 written out", "[::1]:3000", "http://[0:0:0:0:0:0:0:1]:3000", true),
    ("IPv6 the other way", "[2001:DB8:0::7]:3000", "http://[2001:db8::7]:3000", true),
    ("no ports", "localhost", "http://localhost", true),
    ("no ports, TLS", "localhost", "https://localhost", true),
    ("scheme in capitals", "localhost:3000", "HTTP://localhost:3000", true),
    ("a zone", "[fe80::1%25eth0]:3000", "http://[fe80::1%25eth0]:3000", true),
    ("a zone as it is", "[fe80::1%eth0]:3000", "http://[fe80::1]:3000", true),
    ("80 in Host", "localhost:80", "http://localhost", true),
    ("80 in Origin", "localhost", "http://localhost:80", true),
    ("443 in Host", "localhost:443", "https://localhost", true),
    ("443 in Origin", "localhost", "https://localhost:443", true),
    ("empty port in Host", "localhost:", "http://localhost", true),
    ("case of Host", "LOCALhost:3000", "http://localhost:3000", true),
    ("case of Origin", "localhost:3000", "http://LOCALhost:3000", true),
    ("last dot", "localhost.:3000", "http://localhost.:3000", true),
    ("last dot in Host", "localhost.:3000", "http://localhost:3000", true),
    ("below localhost", "a.localhost:3000", "http://a.localhost:3000", true),
    ("443 is not http's", "localhost:443", "http://localhost", false),
    ("80 is not https's", "localhost:80", "https://localhost", false),
    ("443 for http", "localhost", "http://localhost:443", false),
    ("other port", "localhost:3000", "http://localhost:3001", false),
    ("no port", "localhost:3000", "http://localhost", false),
    ("a port", "localhost", "http://localhost:3000", false),
    ("empty port", "localhost:3000", "http://localhost:", false),
    ("other host", "localhost:3000", "http://evil.example:3000", false),
    ("other name of it", "localhost:3000", "http://127.0.0.1:3000", false),
    ("other address", "192.168.1.7:3000", "http://192.168.1.8:3000", false),
    ("other IPv6", "[::1]:3000", "http://[::2]:3000", false),
    ("below it", "localhost:3000", "http://a.localhost:3000", false),
    ("above it", "a.localhost:3000", "http://localhost:3000", false),
    ("null", "localhost:3000", "null", false),
    ("empty", "localhost:3000", "", false),
    ("no scheme", "localhost:3000", "localhost:3000", false),
    ("ftp", "localhost:3000", "ftp://localhost:3000", false),
    ("ws", "localhost:3000", "ws://localhost:3000", false),
    ("begins like it", "localhost:3000", "http://localhost:3000.evil.example", false),
    ("begins like it too", "localhost", "http://localhost.evil.example", false),
    ("ends like it", "localhost:3000", "http://evil-localhost:3000", false),
    ("as a user", "localhost:3000", "http://localhost:3000@evil.example", false),
    ("with a user", "localhost:3000", "http://evil@localhost:3000", false),
    ("as a fragment", "localhost:3000", "http://evil.example#localhost:3000", false),
    ("as a path", "localhost:3000", "http://evil.example/http://localhost:3000", false),
    ("slash at the end", "localhost:3000", "http://localhost:3000/", false),
    ("path", "localhost:3000", "http://localhost:3000/chat", false),
    ("list", "localhost:3000", "http://localhost:3000 http://evil.example", false),
];

/// With the option that a refusal advises, and with the Origin that it advises to send, the same request
/// is let in.
#[track_caller]
fn assert_advice_helps(refusal: &Reply, request: &str) {
    let text = refusal.text();
    let origin = request.split_once("Origin: ").unwrap().1.split_once("\r\n").unwrap().0;
    let check = |options: &[&str], request: &str| {
        let options = options.iter().map(OsString::from);
        let settings = Settings::read(options, Vec::new()).expect(&text);
        settings
            .origins
            .check(&http::parse(request.as_bytes()).unwrap())
            .map_err(|refusal| refusal.sentence())
    };
    let word = |phrase: &str| {
        let (_, rest) = text.split_once(phrase)?;
        rest.split([' ', ',', '\n']).next().map(str::to_string)
    };
    let sent = word("send ").filter(|sent| sent.starts_with("http"));
    if let Some(option) = word("--origin ") {
        let origin = if sent.is_some() { &option } else { origin };
        let with_option = request.replacen(&request_line(request, "Origin"), &format!("Origin: {origin}"), 1);
        assert_eq!(check(&["--origin", &option], &with_option), Ok(()), "{text}");
    }
    if let Some(sent) = sent {
        let changed = request.replacen(&request_line(request, "Origin"), &format!("Origin: {sent}"), 1);
        assert_eq!(check(&[], &changed), Ok(()), "{text}");
    }
}

/// The header line with this name.
fn request_line(request: &str, name: &str) -> String {
    request.lines().find(|line| line.starts_with(name)).unwrap().to_string()
}

#[test]
fn a_refusal_says_what_is_really_different() {
    let server = Server::start(&[]);
    for (host, origin, phrase) in [
        ("localhost:3000", "http://localhost:3000/", "not even a slash: send http://localhost:3000, or"),
        (
            "localhost:3000",
            "http://localhost:3000/chat?x",
            "not even a slash: send http://localhost:3000, or",
        ),
        ("localhost", "HTTP://LOCALHOST/", "not even a slash: send HTTP://LOCALHOST, or"),
        // From a tutorial for Go: two mistakes.
        (
            "localhost:3000",
            "http://localhost/",
            "not even a slash. Without that, the ports differ. A program can \
            send http://localhost:3000 or no Origin; for a page, start the server with --origin http://localhost\n",
        ),
        (
            "localhost:3000",
            "http://127.0.0.1:3000/",
            "the hosts differ. A program can send http://localhost:3000 or",
        ),
        (
            "localhost:3000",
            "null",
            "opened as a file, or in a frame without an origin. Open it from this server, or",
        ),
        ("localhost:3000", "file://", "opened as a file"),
        ("localhost:3000", "file:///home/ana/x.html", "opened as a file"),
        (
            "localhost:3000",
            "ws://localhost:3000",
            "the page's address, not the socket's: it begins with http or",
        ),
        (
            "localhost:3000",
            "chrome-extension://abcdef",
            "only all can be let in, with those of every site: --origin any",
        ),
        ("localhost:3000", "localhost:3000", "such as http://localhost:3000. A program need not send one"),
        ("localhost:3000", "", "such as http://localhost:3000. A program need not send one"),
        (
            "localhost:3000",
            "http://a@localhost:3000",
            "such as http://localhost:3000. A program need not send one",
        ),
        ("localhost:3000", "http://localhost:3001", "not this server's own: the ports differ. To let it in"),
        ("localhost:3000", "http://localhost", "not this server's own: the ports differ. To let it in"),
        ("localhost:3000", "http://127.0.0.1:3000", "not this server's own: the hosts differ. To let it in"),
        (
            "lab.localhost",
            "http://lab.localhost:3000",
            "own: Host has no port, perhaps because of a proxy. To let",
        ),
        ("[fe80::1%25eth0]:3000", "http://[fe80::2%25eth0]:3000", "the hosts differ. To let it in"),
    ] {
        let reply = send_request(&server, origin, from_page("/broadcast", host, origin));
        reply.assert_status(origin, 403);
        reply.assert_contains(origin, phrase);
        let misleads = reply.text().contains("--origin any") != needs_any(origin);
        assert!(!misleads, "{}", reply.text());
        assert_advice_helps(&reply, &from_page("/broadcast", host, origin));
    }
}

/// Whether a page with this Origin can only be let in with all others.
fn needs_any(origin: &str) -> bool {
    ["null", "file:", "chrome-extension:"].iter().any(|start| origin.starts_with(start))
}

#[test]
fn only_pages_of_the_same_origin_may_connect() {
    let server = Server::start(&[]);
    let anyone = Server::start(&["--origin", "any"]);
    for (what, host, origin, is_allowed) in ORIGINS {
        for path in ["/broadcast", "/"] {
            let reply = send_request(&server, what, from_page(path, host, origin));
            let expected = if is_allowed { 101 } else { 403 };
            reply.assert_status(what, expected);
            if !is_allowed {
                // The refusal says what was compared. If it names an option, that helps.
                reply.assert_contains(what, &format!("Origin is {origin}, but Host is {host},"));
                assert_advice_helps(&reply, &from_page(path, host, origin));
            }
        }
        // `/echo` is for every Origin.
        send_request(&server, what, from_page("/echo", host, origin)).assert_status(what, 101);
        send_request(&anyone, what, from_page("/broadcast", host, origin)).assert_status(what, 101);
    }
    let own = "http://localhost:3000";
    let twice = format!("{own}\r\nOrigin: {own}");
    for (what, request, status) in [
        ("two Origins", from_page("/broadcast", "localhost:3000", &twice), 403),
        ("no Origin", upgrade_request("/broadcast", ""), 101),
        // The host of an absolute target is compared, and Host is ignored (RFC 9112, 3.2.2).
        ("absolute", from_page("http://localhost:3000/broadcast", "localhost:4000", own), 101),
        ("absolute, other", from_page("http://localhost:4000/broadcast", "localhost:3000", own), 403),
    ] {
        send_request(&server, what, request).assert_status(what, status);
    }
}

#[test]
fn origins_given_by_option_may_connect() {
    let server = Server::start(&["--origin", "http://Lab.Test:5500/", "--origin", "https://chat.example"]);
    for (what, origin, status) in [
        ("given", "http://lab.test:5500", 101),
        ("given, case", "http://LAB.test:5500", 101),
        ("given, second", "https://chat.example", 101),
        ("its port", "https://chat.example:443", 101),
        ("still the own", "http://localhost:3000", 101),
        ("other port", "http://lab.test:5501", 403),
        ("no port", "http://lab.test", 403),
        ("below it", "http://a.lab.test:5500", 403),
        ("slash", "http://lab.test:5500/", 403),
        ("null", "null", 403),
    ] {
        let request = from_page("/broadcast", "localhost:3000", origin);
        send_request(&server, what, request).assert_status(what, status);
    }
    // With the option that the refusal recommends, the same request is accepted.
    let refused = from_page("/broadcast", "localhost:3000", "https://lab.example");
    let text = send_request(&server, "refused", &refused).text();
    let option = text.trim_end().rsplit_once("--origin ").expect("the option to set").1;
    assert_eq!(option, "https://lab.example");
    let obeyed = Server::start(&["--origin", option]);
    send_request(&obeyed, "with the option", refused).assert_status("with the option", 101);
    let what = "a page opened as a file";
    let null = from_page("/broadcast", "localhost:3000", "null");
    send_request(&server, what, null).assert_contains(what, "--origin any");
}

/// A browser tells a page neither the status nor the sentence of a refused handshake, and sends no Origin
/// with a plain GET to the page's own server.
#[test]
fn a_plain_get_with_its_origin_is_told_what_an_upgrade_would_be() {
    let server = Server::start(&["--origin", "https://lab.example"]);
    let plain = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost:3000\r\n{more}\r\n");
    for (origin, status, words) in [
        ("http%3A%2F%2Flocalhost%3A3000", 426, "a proxy in between"),
        ("https://lab.example", 426, "a proxy in between"),
        ("https%3A%2F%2Fchat.example", 403, "--origin https://chat.example"),
        ("null", 403, "--origin any"),
    ] {
        let request = plain(&format!("/chat?origin={origin}"), "");
        send_request(&server, origin, &request).assert_status(origin, status);
        send_request(&server, origin, &request).assert_contains(origin, words);
    }
    // What counts for an upgrade is the header alone.
    let upgrade =
        from_page("/chat?origin=https%3A%2F%2Flab.example", "localhost:3000", "https://evil.example");
    send_request(&server, "header", upgrade).assert_status("header", 403);
    let upgrade =
        from_page("/chat?origin=https%3A%2F%2Fevil.example", "localhost:3000", "https://lab.example");
    send_request(&server, "header", upgrade).assert_status("header", 101);
}

#[test]
fn a_forwarded_port_works_with_the_options_that_the_refusals_name() {
    for (what, host, origin, names) in [
        ("a port forwarded as it is", "localhost:3001", "http://localhost:3001", &[][..]),
        ("a dev tunnel of VS Code", "localhost:3000", "http://localhost:3000", &[]),
        ("Gitpod, Coder, ngrok", "3000-x.example", "https://3000-x.example", &["--host"]),
        ("ngrok --host-header=rewrite", "localhost:3000", "https://x.example", &["--origin"]),
        ("a codespace", "x-3000.example", "http://localhost:3000", &["--host", "--origin"]),
        ("a codespace, later", "x-3000.example", "https://localhost:3000", &["--host", "--origin"]),
        ("Host with a port of its own", "x.example:3000", "https://x.example", &["--host", "--origin"]),
    ] {
        let request = from_page("/chat", host, origin);
        let mut options: Vec<String> = Vec::new();
        // Does what each refusal says until the connection is accepted.
        loop {
            let server = Server::start(&options.iter().map(String::as_str).collect::<Vec<_>>());
            let reply = send_request(&server, what, &request);
            if reply.status == 101 {
                break;
            }
            let text = reply.text();
            let advice = text.trim_end().rfind("--").expect("an option");
            options.extend(text.trim_end()[advice..].split(' ').map(str::to_string));
            assert!(options.len() <= 4, "{what}: {text}");
        }
        let given: Vec<&str> =
            options.iter().map(String::as_str).filter(|word| word.starts_with("--")).collect();
        assert_eq!(given, names, "{what}");
    }
}

#[test]
fn refusals_are_logged_once_a_second_without_the_query() {
    // A refused page reconnects again and again; its warnings must not fill the log.
    let warning = |server: &Server, request: &str| {
        let start = Instant::now();
        for _ in 0..20 {
            assert!(send_request(server, "again", request).status >= 400);
        }
        let most = 1 + start.elapsed().as_secs() as usize;
        // The log is in order: after this line no more of those warnings come.
        drop(server.open("/echo"));
        let log = server.wait_for_log("came to /echo");
        let lines: Vec<String> =
            log.lines().filter(|line| line.contains("WARN")).map(str::to_string).collect();
        assert!((1..=most).contains(&lines.len()), "{} of at most {most}: {log}", lines.len());
        assert!(!log.contains("secret"), "{log}");
        lines[0].clone()
    };
    let origin = "http://evil.example";
    let request = from_page("/broadcast?token=secret", "localhost:3000", origin);
    let line = warning(&Server::start(&[]), &request);
    assert!(line.contains("GET /broadcast: "), "{line}");
    assert!(line.contains(&format!("Origin is {origin}, but Host is localhost:3000")), "{line}");
    assert!(line.contains("--origin http://evil.example"), "{line}");

    let request = "GET /%1B[2J%0D%0A?secret HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    let line = warning(&Server::start(&[]), request);
    assert!(line.contains("GET /%1B[2J%0D%0A: "), "{line}");
    assert!(line.contains("Host is evil.example") && line.contains("--host evil.example"), "{line}");
}
