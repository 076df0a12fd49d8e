//! Request heads that are refused, each with its status and a sentence that says why.

use crate::support::*;

/// `(what, request, status, text in the body)`. The client sends nothing more and waits, so that an
/// answer shows that the head is refused at once: a server that waited for more would answer 408.
const REFUSALS: [(&str, &[u8], u16, &str); 81] = [
    ("0.9", b"GET /\r\n\r\n", 400, "request line"),
    ("0.9 by name", b"GET / HTTP/0.9\r\nHost: localhost\r\n\r\n", 505, "HTTP/1.1"),
    ("2.0", b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505, "HTTP/1.1"),
    ("2.0 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/1.1"),
    ("2", b"GET / HTTP/2\r\nHost: localhost\r\n\r\n", 400, "HTTP/1.1"),
    ("1.10", b"GET / HTTP/1.10\r\nHost: localhost\r\n\r\n", 400, "HTTP/1.1"),
    ("version in lower case", b"GET / http/1.1\r\nHost: localhost\r\n\r\n", 400, "HTTP/1.1"),
    ("another protocol", b"GET / ICY/1.1\r\nHost: localhost\r\n\r\n", 400, "HTTP/1.1"),
    ("no version", b"GET / \r\nHost: localhost\r\n\r\n", 400, "HTTP/1.1"),
    ("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xFC\x03\x03", 400, "http://"),
    ("TLS, first byte", b"\x16", 400, "http://"),
    ("nothing at all", b"\r\n\r\n", 400, "request line"),
    ("two empty lines", b"\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "request line"),
    ("two spaces", b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "one space"),
    ("two spaces later", b"GET /  HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "one space"),
    ("space at the end", b"GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n", 400, "one space"),
    ("space first", b" GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "one space"),
    ("space in the target", b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "one space"),
    ("tabs", b"GET\t/\tHTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "one space"),
    ("tab in the target", b"GET /a\tb HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "percent"),
    ("no method", b"\"\" / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "method"),
    ("umlaut in the target", b"GET /\xC3\xBC HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "percent"),
    ("0xFF in the target", b"GET /\xFF HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "percent"),
    ("fragment", b"GET /#top HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "percent"),
    ("fragment, query", b"GET /?a#top HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "percent"),
    ("% alone", b"GET /% HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "%"),
    ("% and one digit", b"GET /%4 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "%"),
    ("% and no digits", b"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "%"),
    ("% and a sign", b"GET /%+4 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "%"),
    ("%00", b"GET /index.html%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "UTF-8"),
    ("not UTF-8", b"GET /%FF HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "UTF-8"),
    ("overlong UTF-8", b"GET /%C0%AE HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "UTF-8"),
    ("no slash", b"GET index.html HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "target"),
    ("asterisk", b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "target"),
    ("ftp", b"GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "target"),
    ("URL, user", b"GET http://a@localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "host"),
    ("URL, no host", b"GET http:///etc HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "host"),
    ("URL, no Host", b"GET http://localhost/ HTTP/1.1\r\n\r\n", 400, "no Host"),
    ("URL, two", b"GET http://[::1]/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "one Host"),
    ("URL, evil", b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 421, "evil"),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
    ("two", b"GET / HTTP/1.1\r\nHost: localhost\r\nhost: localhost\r\n\r\n", 400, "one Host"),
    ("two, 1.0", b"GET / HTTP/1.0\r\nHost: localhost\r\nHost: a\r\n\r\n", 400, "one Host"),
    ("Host empty", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "Host"),
    ("Host is a port", b"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400, "Host"),
    ("Host, user", b"GET / HTTP/1.1\r\nHost: evil@localhost\r\n\r\n", 400, "Host"),
    ("Host, path", b"GET / HTTP/1.1\r\nHost: localhost/evil\r\n\r\n", 400, "Host"),
    ("Host, query", b"GET / HTTP/1.1\r\nHost: localhost?evil\r\n\r\n", 400, "Host"),
    ("Host, URL", b"GET / HTTP/1.1\r\nHost: http://localhost\r\n\r\n", 400, "Host"),
    ("Host, list", b"GET / HTTP/1.1\r\nHost: localhost, localhost\r\n\r\n", 400, "Host"),
    ("Host, space", b"GET / HTTP/1.1\r\nHost: local host\r\n\r\n", 400, "Host"),
    ("Host, two dots", b"GET / HTTP/1.1\r\nHost: localhost..\r\n\r\n", 400, "Host"),
    ("Host, umlaut", b"GET / HTTP/1.1\r\nHost: l\xC3\xB6calhost\r\n\r\n", 400, "Host"),
    ("Host, port a", b"GET / HTTP/1.1\r\nHost: localhost:http\r\n\r\n", 400, "Host"),
    ("Host, port +", b"GET / HTTP/1.1\r\nHost: localhost:+80\r\n\r\n", 400, "Host"),
    ("Host, 65536", b"GET / HTTP/1.1\r\nHost: localhost:65536\r\n\r\n", 400, "Host"),
    ("Host, two ports", b"GET / HTTP/1.1\r\nHost: localhost:80:80\r\n\r\n", 400, "Host"),
    ("Host, open bracket", b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "Host"),
    ("Host, bad IPv6", b"GET / HTTP/1.1\r\nHost: [1::2::3]\r\n\r\n", 400, "Host"),
    ("Host, IPv6 + text", b"GET / HTTP/1.1\r\nHost: [::1]evil\r\n\r\n", 400, "Host"),
    ("zone, empty", b"GET / HTTP/1.1\r\nHost: [fe80::1%]\r\n\r\n", 400, "Host"),
    ("zone, empty too", b"GET / HTTP/1.1\r\nHost: [fe80::1%25]\r\n\r\n", 400, "Host"),
    ("zone, bad", b"GET / HTTP/1.1\r\nHost: [fe80::1%25a/b]\r\n\r\n", 400, "Host"),
    ("zone, global", b"GET / HTTP/1.1\r\nHost: [2001:db8::1%25eth0]\r\n\r\n", 400, "Host"),
    ("zone, IPv4", b"GET / HTTP/1.1\r\nHost: 127.0.0.1%25eth0\r\n\r\n", 400, "Host"),
    ("zone, name", b"GET / HTTP/1.1\r\nHost: localhost%25eth0\r\n\r\n", 400, "Host"),
    ("Host, IPv6 bare", b"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400, "Host"),
    ("space, colon", b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400, "colon"),
    ("tab, colon", b"GET / HTTP/1.1\r\nHost: localhost\r\nX\t: y\r\n\r\n", 400, "colon"),
    ("folded", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n z\r\n\r\n", 400, "fold"),
    ("folded by tab", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\tz\r\n\r\n", 400, "fold"),
    ("folded at once", b"GET / HTTP/1.1\r\n X: y\r\nHost: localhost\r\n\r\n", 400, "fold"),
    ("folded nothing", b"GET / HTTP/1.1\r\nHost: localhost\r\n \r\n\r\n", 400, "fold"),
    ("no colon", b"GET / HTTP/1.1\r\nHost: localhost\r\nX\r\n\r\n", 400, "colon"),
    ("empty name", b"GET / HTTP/1.1\r\nHost: localhost\r\n: y\r\n\r\n", 400, "name"),
    ("space in a name", b"GET / HTTP/1.1\r\nHost: localhost\r\nX Y: z\r\n\r\n", 400, "name"),
    ("umlaut in a name", b"GET / HTTP/1.1\r\nHost: localhost\r\n\xC3\xBC: z\r\n\r\n", 400, "name"),
    ("bare CR", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\rz: 1", 400, "bare CR"),
    ("two CR", b"GET / HTTP/1.1\r\r\n", 400, "bare CR"),
    ("bare LF", b"GET / HTTP/1.1\n", 400, "bare LF"),
    ("bare LF at the end", b"GET / HTTP/1.1\r\nHost: localhost\r\n\n", 400, "bare LF"),
];

/// The same, for header lines that follow the Host of a correct request.
const REFUSED_LINES: [(&str, &str, u16, &str); 31] = [
    ("NUL", "X: a\0b\r\n", 400, "NUL"),
    ("escape", "X: \x1B[2J\r\n", 400, "control"),
    ("delete", "X: a\x7F\r\n", 400, "control"),
    ("a NUL for a name", "\0: a\r\n", 400, "NUL"),
    ("both", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", 400, "both"),
    ("both, turned", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400, "both"),
    ("both, none", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400, "both"),
    ("lengths differ", "Content-Length: 4\r\nContent-Length: 5\r\n", 400, "two different Content-Length"),
    ("lengths, list", "Content-Length: 4, 5\r\n", 400, "two different Content-Length"),
    ("lengths, zeros", "Content-Length: 4, 04\r\n", 400, "two different Content-Length"),
    ("lengths, both", "Content-Length: 4, 4\r\nContent-Length: 5\r\n", 400, "two different Content-Length"),
    ("length and nothing", "Content-Length: 4,\r\n", 400, "two different Content-Length"),
    ("length a word", "Content-Length: four\r\n", 400, "Content-Length"),
    ("length signed", "Content-Length: +4\r\n", 400, "Content-Length"),
    ("length negative", "Content-Length: -4\r\n", 400, "Content-Length"),
    ("length hex", "Content-Length: 0x4\r\n", 400, "Content-Length"),
    ("length empty", "Content-Length:\r\n", 400, "Content-Length"),
    ("length blank", "Content-Length: \t \r\n", 400, "Content-Length"),
    ("length comma", "Content-Length: ,\r\n", 400, "Content-Length"),
    ("length in two", "Content-Length: 4 4\r\n", 400, "Content-Length"),
    ("length 4.0", "Content-Length: 4.0\r\n", 400, "Content-Length"),
    ("length, odd blank", "Content-Length: 4\u{A0}\r\n", 400, "Content-Length"),
    ("length, Arabic", "Content-Length: ٤\r\n", 400, "Content-Length"),
    ("length, huge", "Content-Length: 18446744073709551616\r\n", 400, "Content-Length"),
    ("not chunked", "Transfer-Encoding: gzip\r\n", 400, "chunked"),
    ("not chunked last", "Transfer-Encoding: chunked, gzip\r\n", 400, "chunked"),
    ("no coding", "Transfer-Encoding:\r\n", 400, "chunked"),
    ("identity", "Transfer-Encoding: identity\r\n", 400, "chunked"),
    ("nearly chunked", "Transfer-Encoding: \u{B}chunked\r\n", 400, "control"),
    ("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: Chunked\r\n", 400, "twice"),
    ("gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n", 501, "only chunked"),
];

#[test]
fn malformed_heads_are_refused_with_a_reason() {
    let server = Server::start(&[]);
    let assert_refused = |what: &str, request: &[u8], status: u16, phrase: &str| {
        let reply = send_request(&server, what, request);
        reply.assert_status(what, status);
        reply.assert_contains(what, phrase);
    };
    for (what, request, status, phrase) in REFUSALS {
        assert_refused(what, request, status, phrase);
    }
    for (what, lines, status, phrase) in REFUSED_LINES {
        for method in ["GET", "POST", "OPTIONS", "BREW"] {
            assert_refused(what, get_request(lines).replace("GET", method).as_bytes(), status, phrase);
        }
    }
    // Host as well has to be right, whatever the method is (RFC 9112, 3.2).
    for host in ["", "Host: a\r\nHost: a\r\n", "Host: a b\r\n"] {
        let request = format!("POST / HTTP/1.1\r\n{host}\r\n");
        send_request(&server, host, &request).assert_status(host, 400);
    }
    let old = get_request("Transfer-Encoding: chunked\r\n").replace("1.1", "1.0");
    assert_refused("1.0, chunked", old.as_bytes(), 400, "HTTP/1.0");
    assert_refused("101 headers", get_request(&"X: y\r\n".repeat(100)).as_bytes(), 431, "100");
    // A body in order does not change that.
    for lines in [
        "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: 4, 4\r\n",
        "Transfer-Encoding: CHUNKED\r\n",
    ] {
        send_request(&server, lines, get_request(lines).replace("GET", "POST")).assert_status(lines, 405);
        send_request(&server, lines, get_request(lines)).assert_status(lines, 200);
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "GETS"] {
        let reply = send_request(&server, method, get_request("").replace("GET", method));
        reply.assert_status(method, 405);
        assert_eq!(reply.header("Allow"), Some("GET, HEAD"), "{method}");
    }
    let options = "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n";
    send_request(&server, "OPTIONS *", options).assert_status("OPTIONS *", 405);
    server.assert_serves();
}
