//! Crowds: what many clients at once have to get, and members that talk while something else happens.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::chat::{Member, ids};

/// Checks that all clients got the same texts in the same order, and that those of each author, which are
/// `AUTHOR says NUMBER`, are all there once and in order. The authors are numbers from 0 on.
#[track_caller]
pub fn assert_one_order(heard: &[Vec<String>]) {
    let mut next = vec![0; heard.len()];
    for text in &heard[0] {
        let (author, number) = text.split_once(" says ").expect("as it was sent");
        let next = &mut next[author.parse::<usize>().unwrap()];
        assert_eq!(number.parse::<usize>().unwrap(), *next, "each author's in order, once");
        *next += 1;
    }
    for other in heard {
        assert!(*other == heard[0], "all clients get the same, in the same order");
    }
}

/// Reads up to the next `said` or `ack` and returns it. Notices about other members are skipped.
pub fn next_message(member: &mut Member) -> Value {
    loop {
        let message = member.read();
        if message["id"].is_u64() {
            return message;
        }
    }
}

/// The ids of the messages in the welcome. None may be missing between them.
pub fn ids_in_welcome(member: &Member) -> Vec<u64> {
    let ids = ids(&member.welcome["messages"]);
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "{ids:?}");
    ids
}

/// Reads the messages from `last + 1` to `end`, none of which may be missing or come twice.
pub fn read_up_to(member: &mut Member, mut last: u64, end: u64) {
    while last < end {
        let message = next_message(member);
        assert_eq!(message["id"], last + 1, "{message}");
        last += 1;
    }
}

/// Has these members talk while `event` runs, each with a pause after each ack; then checks that each of
/// them gets every message. Returns the members, the last id, and what `event` returned.
pub fn talk_during<T>(
    members: Vec<Member>, pause: Duration, event: impl FnOnce() -> T,
) -> (Vec<Member>, u64, T) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let talking: Vec<_> = members
            .into_iter()
            .map(|mut member| {
                let is_over = &is_over;
                scope.spawn(move || {
                    let (mut number, mut last) = (0, 0);
                    let mut finished = false;
                    while !finished {
                        finished = is_over.load(Relaxed);
                        thread::sleep(pause);
                        number += 1;
                        let text = format!("{} says {number}", member.name);
                        member.send(&json!({ "type": "say", "text": text, "ref": text }));
                        loop {
                            let message = next_message(&mut member);
                            let id = message["id"].as_u64().unwrap();
                            assert!(last == 0 || id == last + 1, "after {last}: {message}");
                            last = id;
                            if message["type"] == "ack" {
                                assert_eq!(message["ref"], text);
                                break;
                            }
                        }
                    }
                    (member, last)
                })
            })
            .collect();
        let end_of_talk = SetAtEnd(&is_over);
        let result = event();
        drop(end_of_talk);
        let ended: Vec<_> = talking.into_iter().map(|thread| thread.join().unwrap()).collect();
        let end = ended.iter().map(|(_, last)| *last).max().unwrap();
        let read_rest = |(mut member, last): (Member, u64)| {
            read_up_to(&mut member, last, end);
            member
        };
        (ended.into_iter().map(read_rest).collect(), end, result)
    })
}

/// A guard that sets the flag when it is dropped, so that the members stop talking if the test fails, too.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}
