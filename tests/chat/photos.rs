//! Photos: announced, sent as a binary message, checked by their bytes, kept like a message, fetched by HTTP.

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::images::*;
use crate::support::*;

/// Announces a photo of this size, and sends these bytes, in one go.
fn send_photo(member: &mut Member, announced: &Value, bytes: &[u8]) {
    let mut message =
        json!({ "type": "photo", "mime": "image/x", "size": bytes.len(), "width": 1, "height": 1 });
    for (name, value) in announced.as_object().unwrap() {
        message[name] = value.clone();
    }
    let frames = [client_frame(0x81, message.to_string().as_bytes()), client_frame(0x82, bytes)];
    member.peer.send_raw(&frames.concat());
}

/// Reads the next message, which has to be the `ack` of this `ref`; returns its photo.
#[track_caller]
fn read_ack(member: &mut Member, reference: &str) -> Value {
    let ack = member.read();
    assert_eq!((&ack["type"], &ack["ref"]), (&json!("ack"), &json!(reference)), "{ack}");
    ack["photo"].clone()
}

/// Fetches what is at the address of a photo.
fn fetch(server: &Server, photo: &Value) -> Reply {
    let url = photo["url"].as_str().expect("an address");
    assert!(url.starts_with("photo/"), "{url} is relative");
    server.exchange(format!("GET /{url} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

#[test]
fn a_photo_of_each_format_is_said_acknowledged_and_fetched() {
    let server = Server::start_without_pace(&[]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    assert_eq!(ana.welcome["limits"]["photo"], 1 << 20);
    for (number, Sample { mime, bytes }) in samples().into_iter().enumerate() {
        let reference = format!("r{number}");
        send_photo(&mut ana, &json!({ "ref": reference, "caption": "the sea" }), &bytes);
        let photo = read_ack(&mut ana, &reference);
        let fields =
            json!({ "mime": mime, "size": bytes.len(), "width": 3, "height": 2, "caption": "the sea" });
        let mut expected = fields;
        expected["url"] = photo["url"].clone();
        assert_eq!(photo, expected);
        ben.expect(&json!({
            "type": "said", "id": number + 1, "from": ana.person(), "text": "the sea", "photo": photo
        }));
        let reply = fetch(&server, &photo);
        reply.assert_body(mime, 200, &bytes);
        assert_eq!(reply.header("Content-Type"), Some(mime));
    }
}
