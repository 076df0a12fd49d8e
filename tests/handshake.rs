//! The upgrade: the ladder of checks, who may connect, and what a refusal says.

use std::process::Command;
use std::time::Instant;

use crate::http::request::ask;
use crate::support::*;

const CONNECTION: &str = "Connection: Upgrade\r\n";
const UPGRADE: &str = "Upgrade: websocket\r\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
const KEY_LINE: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// An upgrade request with one of its lines changed.
fn changed(path: &str, from: &str, to: &str) -> String {
    let request = upgrade_request(path, "");
    assert!(request.contains(from), "{from}");
    request.replace(from, to)
}

/// An upgrade request from a page: its Host and its Origin.
fn from_page(path: &str, host: &str, origin: &str) -> String {
    let lines = format!("Host: {host}\r\nOrigin: {origin}\r\n");
    changed(path, "Host: localhost\r\n", &lines)
}

#[test]
fn sample_of_the_rfc() {
    let server = Server::start(&[]);
    let request = upgrade_request(
        "/echo",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\n",
    );
    let reply = ask(&server, "with offers", request);
    assert!(reply.head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{}", reply.head);
    assert_eq!(reply.header("Upgrade"), Some("websocket"));
    assert_eq!(reply.header("Connection"), Some("Upgrade"));
    assert_eq!(reply.header("Sec-WebSocket-Accept"), Some(ACCEPT));
    for never in ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Content-Length"] {
        assert_eq!(reply.header(never), None, "{never}");
    }
}

