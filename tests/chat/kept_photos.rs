//! Photos are kept: the newest in memory, all in the folder of the history; a restart, a kill, a full disk, files that
//! another program has changed.

use std::fs;
use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::images::*;
use crate::support::random::Random;
use crate::support::*;

/// The names of the files in the folder of the photos.
fn files(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path("photos")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Sends a photo and reads up to its `ack`; returns its `photo`.
fn send_and_wait(member: &mut Member, reference: &str, bytes: &[u8]) -> Value {
    member.send_photo(&json!({ "ref": reference }), bytes);
    member.read_until(|message| message["type"] == "ack" && message["ref"] == reference)["photo"].clone()
}

#[test]
fn the_oldest_photos_leave_memory_and_their_messages_stay() {
    // Three of 12 MiB are more than 32 MiB.
    let bytes = padded(&samples()[2].bytes, 12 << 20);
    let folder = Folder::new();
    for data in [&[][..], &["--data", folder.as_str()]] {
        let server = Server::start_without_pace(&[&["--photo", "16777216"], data].concat());
        let mut ana = Member::come(&server, "Ana");
        let photos = ["a", "b", "c"].map(|reference| send_and_wait(&mut ana, reference, &bytes));
        let first = fetch(&server, &photos[0]);
        if data.is_empty() {
            first.assert_status("in memory", 404);
            first.assert_contains("in memory", "not kept any more");
        } else {
            first.assert_status("on the disk", 200);
        }
        for photo in &photos[1..] {
            assert!(fetch(&server, photo).body == bytes);
        }
        let messages = Member::come(&server, "Ben").welcome["messages"].clone();
        assert_eq!(column(&messages, "photo"), photos);
    }
}

#[test]
fn photos_outlive_the_server() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    let mut photos = Vec::new();
    for (number, sample) in samples().iter().enumerate() {
        photos.push(send_and_wait(&mut ana, &number.to_string(), &sample.bytes));
    }
    ana.send_photo(&json!({ "ref": "c", "caption": "the sea", "to": "Ana" }), &samples()[0].bytes);
    photos.push(ana.read_photo_ack("c", 8));
    // What is sent again is not stored again.
    assert_eq!(send_and_wait(&mut ana, "0", &samples()[0].bytes), photos[0]);
    assert_eq!(files(&folder).len(), photos.len());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| fs::metadata(folder.path(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("photos"), 0o700);
        assert_eq!(mode(photos[0]["url"].as_str().unwrap().replace("photo/", "photos/").as_str()), 0o600);
    }
    drop(server);
    let server = folder.serve();
    assert!(!server.log().contains("WARN"), "{}", server.log());
    let mut ana = Member::come_back(&server, &ana.token, 0);
    assert_eq!(column(&ana.welcome["messages"], "photo"), photos);
    for (photo, sample) in photos.iter().zip(samples()) {
        let reply = fetch(&server, photo);
        reply.assert_body("after a restart", 200, &sample.bytes);
        assert_eq!(reply.header("Content-Type"), Some(sample.mime));
    }
    assert_eq!(send_and_wait(&mut ana, "0", &samples()[0].bytes), photos[0]);
    assert_eq!(files(&folder).len(), photos.len());
}

#[test]
fn a_file_that_was_changed_is_served_as_what_it_is_now_or_not_at_all() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    let photo = send_and_wait(&mut ana, "r", &samples()[0].bytes);
    drop(server);
    let server = folder.serve();
    let path = folder.path(&photo["url"].as_str().unwrap().replace("photo/", "photos/"));
    let png = &samples()[2];
    for (content, status) in [
        (&b"<script>alert(1)</script>"[..], 404),
        (b"", 404),
        (&samples()[0].bytes[..20], 404),
        (&png.bytes, 200),
    ] {
        fs::write(&path, content).unwrap();
        let reply = fetch(&server, &photo);
        reply.assert_status("changed", status);
        assert!(status == 404 || reply.header("Content-Type") == Some(png.mime), "{reply}");
    }
    fs::remove_file(&path).unwrap();
    fetch(&server, &photo).assert_status("removed", 404);
    if is_possible("mkfifo", &[path.to_str().unwrap()]) {
        fetch(&server, &photo).assert_status("a FIFO without a writer", 404);
    }
    // No other file of the folder is a photo.
    fs::write(folder.path("photos/other.png"), &png.bytes).unwrap();
    let reply = server.exchange("GET /photo/other.png HTTP/1.1\r\nHost: localhost\r\n\r\n");
    reply.assert_status("another file", 404);
}

#[test]
fn a_line_with_a_damaged_photo_is_skipped() {
    let folder = Folder::new();
    let id = "A".repeat(27);
    let good =
        json!({ "url": format!("photo/{id}"), "mime": "image/png", "size": 9, "width": 3, "height": 2 });
    let damages = [
        json!({ "url": "photo/../messages.jsonl" }),
        json!({ "url": format!("/photo/{id}") }),
        json!({ "url": format!("photo/{id}A") }),
        json!({ "url": 1 }),
        json!({ "mime": "image/svg+xml" }),
        json!({ "size": -1 }),
        json!({ "width": 0 }),
        json!({ "width": 5001, "height": 5000 }),
        json!({ "height": "2" }),
    ];
    let line = |id: usize, photo: &Value| {
        let from = json!({ "id": 1, "name": "Ana" });
        json!({ "type": "said", "id": id, "at": 1, "from": from, "text": "", "photo": photo }).to_string()
            + "\n"
    };
    let damaged = damages.iter().enumerate().map(|(at, damage)| line(at + 2, &merged(good.clone(), damage)));
    let lines: String =
        std::iter::once(line(1, &good)).chain(damaged).chain([line(90, &json!("x"))]).collect();
    fs::write(folder.file(), lines).unwrap();
    let server = folder.serve();
    let messages = Member::come(&server, "Ben").welcome["messages"].clone();
    assert_eq!(column(&messages, "photo"), [good]);
    server.wait_for_logs("is damaged and was skipped", damages.len() + 1);
}

