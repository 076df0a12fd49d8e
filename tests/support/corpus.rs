//! What the fuzzing tests begin with: inputs that are right or nearly right, and the tokens that mutations
//! put into them.

use super::http::upgrade_request;
use super::peer::client_frame;
use super::random::Random;

/// These texts as bytes.
pub fn to_bytes(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Request heads: right ones, and some that are refused.
pub fn head_corpus() -> Vec<Vec<u8>> {
    let browser = "Host: localhost:3000\r\nConnection: keep-alive, Upgrade\r\nPragma: no-cache\r\n\
         Origin: http://localhost:3000\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         User-Agent: Mozilla/5.0 (X11)\r\nAccept-Encoding: gzip, deflate, br\r\n\
         Cookie: theme=dark; name=Zo%C3%AB%20%F0%9F%98%80\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
    to_bytes(&[
        &format!("GET /chat?token=abc&since=12&name=Ana+B%2e HTTP/1.1\r\n{browser}"),
        &format!("GET https://lab.test:443/broadcast HTTP/1.1\r\n{browser}"),
        &format!("\r\nGET / HTTP/1.1\r\n{browser}\u{1} early"),
        &upgrade_request("/echo", "Origin: null\r\n"),
        &upgrade_request("/%65cho", "Content-Length: 0\r\n").replace("localhost", "[::1]:3000"),
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "HEAD /sub/index.html?x HTTP/1.1\r\nhost: LAB.test.:80\r\nX:\t y \r\n\r\n",
        "GET /inside.txt HTTP/1.0\r\n\r\n",
        "GET /sub/%2e%2e/../..%2f%2E%2e/secret.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET /link.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET /dot.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET /.hidden HTTP/1.1\r\nHost: [2001:DB8:0::7]\r\n\r\n",
        "POST /chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5, 5\r\n\r\nabcde",
        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        &upgrade_request("/chat", "Origin: http://[fe80::1%25eth0]:80\r\n")
            .replace("localhost", "[fe80::1%eth0]"),
        &upgrade_request("/chat", "Origin: HTTP://localhost/\r\n"),
        &upgrade_request("/chat", "Origin: file:///x\r\n"),
        &upgrade_request("/chat", "Sec-WebSocket-Protocol: partyline, secret.token%3Da%252Db%26c%3D\r\n"),
        "GET / HTTP/1.1\r\nHost: evil.example\r\nX: y\r\n folded\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
        // Found by fuzzing: the sentence of the refusal contained the tab.
        "GET /chat HTTP/1.1\r\nHost: localhost\r\nOrigin: http://\tlocalhost\r\n\r\n",
        &format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(99)),
        &format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(16 << 10)),
    ])
}

/// Words of a request head.
#[rustfmt::skip]
pub const HEAD_TOKENS: [&[u8]; 71] = [
    b"\r\n", b"\r\n", b"\r", b"\n", b"\r\n\r\n", b"\n\n", b"\r\n ", b"\0", b" ", b"\t", b":", b": ", b"\x7F",
    b"\x1B[2J", b"\xC2\x9B2J", b"\xE2\x80\xAE", b"\xFF", b"\xED\xA0\x80", b"%00", b"%0D%0A", b"%1B", b"%2e%2e/",
    b"../", b"..%2f", b"..\\", b"./", b"//", b"%", b"%4", b"%zz", b"%C2%9B", b"%ED%A0%80", b"%FF", b"#", b"?", b"&",
    b"=", b";", b",", b"\"", b"@", b"name=", b"?name=", b"HTTP/1.1", b"HTTP/1.0", b"http://", b"https://", b"[::1]",
    b"[", b"]", b"localhost", b":65536", b"99999999999999999999", b"secret.txt", b"Host: localhost\r\n",
    b"Connection: Upgrade\r\n", b"Upgrade: websocket\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: 6\r\n", b"Host: a\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Origin: http://localhost:3000\r\n", b", 5", b"chunked", b"%25eth0", b"fe80::1",
    b"file://", b"ws://", b"Sec-WebSocket-Protocol: ", b"partyline", b"secret.token%3D",
];

/// Rows of frames from a client: right ones, and some that are refused.
pub fn frame_corpus() -> Vec<Vec<u8>> {
    let masked = client_frame;
    let long = |length: &[u8]| [b"\x82", length, &[0x37, 0xFA, 0x21, 0x3D], &[7; 200]].concat();
    vec![
        masked(0x81, b"Hello"),
        masked(0x81, "Grüße, 😀".as_bytes()),
        masked(0x82, &[0xAB; 300]),
        masked(0x82, &[0xAB; 66_000]),
        [masked(0x01, b"a"), masked(0x89, b"?"), masked(0x00, b""), masked(0x80, b"b")].concat(),
        [masked(0x01, b"\xE2\x82"), masked(0x80, b"\xAC")].concat(),
        [masked(0x89, &[9; 125]), masked(0x8A, b""), masked(0x88, b"\x03\xE8bye")].concat(),
        [masked(0x81, b"one"), masked(0x88, b""), masked(0x81, b"two")].concat(),
        masked(0x81, br#"{"type":"say","text":"hello","ref":"r"}"#),
        masked(0x81, br#"{"type":"name","name":"Zo\u00eb"}"#),
        masked(0x81, &[br#"{"a":"#.repeat(10_000), b"1".to_vec(), b"}".repeat(10_000)].concat()),
        masked(0x81, b"bad \xFF text"),
        masked(0x88, b"\x03\xED"),
        masked(0xC1, b"x"),
        b"\x81\x05Hello".to_vec(),
        long(b"\xFE\0\xC8"),
        long(b"\xFF\0\0\0\0\0\0\0\xC8"),
        long(b"\xFF\x40\0\0\0\0\0\0\0"),
        long(&[0xFF; 9]),
    ]
}

/// Pieces of frames.
#[rustfmt::skip]
pub const FRAME_TOKENS: [&[u8]; 28] = [
    b"\x81", b"\x01", b"\x80", b"\0", b"\x82", b"\x89", b"\x8A", b"\x88", b"\xC1", b"\x83", b"\x8B", b"\x81\x80\0\0\0\0",
    b"\x01\x80\0\0\0\0", b"\x00\x80\0\0\0\0", b"\x80\x80\0\0\0\0", b"\x89\x80\0\0\0\0", b"\x88\x80\0\0\0\0",
    b"\x88\x82\0\0\0\0\x03\xE8", b"\x81\x81\0\0\0\0x", b"\x01\x81\0\0\0\0\xE2", b"\xFE\0\0", b"\xFE\0\x7D", b"\xFE\xFF\xFF",
    b"\xFF\0\0\0\0\0\0\0\x01", b"\xFF\0\0\0\0\x01\0\0\0", b"\xFF\x80\0\0\0\0\0\0\0", b"\xFF", b"\xF0\x9F\x98",
];

/// A few whole frames, most of them allowed where they stand; some carry a message of the chat.
pub fn random_frames(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=random.below(6) {
        let first = random.pick(&[0x81, 0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A]);
        let count = random.small(10);
        let payload = match random.below(3) {
            0 => random.bytes(count),
            1 => vec![b'x'; count],
            _ => random.pick(&[
                br#"{"type":"say","text":"x"}"#.to_vec(),
                br#"{"type":"typing"}"#.to_vec(),
                br#"{"type":"name","name":"#.to_vec(),
            ]),
        };
        bytes.extend(client_frame(first, &payload));
    }
    bytes
}
