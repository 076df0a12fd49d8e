//! Many in the chat at once: everybody gets everything, in one order, whoever comes, goes or is slow.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::*;

/// Reads up to the next `said` or `ack` and returns it; in a crowd people come and go all the time.
fn next_message(member: &mut Member) -> Value {
    loop {
        let message = member.read();
        if message["id"].is_u64() {
            return message;
        }
    }
}

/// The ids of the messages of the welcome, which must have no gap.
fn welcomed(member: &Member) -> Vec<u64> {
    let ids = column(&member.welcome["messages"], "id");
    let ids: Vec<u64> = ids.iter().map(|id| id.as_u64().unwrap()).collect();
    assert!(ids.windows(2).all(|pair| pair[1] == pair[0] + 1), "{ids:?}");
    ids
}

/// Reads and checks that each next message is the one after `last`, until that is `end`.
fn follow(member: &mut Member, mut last: u64, end: u64) {
    while last < end {
        let message = next_message(member);
        assert_eq!(message["id"], last + 1, "no gap and nothing twice: {message}");
        last += 1;
    }
}

/// Has these members talk, each as fast as its acks come and with a pause, while something else
/// happens; then each must have got everything. Returns them with the last id.
fn talk_during<T>(
    members: Vec<Member>,
    pause: Duration,
    event: impl FnOnce() -> T,
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
        let follow_up = |(mut member, last): (Member, u64)| {
            follow(&mut member, last, end);
            member
        };
        (ended.into_iter().map(follow_up).collect(), end, result)
    })
}

/// Sets it also when the test fails meanwhile: nobody must talk for ever.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[test]
fn sixteen_members_with_128_messages_each() {
    let server = Server::start_without_pace(&[]);
    let members: Vec<Member> = (0..16).map(|me| Member::come(&server, &me.to_string())).collect();
    let clients: Vec<_> = members
        .into_iter()
        .map(|mut member| {
            let mut writer = member.peer.stream.try_clone().unwrap();
            let name = member.name.clone();
            let writing = thread::spawn(move || {
                for number in 0..128 {
                    let text = format!("{name} says {number}");
                    let say = json!({ "type": "say", "text": text, "ref": number.to_string() });
                    let frame = client_frame(0x81, say.to_string().as_bytes());
                    writer.write_all(&frame).unwrap();
                }
            });
            thread::spawn(move || {
                // In the place of its own messages it has their acks, so that no id is missing.
                let mut own = 0;
                let mut heard = Vec::new();
                for id in 1..=16 * 128 {
                    let message = next_message(&mut member);
                    assert_eq!(message["id"], id);
                    if message["type"] == "ack" {
                        assert_eq!(message["ref"], own.to_string());
                        heard.push(format!("{} says {own}", member.name));
                        own += 1;
                    } else {
                        assert_ne!(message["from"]["id"], member.id, "no echo");
                        heard.push(message["text"].as_str().unwrap().to_string());
                    }
                }
                writing.join().unwrap();
                (member, heard)
            })
        })
        .collect();
    let ended: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    let (_, first) = &ended[0];
    let mut next = [0; 16];
    for text in first {
        let (who, number) = text.split_once(" says ").expect("as it was sent");
        let next = &mut next[who.parse::<usize>().unwrap()];
        assert_eq!(number.parse::<usize>().unwrap(), *next, "each one's in order, once");
        *next += 1;
    }
    for (_, heard) in &ended {
        assert!(heard == first, "everybody has the same, in the same order");
    }
}

#[test]
fn what_is_repeated_in_a_busy_room_is_said_once_and_overtakes_nothing() {
    let server = Server::start_without_pace(&[]);
    let [ana, mut ben, cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    talk_during(vec![ana, cleo], Duration::ZERO, || {
        // Whoever has an ack has all that was said before it, or would miss it after a break.
        let mut last = 0;
        for number in 0..300 {
            let again = number.to_string();
            let mut first = None;
            let say = json!({ "type": "say", "text": "x", "ref": again }).to_string();
            ben.peer.send_raw(&client_frame(0x81, say.as_bytes()).repeat(4));
            ben.send(&json!({ "type": "say", "text": "x", "ref": again.clone() + "!" }));
            loop {
                let message = next_message(&mut ben);
                let id = message["id"].as_u64().unwrap();
                assert!(last == 0 || id <= last + 1, "{message} after {last}");
                last = last.max(id);
                if message["type"] == "ack" && message["ref"] == again {
                    assert_eq!(*first.get_or_insert(id), id, "said once");
                }
                if message["type"] == "ack" && message["ref"] == again.clone() + "!" {
                    break;
                }
            }
        }
    });
}

#[test]
fn two_hundred_come_while_others_talk() {
    let server = Server::start_without_pace(&[]);
    let talkers = gather(&server, ["Ana", "Ben", "Cleo", "Dan"]).into();
    talk_during(talkers, Duration::ZERO, || {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut newcomer = Member::come(&server, "New");
                        let last = welcomed(&newcomer).last().copied().unwrap_or(0);
                        follow(&mut newcomer, last, last + 10);
                        newcomer.leave();
                    }
                });
            }
        });
    });
}

