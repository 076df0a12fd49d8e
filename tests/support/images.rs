//! Photos: small real images, and how a member of the chat sends, and everyone fetches, a photo.

use serde_json::{Value, json};

use super::chat::Member;
use super::*;

/// A media type, and a file of 3 × 2 pixels in hex, written by ImageMagick.
const FILES: [(&str, &str); 7] = [
    (
        "image/jpeg",
        concat!(
            "ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c1c1e3d2c",
            "2e243249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e817cffdb0043011517",
            "171e1a1e3b21213b7c5346537c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c",
            "7c7c7c7c7c7c7c7c7c7c7c7c7c7cffc00011080002000303012200021101031101ffc400150001010000000000000000",
            "0000000000000006ffc4001810010100030000000000000000000000000002135291ffc4001401010000000000000000",
            "0000000000000005ffc40014110100000000000000000000000000000000ffda000c03010002110311003f009ac97bd7",
            "402051ffd9",
        ),
    ),
    (
        "image/jpeg",
        concat!(
            "ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c1c1e3d2c",
            "2e243249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e817cffdb0043011517",
            "171e1a1e3b21213b7c5346537c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c",
            "7c7c7c7c7c7c7c7c7c7c7c7c7c7cffc20011080002000303012200021101031101ffc400150001010000000000000000",
            "0000000000000005ffc40014010100000000000000000000000000000004ffda000c030100021003100000019810afff",
            "c4001510010100000000000000000000000000000011ffda0008010100010502afffc400141101000000000000000000",
            "00000000000000ffda0008010301013f017fffc40014110100000000000000000000000000000000ffda000801020101",
            "3f017fffc40014100100000000000000000000000000000000ffda0008010100063f027fffc400171000030100000000",
            "00000000000000000000011151ffda0008010100013f21ad67ffda000c03010002000300000010f3ffc4001411010000",
            "0000000000000000000000000000ffda0008010301013f107fffc40014110100000000000000000000000000000000ff",
            "da0008010201013f107fffc40015100101000000000000000000000000000000f1ffda0008010100013f10acffd9",
        ),
    ),
    (
        "image/png",
        concat!(
            "89504e470d0a1a0a0000000d49484452000000030000000208020000001216f14d000000114944415408d763fccf0005",
            "8c0c0c5036001a180201716776870000000049454e44ae426082",
        ),
    ),
    ("image/gif", "47494638396103000200f00000ff00000000ff21f90400000000002c0000000003000200000203848305003b"),
    (
        "image/webp",
        concat!(
            "5249464640000000574542505650382034000000d001009d012a0300020003805a25a0b3000a931800175000fef15955",
            "80ddf04f19a5753d0631dcd1f5230c5fc7fd1f5c22c80800",
        ),
    ),
    ("image/webp", "524946461e000000574542505650384c120000002f024000000f10f3bffff31f0ee620a2ff11"),
    (
        "image/webp",
        concat!(
            "524946466400000057454250565038580a00000010000000020000010000414c504807000000007f7f7fffffff005650",
            "382036000000b001009d012a0300020003805a25a0b3000a9008d00000fef1595580ddf04f19a5753d0631dcd1ffe21c",
            "feb6ffb94d8a4ad15d2dc000",
        ),
    ),
];

/// An image of 3 × 2 pixels.
#[derive(Clone)]
pub struct Sample {
    pub mime: &'static str,
    pub bytes: Vec<u8>,
}

/// One of each format: a JPEG, a progressive one, a PNG, a GIF, and a WebP of each of its three kinds.
pub fn samples() -> Vec<Sample> {
    let byte = |hex: &[u8]| u8::from_str_radix(std::str::from_utf8(hex).unwrap(), 16).unwrap();
    let sample = |(mime, hex): (&'static str, &str)| Sample {
        mime,
        bytes: hex.as_bytes().chunks(2).map(byte).collect(),
    };
    FILES.into_iter().map(sample).collect()
}

/// An image, and behind it zeros up to this length.
pub fn padded(image: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = image.to_vec();
    bytes.resize(length, 0);
    bytes
}

/// An object with the fields of both; those of the second win.
pub fn merged(mut one: Value, other: &Value) -> Value {
    for (name, value) in other.as_object().expect("an object") {
        one[name] = value.clone();
    }
    one
}

impl Member {
    /// Announces a photo with these fields, and sends its bytes, in one go.
    pub fn send_photo(&mut self, fields: &Value, bytes: &[u8]) {
        let message = json!({ "type": "photo", "mime": "x/y", "size": bytes.len(), "width": 9, "height": 9 });
        let message = merged(message, fields).to_string();
        let frames = [client_frame(0x81, message.as_bytes()), client_frame(0x82, bytes)];
        self.peer.send_raw(&frames.concat());
    }

    /// Reads the next message, which has to be the `ack` of the photo with this `ref`; returns its `photo`.
    #[track_caller]
    pub fn read_photo_ack(&mut self, reference: &str, id: u64) -> Value {
        let ack = self.read();
        assert_eq!((&ack["type"], &ack["ref"]), (&json!("ack"), &json!(reference)), "{ack}");
        assert!(ack["id"] == id && ack["photo"].is_object(), "{ack}");
        ack["photo"].clone()
    }
}

/// Fetches what is at the address of a photo.
#[track_caller]
pub fn fetch(server: &Server, photo: &Value) -> Reply {
    exchange_photo(server, "GET", photo, "localhost")
}

/// The answer to a request for a photo.
#[track_caller]
pub fn exchange_photo(server: &Server, method: &str, photo: &Value, host: &str) -> Reply {
    let id = photo["url"].as_str().and_then(|url| url.strip_prefix("photo/")).expect("a relative address");
    assert_eq!(id.len(), 27, "128 bits in base64 take 22 characters, a SHA-1 hash 27");
    server.exchange(format!("{method} /photo/{id} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
}
