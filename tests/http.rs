//! Requests as raw bytes, refusals as a table.

use crate::support::*;

#[test]
fn sample_key_of_the_rfc() {
    let server = Server::start(&[]);
    let mut stream = server.connect();
    std::io::Write::write_all(&mut stream, upgrade_request("/echo", "").as_bytes()).unwrap();
    let (head, _) = read_head(&mut stream);
    assert!(head.contains(&format!("\r\nSec-WebSocket-Accept: {ACCEPT}\r\n")), "{head}");
}
