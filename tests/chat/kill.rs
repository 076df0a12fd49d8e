//! The server is killed while all clients write: every acknowledged message is kept, once, in order.
//!
//! `KILLS=100 cargo test --release kill -- --nocapture` kills it 100 times.

use std::collections::BTreeMap;
use std::env;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::random::Random;
use crate::support::reconnecting::ReconnectingClient;
use crate::support::*;

const CLIENTS: usize = 20;

/// Starts a server that keeps every message in memory: on a fast machine the clients say more than the
/// default keeps.
fn serve(folder: &Folder) -> Server {
    Server::start_without_pace(&["--data", folder.as_str(), "--log", "warn", "--keep", "0"])
}

/// Author and text of each message, by id.
type Said = BTreeMap<u64, (u64, String)>;

fn by_id(messages: &[Value]) -> Said {
    let entry = |said: &Value| {
        let text = said["text"].as_str().unwrap().to_string();
        (said["id"].as_u64().unwrap(), (said["from"]["id"].as_u64().unwrap(), text))
    };
    messages.iter().map(entry).collect()
}

/// Kills the server while all clients talk, starts it again and checks what it has kept. Returns the
/// number of messages that it had kept and not acknowledged.
fn talk_until_killed(folder: &Folder, clients: &mut [ReconnectingClient], time: Duration) -> usize {
    let server = serve(folder);
    let port = server.port;
    thread::scope(|scope| {
        for client in &mut *clients {
            scope.spawn(move || client.talk(port, u64::MAX, 0));
        }
        // The test is about a kill at a random moment.
        thread::sleep(time);
        drop(server);
    });
    let server = serve(folder);
    let kept = check(&server, folder, clients);
    kept.len() - clients.iter().map(|client| client.acknowledged.len()).sum::<usize>()
}

/// Checks that the server's history, its file, and the messages and acks of all clients agree; returns
/// the messages.
fn check(server: &Server, folder: &Folder, clients: &[ReconnectingClient]) -> Said {
    let mut reader = Member::come(server, "Reader");
    let kept = by_id(&read_back(&mut reader, u64::MAX, |_| {}));
    assert!(kept == by_id(&read_history(&folder.file())), "the history is what is in the file");
    let mut next: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, text) in kept.values() {
        let (name, number) = text.split_once(" says ").expect("as it was sent");
        let next = next.entry(name).or_insert(1);
        assert_eq!(number.parse(), Ok(*next), "each of {name}'s texts once, in order");
        *next += 1;
    }
    for client in clients {
        for (number, id) in &client.acknowledged {
            let (_, text) = kept.get(id).unwrap_or_else(|| panic!("{id} was acknowledged"));
            assert_eq!(*text, client.text(*number));
        }
        // A message is kept before any client gets it.
        for (id, said) in &client.messages {
            assert_eq!(kept.get(id), Some(said), "{} has {id}", client.name);
        }
    }
    kept
}

#[test]
fn acknowledged_messages_survive_a_kill_at_any_moment() {
    let kills = env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(6);
    let mut random = Random::new();
    let (began, mut killed, mut messages, mut without_ack) = (Instant::now(), 0, 0, 0);
    while killed < kills {
        let folder = Folder::new();
        let name = |number| ReconnectingClient::new(&format!("C{number}"));
        let mut clients: Vec<ReconnectingClient> = (0..CLIENTS).map(name).collect();
        for _ in 0..3 {
            let time = Duration::from_millis(1 + random.below(150) as u64);
            without_ack += talk_until_killed(&folder, &mut clients, time);
            killed += 1;
        }
        // In the end every client says the rest of its texts.
        let server = serve(&folder);
        let port = server.port;
        thread::scope(|scope| {
            for client in &mut clients {
                scope.spawn(move || assert!(client.talk(port, client.count, 0)));
            }
        });
        let kept = check(&server, &folder, &clients);
        let sent: u64 = clients.iter().map(|client| client.count).sum();
        assert_eq!(kept.len() as u64, sent, "each once");
        messages += sent;
    }
    let time = began.elapsed().as_secs_f32();
    println!("{killed} kills, {messages} messages, {without_ack} kept without an ack, {time:.1} s");
}