#[test]
fn five_hundred_drop_and_return_while_five_talk() {
    let server = Server::start_without_pace(&[]);
    let talkers: Vec<Member> = (0..5).map(|me| Member::come(&server, &format!("T{me}"))).collect();
    let crowd: Vec<Member> = (0..500).map(|me| Member::come(&server, &format!("C{me}"))).collect();
    let people: Vec<(u64, String)> = crowd.iter().map(|m| (m.id, m.token.clone())).collect();
    let (talkers, end, mut crowd) = talk_during(talkers, Duration::from_millis(20), || {
        drop(crowd);
        thread::scope(|scope| {
            let come_back = |people: &[(u64, String)]| -> Vec<Member> {
                let come_back = |(id, token): &(u64, String)| {
                    let member = Member::come_back(&server, token, 0);
                    assert_eq!(member.id, *id);
                    member
                };
                people.iter().map(come_back).collect()
            };
            let parts: Vec<_> =
                people.chunks(125).map(|part| scope.spawn(move || come_back(part))).collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect::<Vec<Member>>()
        })
    });
    for member in &mut crowd {
        let ids = welcomed(member);
        assert_eq!(member.welcome["more"], ids.first().is_some_and(|id| *id > 1));
        follow(member, ids.last().copied().unwrap_or(0), end);
        assert_eq!(member.welcome["count"], 505);
    }
    assert_eq!(talkers.len(), 5);
}

#[test]
fn in_a_big_room_people_are_only_counted() {
    let server = Server::start_without_pace(&[]);
    let mut members: Vec<Member> =
        (0..200).map(|number| Member::come(&server, &format!("M{number}"))).collect();
    let mut first = members.remove(0);
    for member in &members {
        first.expect_notice("joined", &member.person());
    }
    let listed = |member: &Member| column(&member.welcome["members"], "id");
    assert_eq!(listed(&members[198]), (1..=200).collect::<Vec<u64>>());
    let last = Member::come(&server, "The last");
    assert_eq!(listed(&last), (1..=199).chain([201]).collect::<Vec<u64>>(), "itself among them");
    assert_eq!(last.welcome["count"], 201);
    first.expect(&json!({ "type": "count", "count": 201 }));
    members.push(last);
    // Sixty go one by one, some of them without a word. Nobody is shown as away or typing, and
    // there is a count at most once a second.
    let began = Instant::now();
    for (number, mut member) in members.drain(..60).enumerate() {
        member.send(&json!({ "type": "typing" }));
        member.send(&json!({ "type": "name", "name": format!("Z{number}"), "ref": "renamed" }));
        while member.read()["ref"] != "renamed" {}
        if number < 50 { member.leave() } else { drop(member) }
    }
    let mut counts = 0;
    loop {
        let message = first.read();
        assert_eq!(message["type"], "count", "{message}");
        counts += 1;
        if message["count"] == 151 {
            break;
        }
    }
    let elapsed = began.elapsed();
    assert!(counts <= elapsed.as_secs(), "{counts} counts in {elapsed:?}");
    // It stays big until it is empty.
    let welcome = Member::come(&server, "Late").welcome;
    assert_eq!(
        (welcome["count"].clone(), welcome["members"].as_array().unwrap().len()),
        (json!(152), 152)
    );
    first.send(&json!({ "type": "say", "text": "x", "ref": "x" }));
    let mut next = first.read();
    if next["type"] == "count" {
        next = first.read();
    }
    assert_eq!(next["type"], "ack", "{next}");
}