#[test]
fn let_in() {
    let server = Server::start(&[]);
    for (what, from, to) in [
        ("as in the RFC", "", ""),
        ("Firefox", CONNECTION, "Connection: keep-alive, Upgrade\r\n"),
        ("lower case", CONNECTION, "connection: upgrade\r\n"),
        ("upper case", CONNECTION, "CONNECTION: UPGRADE\r\n"),
        ("empty items", CONNECTION, "Connection: ,, keep-alive ,upgrade,\r\n"),
        ("two lines", CONNECTION, "Connection: keep-alive\r\nConnection: Upgrade\r\n"),
        ("two lines, turned", CONNECTION, "Connection: Upgrade\r\nConnection: keep-alive\r\n"),
        ("case of WebSocket", UPGRADE, "UPGRADE: WebSocket\r\n"),
        ("list", UPGRADE, "Upgrade: h2c, websocket\r\n"),
        ("list in two lines", UPGRADE, "Upgrade: h2c\r\nUpgrade: websocket\r\n"),
        ("case of the names", VERSION, "sec-websocket-VERSION: 13\r\n"),
        ("case of the key's name", KEY_LINE, "SEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        ("body of nothing", VERSION, "Sec-WebSocket-Version: 13\r\nContent-Length: 0\r\n"),
        ("query", "/echo", "/echo?a=b"),
        ("encoded path", "/echo", "/%65cho"),
        ("absolute", "/echo", "http://localhost/echo"),
        (
            "absolute, another Host",
            "GET /echo HTTP/1.1\r\nHost: localhost",
            "GET http://localhost/echo HTTP/1.1\r\nHost: evil.example",
        ),
        ("/broadcast", "/echo", "/broadcast"),
        ("/", "/echo", "/"),
    ] {
        let reply = ask(&server, what, changed("/echo", from, to));
        assert_eq!(reply.status, 101, "{what}: {}{}", reply.head, reply.text());
        assert_eq!(reply.header("Sec-WebSocket-Accept"), Some(ACCEPT), "{what}");
    }
}

#[test]
fn ladder() {
    let server = Server::start(&[]);
    for (what, from, to, status, phrase) in [
        ("no Connection", CONNECTION, "", 400, "Connection: Upgrade"),
        ("keep-alive", CONNECTION, "Connection: keep-alive\r\n", 400, "Connection: Upgrade"),
        ("look-alike", CONNECTION, "Connection: upgrades, x-upgrade\r\n", 400, "Connection"),
        ("no Upgrade", UPGRADE, "", 426, "Upgrade: websocket"),
        ("other Upgrade", UPGRADE, "Upgrade: websocket2, web socket\r\n", 426, "Upgrade"),
        ("body", KEY_LINE, "Content-Length: 1\r\n", 400, "body"),
        ("chunked body", KEY_LINE, "Transfer-Encoding: chunked\r\n", 400, "body"),
        ("no version", VERSION, "", 426, "must be 13"),
        ("version 12", VERSION, "Sec-WebSocket-Version: 12\r\n", 426, "must be 13"),
        ("version 14", VERSION, "Sec-WebSocket-Version: 14\r\n", 426, "must be 13"),
        ("version 013", VERSION, "Sec-WebSocket-Version: 013\r\n", 426, "must be 13"),
        ("two versions", VERSION, "Sec-WebSocket-Version: 13, 8\r\n", 426, "must be 13"),
        ("version twice", VERSION, &VERSION.repeat(2), 426, "must be 13"),
        ("no key", KEY_LINE, "", 400, "one Sec-WebSocket-Key"),
        ("key twice", KEY_LINE, &KEY_LINE.repeat(2), 400, "one Sec-WebSocket-Key"),
        ("key empty", KEY, "", 400, "this one has 0"),
        ("7 bytes", KEY, "AAAAAAAAAA==", 400, "this one has 7"),
        ("15 bytes", KEY, "AAAAAAAAAAAAAAAAAAAA", 400, "this one has 15"),
        ("17 bytes", KEY, "AAAAAAAAAAAAAAAAAAAAAAA=", 400, "this one has 17"),
        ("18 bytes", KEY, "AAAAAAAAAAAAAAAAAAAAAAAA", 400, "this one has 18"),
        ("words", KEY, "no base64, and 24 long !", 400, "not base64"),
        ("no padding", KEY, "dGhlIHNhbXBsZSBub25jZQ", 400, "not base64"),
        ("other base64", KEY, "-_hlIHNhbXBsZSBub25jZQ==", 400, "not base64"),
        ("padding inside", KEY, "dGhl=HNhbXBsZSBub25jZQ==", 400, "not base64"),
        ("more padding", KEY, "AAAAAAAAAAAAAAAAAAAAA===", 400, "not base64"),
        ("unknown path", "/echo", "/nothing", 404, "WebSocket"),
        ("path of a file", "/echo", "/index.html", 404, "WebSocket"),
        ("slash after it", "/echo", "/echo/", 404, "WebSocket"),
        ("other case", "/echo", "/Echo", 404, "WebSocket"),
        ("POST", "GET", "POST", 405, "GET"),
        ("1.0", "HTTP/1.1", "HTTP/1.0", 426, "WebSocket"),
        ("1.0 on /", "/echo HTTP/1.1", "/ HTTP/1.0", 200, ""),
    ] {
        let reply = ask(&server, what, changed("/echo", from, to));
        let text = reply.text();
        assert_eq!(reply.status, status, "{what}: {text}");
        assert!(text.contains(phrase), "{what}: {phrase}: {text}");
        let version = (phrase == "must be 13").then_some("13");
        assert_eq!(reply.header("Sec-WebSocket-Version"), version, "{what}");
        assert_asks_for_upgrade(what, &reply);
    }
    for path in ["/echo", "/broadcast"] {
        for method in ["GET", "HEAD"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let reply = ask(&server, path, request);
            assert_eq!(reply.status, 426, "{method} {path}");
            assert_asks_for_upgrade(path, &reply);
        }
    }
    server.assert_serves();
}

/// A 426 says what to upgrade to, and lists it in Connection (RFC 9110, 7.8 and 15.5.22).
fn assert_asks_for_upgrade(what: &str, reply: &Reply) {
    let connection = reply.header("Connection").unwrap_or_default();
    let mut tokens: Vec<&str> = connection.split(", ").collect();
    tokens.sort_unstable_by_key(|token| token.to_ascii_lowercase());
    if reply.status == 426 {
        assert_eq!(reply.header("Upgrade"), Some("websocket"), "{what}");
        assert_eq!(tokens, ["close", "Upgrade"], "{what}");
    } else {
        assert_eq!(reply.header("Upgrade"), None, "{what}");
        assert_eq!(tokens, ["close"], "{what}");
    }
}

#[test]
fn hosts() {
    let server = Server::start(&["--host", "Lab.Test.", "--host", "one.example,two.example"]);
    let output = Command::new("hostname").output().expect("it is installed");
    let name = String::from_utf8(output.stdout).expect("text").trim().to_string();
    let short = name.split('.').next().unwrap().to_string();
    let allowed = format!(
        "localhost LocalHost localhost. localhost:3000 foo.localhost a.b.LOCALHOST.:80 \
         127.0.0.1 127.0.0.1:3000 127.9.9.9 192.168.1.7 192.0.2.1. \
         [::1] [::1]:3000 [2001:DB8::7] [::ffff:192.0.2.1] \
         lab.test LAB.test.:3000 one.example two.example \
         {name} {short} {} {short}.local {short}.LOCAL.:3000",
        name.to_uppercase()
    );
    // A browser turns 127.1 and its like into addresses before it sends them; nobody else has
    // reason to say them.
    let refused = format!(
        "evil.example EVIL.example.:3000 evillocalhost localhost.evil.example \
         localhost.localdomain 127.0.0.1.evil.example \
         127.1 127.0.0.01 127.0.0.256 0x7f000001 0x7f.0.0.1 2130706433 017700000001 \
         lab.testing x.lab.test lab.test.evil.example \
         x{short}.local x.{short}.local {short}.local.evil.example"
    );
    let cases = allowed.split(' ').map(|host| (host, (200, 101)));
    for (host, statuses) in cases.chain(refused.split(' ').map(|host| (host, (421, 421)))) {
        let line = format!("Host: {host}\r\n");
        let page = ask(&server, host, format!("GET / HTTP/1.1\r\n{line}\r\n"));
        let upgrade = ask(&server, host, changed("/echo", "Host: localhost\r\n", &line));
        assert_eq!((page.status, upgrade.status), statuses, "{host}: {}", page.text());
    }
    // What was compared, and what lets it in.
    let text = ask(&server, "421", "GET / HTTP/1.1\r\nHost: Evil.Example.:3000\r\n\r\n").text();
    assert!(text.contains("Host is evil.example,"), "{text}");
    assert!(text.contains("--host evil.example\n"), "{text}");
}

/// `(what, Host, Origin, is let in)`
const ORIGINS: [(&str, &str, &str, bool); 46] = [
    ("own", "localhost:3000", "http://localhost:3000", true),
    ("own, TLS in front", "localhost:3000", "https://localhost:3000", true),
    ("own address", "192.168.1.7:3000", "http://192.168.1.7:3000", true),
    ("own IPv6", "[::1]:3000", "http://[::1]:3000", true),
    ("IPv6 written out", "[::1]:3000", "http://[0:0:0:0:0:0:0:1]:3000", true),
    ("IPv6 the other way", "[2001:DB8:0::7]:3000", "http://[2001:db8::7]:3000", true),
    ("no ports", "localhost", "http://localhost", true),
    ("no ports, TLS", "localhost", "https://localhost", true),
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

#[test]
fn origins() {
    let server = Server::start(&[]);
    let anyone = Server::start(&["--origin", "any"]);
    for (what, host, origin, is_allowed) in ORIGINS {
        for path in ["/broadcast", "/"] {
            let reply = ask(&server, what, from_page(path, host, origin));
            let expected = if is_allowed { 101 } else { 403 };
            assert_eq!(reply.status, expected, "{what} on {path}: {}", reply.text());
            if !is_allowed {
                // What was compared, and what lets it in.
                let (text, compared) =
                    (reply.text(), format!("Origin is {origin}, but Host is {host},"));
                assert!(text.contains(&compared), "{what}: {text}");
                assert!(text.contains("--origin "), "{what}: {text}");
            }
        }
        let reply = ask(&server, what, from_page("/echo", host, origin));
        assert_eq!(reply.status, 101, "/echo is for every Origin: {what}");
        let reply = ask(&anyone, what, from_page("/broadcast", host, origin));
        assert_eq!(reply.status, 101, "--origin any: {what}: {}", reply.text());
    }
    let own = "http://localhost:3000";
    let twice = format!("{own}\r\nOrigin: {own}");
    let reply = ask(&server, "twice", from_page("/broadcast", "localhost:3000", &twice));
    assert_eq!(reply.status, 403, "{}", reply.text());
    let no_origin = upgrade_request("/broadcast", "");
    assert_eq!(ask(&server, "none", no_origin).status, 101);
    // The target's host is the one that counts.
    let absolute = from_page("http://localhost:3000/broadcast", "localhost:4000", own);
    assert_eq!(ask(&server, "absolute", absolute).status, 101);
    let absolute = from_page("http://localhost:4000/broadcast", "localhost:3000", own);
    assert_eq!(ask(&server, "absolute, other", absolute).status, 403);
}

#[test]
fn origins_by_option() {
    let server =
        Server::start(&["--origin", "http://Lab.Test:5500/", "--origin", "https://chat.example"]);
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
        let reply = ask(&server, what, from_page("/broadcast", "localhost:3000", origin));
        assert_eq!(reply.status, status, "{what}: {}", reply.text());
    }
    // Done as the sentence says, it works.
    let refused = from_page("/broadcast", "localhost:3000", "https://lab.example");
    let text = ask(&server, "what to do", &refused).text();
    let option = text.trim_end().rsplit_once("--origin ").expect("it says so").1;
    assert_eq!(option, "https://lab.example");
    let obeyed = Server::start(&["--origin", option]);
    assert_eq!(ask(&obeyed, "done", refused).status, 101);
    let null = from_page("/broadcast", "localhost:3000", "null");
    let text = ask(&server, "a page opened as a file", null).text();
    assert!(text.contains("--origin any"), "{text}");
}

/// What nginx 1.22 makes of a browser's upgrade: first the lines that it is told to set, then the rest.
#[test]
fn behind_a_proxy() {
    let server = Server::start(&["--host", "chat.example"]);
    let told = "HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n";
    let browser = "Pragma: no-cache\r\nCache-Control: no-cache\r\nUser-Agent: Mozilla/5.0\r\n\
         Origin: {origin}\r\nSec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate, br\r\n\
         Accept-Language: en-GB\r\nCookie: name=Ana\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    for (what, host, origin, status) in [
        ("TLS", "chat.example", "https://chat.example", 101),
        ("TLS on another port", "chat.example:8443", "https://chat.example:8443", 101),
        ("no TLS", "chat.example", "http://chat.example", 101),
        ("no TLS, another port", "chat.example:8080", "http://chat.example:8080", 101),
        ("$host", "chat.example", "https://chat.example:8443", 403),
        ("no Host line", "127.0.0.1:3000", "https://chat.example", 403),
    ] {
        let request = format!("GET /chat?since=3 {told}{browser}");
        let request = request.replace("{host}", host).replace("{origin}", origin);
        let reply = ask(&server, what, request);
        assert_eq!(reply.status, status, "{what}: {}", reply.text());
    }
    // Without proxy_http_version, and without the two lines for the upgrade.
    let default = "HTTP/1.0\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n";
    let closing = "HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n";
    for head in [default, closing] {
        let request = format!("GET /chat {head}{browser}").replace("{host}", "chat.example");
        let reply = ask(&server, head, request);
        assert_eq!(reply.status, 426);
        assert!(reply.text().contains("HTTP/1.1") && reply.text().contains("proxy"));
    }
    // The pages come with the same lines, with no Upgrade in them.
    let page = "GET / HTTP/1.1\r\nHost: chat.example\r\nConnection: upgrade\r\nAccept: */*\r\n\r\n";
    assert_eq!(ask(&server, "the page", page).status, 200);
}

#[test]
fn refusals_in_the_log() {
    // The same page again and again, as it reconnects, must not push all else out of the log.
    let warnings = |server: &Server, request: &str| {
        let start = Instant::now();
        for _ in 0..20 {
            assert!(ask(server, "burst", request).status >= 400);
        }
        let most = 1 + start.elapsed().as_secs() as usize;
        // What comes later stands later: after this line there are no more of those.
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
    let line = warnings(&Server::start(&[]), &request);
    assert!(line.contains("GET /broadcast: "), "{line}");
    assert!(line.contains(&format!("Origin is {origin}, but Host is localhost:3000")), "{line}");
    assert!(line.contains("--origin http://evil.example"), "{line}");

    let request = "GET /%1B[2J%0D%0A?secret HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    let line = warnings(&Server::start(&[]), request);
    assert!(line.contains("GET /%1B[2J%0D%0A: "), "{line}");
    assert!(
        line.contains("Host is evil.example") && line.contains("--host evil.example"),
        "{line}"
    );
}
