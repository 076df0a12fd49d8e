//! The addresses for classmates (`/share.json`) and codes of them (`/qr.svg`): who is told which, and that no
//! code leads to another site.

use std::net::{IpAddr, SocketAddr, TcpStream};

use partyline::interfaces::{self, Address};
use serde_json::{Value, json};

use crate::support::terminal::Terminal;
use crate::support::*;

fn get(server: &Server, host: &str, path: &str) -> Reply {
    send_request(server, path, format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
}

fn share(reply: &Reply) -> Value {
    reply.assert_status("share.json", 200);
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
    serde_json::from_slice(&reply.body).unwrap()
}

/// Asks for a code of this address, which is percent-encoded as a whole.
fn code(server: &Server, host: &str, url: &str) -> Reply {
    let url: String = url.bytes().map(|byte| format!("%{byte:02X}")).collect();
    get(server, host, &format!("/qr.svg?url={url}"))
}

#[test]
fn only_a_page_on_this_machine_is_told_its_addresses() {
    let server = Server::start(&["--host", "chat.example"]);
    let found = interfaces::reachable();
    let url = |address: &Address| format!("http://{}/", SocketAddr::new(address.ip, server.port));
    let addresses: Vec<Value> =
        found.iter().map(|address| json!({ "url": url(address), "vpn": address.is_vpn })).collect();
    let all = json!({ "type": "share", "addresses": addresses, "passphrase": false });
    for host in ["localhost", "LOCALHOST:3000", "lab.localhost", "127.0.0.1", "[::1]:3000"] {
        assert_eq!(share(&get(&server, host, "/share.json")), all, "{host}");
    }
    let none = json!({ "type": "share", "addresses": [], "passphrase": false });
    for host in ["chat.example", "192.0.2.7:3000", "[2001:db8::7]"] {
        assert_eq!(share(&get(&server, host, "/share.json")), none, "{host}");
    }
    get(&server, "evil.example", "/share.json").assert_status("an unknown Host", 421);
    // A proxy or a tunnel on this machine may send its own Host; what it adds says that the page is elsewhere.
    let added =
        ["Forwarded: for=192.0.2.7", "Via: 1.1 x", "X-Forwarded-For: 192.0.2.7", "X-Real-IP: 192.0.2.7"];
    for header in added.into_iter().chain(["X-Forwarded-Host: chat.example"]) {
        let host = format!("localhost\r\n{header}");
        assert_eq!(share(&get(&server, &host, "/share.json")), none, "{header}");
        if let Some(address) = found.first() {
            code(&server, &host, &url(address)).assert_status(header, 400);
        }
    }
    // A client on another machine can say what it likes.
    let Some(ip) = found.iter().map(|address| address.ip).find(IpAddr::is_ipv4) else {
        return eprintln!("the rest is skipped: this machine is in no network");
    };
    let mut stream = TcpStream::connect((ip, server.port)).unwrap();
    let request = b"GET /share.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    std::io::Write::write_all(&mut stream, request).unwrap();
    assert_eq!(share(&Reply::read(stream, request)), none);
}

#[test]
fn the_passphrase_is_mentioned_and_not_told() {
    let server = Server::start(&["--passphrase", "open sesame"]);
    let reply = get(&server, "localhost", "/share.json");
    assert_eq!(share(&reply)["passphrase"], true);
    assert!(!reply.text().contains("sesame"));
}

#[test]
fn codes_are_drawn_of_this_servers_addresses_only() {
    let server = Server::start(&["--host", "chat.example"]);
    let lan: Vec<String> = interfaces::reachable()
        .iter()
        .map(|address| format!("http://{}/", SocketAddr::new(address.ip, server.port)))
        .collect();
    let longest = format!("https://chat.example/{}/", "x".repeat(200 - "https://chat.example//".len()));
    let own = ["http://chat.example/", "https://CHAT.example./lab/a_b-c~%20/", &longest];
    let own = own.iter().map(|url| ("chat.example", *url));
    for (host, url) in own.chain(lan.iter().map(|url| ("localhost:1", url.as_str()))) {
        let reply = code(&server, host, url);
        reply.assert_status(url, 200);
        assert_eq!(reply.header("Content-Type"), Some("image/svg+xml"), "{url}");
        assert!(reply.text().starts_with("<svg ") && !reply.text().contains("chat"), "{url}");
    }
    let foreign = [
        "",
        "hello",
        "chat.example/",
        "http://chat.example",
        "http://evil.example/",
        "http://chat.example:3000/",
        "http://chat.example@evil.example/",
        "http://evil.example@chat.example/",
        "http://evil.example/http://chat.example/",
        "javascript://chat.example/",
        "ftp://chat.example/",
        "http://chat.example/?to=evil",
        "http://chat.example/#dm=ben",
        "http://chat.example/\"><script>",
        "http://chat.example/\\evil.example/",
        "http://chat.example/a b",
        "http://chat.example/é",
        &longest.replace("x/", "xx/"),
    ];
    // The addresses of this machine are told to no one else.
    for url in foreign.into_iter().chain(lan.iter().map(String::as_str)) {
        let reply = code(&server, "chat.example", url);
        reply.assert_status(url, 400);
        reply.assert_contains(url, "an address of this server's pages, of at most 200 characters");
    }
    for path in ["/qr.svg", "/qr.svg?url=%FF", "/qr.svg?url=http://chat.example/%zz"] {
        get(&server, "chat.example", path).assert_status(path, 400);
    }
}

#[test]
fn the_terminal_shows_a_code_if_there_is_room_for_it() {
    let run = |columns, options: &str| {
        let command = format!("exec {} --port 0 {options}", env!("CARGO_BIN_EXE_partyline"));
        Terminal::run(columns, &command).wait_for("History: in")
    };
    if interfaces::reachable().is_empty() {
        return eprintln!("skipped: this machine is in no network");
    }
    let finder = "    █▀▀▀▀▀█ ";
    assert!(run(80, "").contains(finder));
    assert!(!run(80, "--no-qr").contains('█'));
    assert!(!run(30, "").contains('█'), "a narrow window");
    let pipe = Server::start(&[]).wait_for_output("quit to stop");
    assert!(!pipe.contains('█') && !pipe.contains('\x1b'), "{pipe}");
}