#[test]
fn one_who_does_not_read_is_not_noticed_by_five_who_talk() {
    let server = Server::start_without_pace(&[]);
    let mut silent = Member::come(&server, "Silent");
    let mut talkers: Vec<Member> =
        (0..5).map(|me| Member::come(&server, &format!("T{me}"))).collect();
    // 8 MiB in all: more than the kernel keeps for one who does not read, and then some.
    let text = "😀".repeat(4096);
    let mut last = 0;
    for _ in 0..105 {
        for talker in &mut talkers {
            talker.send(&json!({ "type": "say", "text": text, "ref": last.to_string() }));
        }
        for talker in &mut talkers {
            follow(talker, last, last + 5);
        }
        last += 5;
    }
    // Now it reads: all in order, and then the reason why it got no more.
    let mut since = 0;
    let end = loop {
        let frame = silent.peer.read();
        if frame.first != 0x81 {
            break frame;
        }
        let message: Value = serde_json::from_slice(&frame.payload).unwrap();
        if message["type"] == "said" {
            since += 1;
            assert_eq!(message["id"], since);
        }
    };
    assert!(since < last, "it was too slow for all of them");
    assert_eq!(end, Frame { first: 0x88, payload: b"\x03\xF5too slow: come back".into() });
    assert_eq!(silent.peer.try_read(), None);
    let mut silent = Member::come_back(&server, &silent.token, since);
    let ids = welcomed(&silent);
    assert_eq!(ids.last(), Some(&last));
    assert_eq!(silent.welcome["more"], ids[0] > since + 1);
    assert_eq!(silent.welcome["gap"], false);
    talkers[0].say("welcome back");
    follow(&mut silent, last, last + 1);
}

#[test]
fn a_beat_comes_with_the_ping() {
    let server = Server::start_without_pace(&[]);
    let began = Instant::now();
    let mut ana = Member::come(&server, "Ana");
    assert_eq!(ana.peer.read(), Frame { first: 0x89, payload: Vec::new() });
    assert_eq!(ana.peer.read_text(), r#"{"type":"beat"}"#);
    let after = began.elapsed();
    assert!(after >= Duration::from_secs(19) && after < Duration::from_secs(30), "{after:?}");
}

#[test]
fn a_beat_comes_to_whoever_types_and_types() {
    let server = Server::start_without_pace(&[]);
    let mut ana = Member::come(&server, "Ana");
    let mut typist = ana.peer.stream.try_clone().unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    // Nobody is there to answer, and Ana is never silent long enough to be pinged.
    let typing = thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_secs(1)).is_err() {
            typist.write_all(&client_frame(0x81, br#"{"type":"typing"}"#)).unwrap();
        }
    });
    // With it comes the ping, as always.
    assert_eq!(ana.peer.read().first, 0x89);
    assert_eq!(ana.peer.read_text(), r#"{"type":"beat"}"#);
    stop.send(()).unwrap();
    typing.join().unwrap();
}

#[test]
fn those_who_flood_wait_and_nobody_else_does() {
    const TALKERS: usize = 3;
    const TEXTS: usize = 40_000; // of each
    // A listener that this machine does not get round to for a moment is not what is tested.
    let server = Server::start_without_pace(&["--log", "warn", "--pending", "8388608"]);
    let come = |number: usize| Member::come(&server, &format!("Member {number}")).peer.stream;
    let talkers: Vec<TcpStream> = (0..TALKERS).map(come).collect();
    let listeners: Vec<TcpStream> = (TALKERS..50).map(come).collect();
    let last = format!("\"id\":{},", TALKERS * TEXTS).into_bytes();
    let listen = |mut stream: TcpStream| {
        let last = last.clone();
        thread::spawn(move || {
            // No more than a look for the last message, so that it is the server that has to hurry.
            let (mut end, mut chunk, mut total) = (Vec::new(), vec![0; 65_536], 0);
            while !end.windows(last.len()).any(|window| window == last) {
                let count = stream.read(&mut chunk).expect("nobody is cut off");
                // A pong now and then: on a slow machine this takes longer than silence may last.
                if (total + count) >> 20 > total >> 20 {
                    stream.write_all(&client_frame(0x8A, b"")).expect("nobody is cut off");
                }
                total += count;
                assert!(count > 0, "nobody is closed");
                end.drain(..end.len().saturating_sub(last.len()));
                end.extend_from_slice(&chunk[..count]);
            }
        })
    };
    let listening: Vec<_> = listeners.into_iter().map(listen).collect();
    // As fast as TCP takes it, and far more than the queue may hold.
    let flood = |mut stream: TcpStream| {
        let drain = stream.try_clone().unwrap();
        thread::spawn(move || std::io::copy(&mut &drain, &mut std::io::sink()));
        thread::spawn(move || {
            let thousand = client_frame(0x81, b"twenty bytes of text").repeat(1000);
            for _ in 0..TEXTS / 1000 {
                stream.write_all(&thousand).unwrap();
            }
            stream
        })
    };
    let flooding: Vec<_> = talkers.into_iter().map(flood).collect();
    for listener in listening {
        listener.join().expect("everybody gets everything");
    }
    let peak = server.status("VmHWM");
    assert!(peak < 200_000, "{peak} kB at the most");
    for flood in flooding {
        let stream = flood.join().unwrap();
        let _ = stream.shutdown(Shutdown::Both);
    }
}
