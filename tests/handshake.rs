//! The handshake: the checks of RFC 6455, 4.2.1, what a refusal says, and requests that come through a
//! proxy.

mod origin; // which pages may connect

use crate::support::*;

const CONNECTION: &str = "Connection: Upgrade\r\n";
const UPGRADE: &str = "Upgrade: websocket\r\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
const KEY_LINE: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn the_sample_key_of_the_rfc_gets_its_accept() {
    let server = Server::start(&[]);
    let request = upgrade_request(
        "/echo",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\n",
    );
    let reply = send_request(&server, "with offers", request);
    assert!(reply.head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{}", reply.head);
    assert_eq!(reply.header("Upgrade"), Some("websocket"));
    assert_eq!(reply.header("Connection"), Some("Upgrade"));
    assert_eq!(reply.header("Sec-WebSocket-Accept"), Some(ACCEPT));
    for never in ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Content-Length"] {
        assert_eq!(reply.header(never), None, "{never}");
    }
}

#[test]
fn correct_upgrade_requests_get_101() {
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
        let reply = send_request(&server, what, changed_upgrade_request("/echo", from, to));
        reply.assert_status(what, 101);
        assert_eq!(reply.header("Sec-WebSocket-Accept"), Some(ACCEPT), "{what}");
    }
}

#[test]
fn each_check_refuses_with_its_status_and_reason() {
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
        let reply = send_request(&server, what, changed_upgrade_request("/echo", from, to));
        reply.assert_status(what, status);
        reply.assert_contains(what, phrase);
        let version = (phrase == "must be 13").then_some("13");
        assert_eq!(reply.header("Sec-WebSocket-Version"), version, "{what}");
        assert_asks_for_upgrade(what, &reply);
    }
    for path in ["/echo", "/broadcast"] {
        for method in ["GET", "HEAD"] {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            let reply = send_request(&server, path, request);
            reply.assert_status(path, 426);
            assert_asks_for_upgrade(path, &reply);
        }
    }
    server.assert_serves();
}

/// Checks that a 426 names the protocol to upgrade to in `Upgrade`, lists `Upgrade` in `Connection`, and
/// that no other answer does (RFC 9110, 7.8 and 15.5.22).
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

/// A browser's upgrade request as nginx 1.22 passes it on: first the lines that nginx is configured to
/// set, then the browser's own.
#[test]
fn a_proxy_that_keeps_the_host_may_be_in_front() {
    let server = Server::start(&["--host", "chat.example"]);
    let configured = "HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n";
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
        let request = format!("GET /chat?since=3 {configured}{browser}");
        let request = request.replace("{host}", host).replace("{origin}", origin);
        send_request(&server, what, request).assert_status(what, status);
    }
    // nginx without `proxy_http_version`, and without the two lines for the upgrade.
    let default = "HTTP/1.0\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n";
    let closing = "HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n";
    for head in [default, closing] {
        let request = format!("GET /chat {head}{browser}").replace("{host}", "chat.example");
        let reply = send_request(&server, head, request);
        reply.assert_status(head, 426);
        reply.assert_contains(head, "HTTP/1.1");
        reply.assert_contains(head, "proxy");
    }
    // A page is requested with the same lines, without a value for Upgrade.
    let page = "GET / HTTP/1.1\r\nHost: chat.example\r\nConnection: upgrade\r\nAccept: */*\r\n\r\n";
    send_request(&server, "the page", page).assert_status("the page", 200);
}