/// Each photo says in its bytes whose it is, so that it can be recognised after the kill.
fn numbered(name: &str, number: u64) -> Vec<u8> {
    let mut bytes = padded(&samples()[2].bytes, 600_000);
    let label = format!("{name} {number};").repeat(1000);
    bytes[1000..1000 + label.len()].copy_from_slice(label.as_bytes());
    bytes
}

#[test]
fn acknowledged_photos_survive_a_kill_while_photos_are_written() {
    let mut random = Random::new();
    let folder = Folder::new();
    let (mut acknowledged, mut next) = (Vec::new(), 0);
    for _ in 0..4 {
        let server = folder.serve();
        thread::scope(|scope| {
            let clients: Vec<_> = ["A", "B", "C"]
                .map(|name| {
                    let member = Member::come(&server, name);
                    scope.spawn(move || send_until_killed(member, name, next))
                })
                .into_iter()
                .collect();
            // The test is about a kill at a random moment.
            thread::sleep(Duration::from_millis(50 + random.below(250) as u64));
            drop(server);
            acknowledged.extend(clients.into_iter().flat_map(|client| client.join().unwrap()));
        });
        next += 1000;
        let server = folder.serve();
        for (photo, name, number) in &acknowledged {
            let reply = fetch(&server, photo);
            assert!(reply.status == 200 && reply.body == numbered(name, *number), "{name} {number}");
        }
        for said in read_history(&folder.file()) {
            assert_eq!(fetch(&server, &said["photo"]).body.len(), 600_000, "{said}");
        }
        // What a request can get is whole.
        for name in files(&folder).iter().filter(|name| name.len() == 27) {
            assert_eq!(fs::metadata(folder.path("photos").join(name)).unwrap().len(), 600_000);
        }
    }
    assert!(!acknowledged.is_empty());
}

/// Sends photos until the connection ends; returns those that were acknowledged.
fn send_until_killed(member: Member, name: &str, first: u64) -> Vec<(Value, String, u64)> {
    let mut stream = member.peer.stream;
    let mut reader = stream.try_clone().unwrap();
    let received = thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = reader.read_to_end(&mut bytes); // a kill may end it with a reset
        bytes
    });
    for number in first..first + 50 {
        let bytes = numbered(name, number);
        let announced = json!({ "type": "photo", "size": bytes.len(), "ref": number.to_string() });
        let frames =
            [client_frame(0x81, announced.to_string().as_bytes()), client_frame(0x82, &bytes)].concat();
        if stream.write_all(&frames).is_err() {
            break;
        }
    }
    let received = String::from_utf8_lossy(&received.join().unwrap()).into_owned();
    let acks = received.match_indices("{\"type\":\"ack\"").filter_map(|(at, _)| {
        let ack = serde_json::Deserializer::from_str(&received[at..]).into_iter::<Value>().next()?.ok()?;
        let number = ack["ref"].as_str()?.parse().ok()?;
        Some((ack["photo"].clone(), name.to_string(), number))
    });
    acks.collect()
}

/// A limit on the size of files stands for a full disk: first a photo has no room, then the line of its message.
#[test]
#[cfg(target_os = "linux")]
fn a_photo_that_cannot_be_kept_is_refused_and_nothing_of_it_remains() {
    let folder = Folder::new();
    let server = Server::start_after(&limit_files(8), &["--data", folder.as_str(), "--pace", "0"]);
    let [mut ana, mut ben] = gather(&server, ["Ana", "Ben"]);
    let small = &samples()[2].bytes;
    ana.send_photo(&json!({ "ref": "r" }), &padded(small, 20_000));
    ana.expect_error("not-saved", Some("r"));
    assert_eq!(files(&folder), [""; 0]);
    server.wait_for_log("nothing is kept from now on");
    ana.send_photo(&json!({ "ref": "r" }), small);
    let photo = ana.read_photo_ack("r", 1);
    assert_eq!(ben.read()["photo"], photo);
    fetch(&server, &photo).assert_body("small", 200, small);
    let mut number = 0;
    let last = loop {
        number += 1;
        ana.send(&json!({ "type": "say", "text": "x".repeat(100), "ref": format!("t{number}") }));
        let answer = ana.read();
        if answer["type"] == "error" {
            break number;
        }
    };
    ana.send_photo(&json!({ "ref": "s" }), small);
    ana.expect_error("not-saved", Some("s"));
    assert_eq!(files(&folder).len(), 1, "only the first photo is there");
    for id in 2..=last {
        assert_eq!(ben.read()["id"], id, "Ben has heard of what was kept, and of no more");
    }
}
