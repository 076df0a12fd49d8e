//! The server is killed while everybody writes: what was acknowledged is kept, once, in order.
//!
//! `KILLS=100 cargo test --release kill -- --nocapture` kills it more often.

use std::collections::BTreeMap;
use std::env;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::chat::history::read_back;
use crate::support::chat::*;
use crate::support::folder::*;
use crate::support::random::Random;
use crate::support::stubborn::Stubborn;
use crate::support::*;

const CLIENTS: usize = 20;

/// On a fast machine more is said than is kept without being told to.
fn serve(folder: &Folder) -> Server {
    Server::start_without_pace(&["--data", folder.as_str(), "--log", "warn", "--keep", "0"])
}

/// Whose message an id is, and what it says.
type Said = BTreeMap<u64, (u64, String)>;

fn by_id(messages: &[Value]) -> Said {
    let entry = |said: &Value| {
        let text = said["text"].as_str().unwrap().to_string();
        (said["id"].as_u64().unwrap(), (said["from"]["id"].as_u64().unwrap(), text))
    };
    messages.iter().map(entry).collect()
}

/// Has all clients talk until the server is killed; then looks what it knows when it comes back.
/// Returns how many messages it had kept without anybody having been told.
fn live_and_die(folder: &Folder, clients: &mut [Stubborn], time: Duration) -> usize {
    let server = serve(folder);
    let port = server.port;
    thread::scope(|scope| {
        for client in &mut *clients {
            scope.spawn(move || client.talk(port, u64::MAX, 0));
        }
        // A random moment is what this is about.
        thread::sleep(time);
        drop(server);
    });
    let server = serve(folder);
    let told = check(&server, folder, clients);
    told.len() - clients.iter().map(|client| client.acknowledged.len()).sum::<usize>()
}

/// What the server tells now, what is in its file, and what everybody has heard is the same.
fn check(server: &Server, folder: &Folder, clients: &[Stubborn]) -> Said {
    let mut reader = Member::come(server, "Reader");
    let told = by_id(&read_back(&mut reader, u64::MAX, |_| {}));
    assert!(told == by_id(&read_history(&folder.file())), "what is told is what is in the file");
    let mut next: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, text) in told.values() {
        let (name, number) = text.split_once(" says ").expect("as it was sent");
        let next = next.entry(name).or_insert(1);
        assert_eq!(number.parse(), Ok(*next), "of {name}'s each, once, in order");
        *next += 1;
    }
    for client in clients {
        for (number, id) in &client.acknowledged {
            let (_, text) = told.get(id).unwrap_or_else(|| panic!("{id} was acknowledged"));
            assert_eq!(*text, client.text(*number));
        }
        // Nobody has heard anything before it was kept.
        for (id, said) in &client.heard {
            assert_eq!(told.get(id), Some(said), "{} has heard {id}", client.name);
        }
    }
    told
}

#[test]
fn what_was_acknowledged_outlives_a_kill_at_any_moment() {
    let kills = env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(6);
    let mut random = Random::new();
    let (began, mut killed, mut messages, mut untold) = (Instant::now(), 0, 0, 0);
    while killed < kills {
        let folder = Folder::new();
        let name = |number| Stubborn::new(&format!("C{number}"));
        let mut clients: Vec<Stubborn> = (0..CLIENTS).map(name).collect();
        for _ in 0..3 {
            let time = Duration::from_millis(1 + random.below(150));
            untold += live_and_die(&folder, &mut clients, time);
            killed += 1;
        }
        // At last everybody gets everything said.
        let server = serve(&folder);
        let port = server.port;
        thread::scope(|scope| {
            for client in &mut clients {
                scope.spawn(move || assert!(client.talk(port, client.count, 0)));
            }
        });
        let told = check(&server, &folder, &clients);
        let sent: u64 = clients.iter().map(|client| client.count).sum();
        assert_eq!(told.len() as u64, sent, "each once");
        messages += sent;
    }
    let time = began.elapsed().as_secs_f32();
    println!("{killed} kills, {messages} messages, {untold} kept without an ack, {time:.1} s");
}
