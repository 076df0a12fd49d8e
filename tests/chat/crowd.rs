//! Many members at once: every member gets every message in one order, while others join, leave, flood or
//! do not read. A member that does not read must not delay the others (no head-of-line blocking).

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::chat::*;
use crate::support::crowd::*;
use crate::support::*;

#[test]
fn sixteen_members_get_all_messages_in_one_order() {
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
                // Instead of its own messages it gets their acks, so that no id is missing.
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
    let (_members, heard): (Vec<_>, Vec<_>) =
        clients.into_iter().map(|client| client.join().unwrap()).unzip();
    assert_one_order(&heard);
}

#[test]
fn a_repeated_message_is_said_once_and_its_ack_overtakes_nothing() {
    let server = Server::start_without_pace(&[]);
    let [ana, mut ben, cleo] = gather(&server, ["Ana", "Ben", "Cleo"]);
    talk_during(vec![ana, cleo], Duration::ZERO, || {
        // An ack must not overtake messages that were said before it: a client that breaks off after the
        // ack would take its id for the newest that it has, and miss them.
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
fn two_hundred_join_and_leave_while_others_talk() {
    let server = Server::start_without_pace(&[]);
    let talkers = gather(&server, ["Ana", "Ben", "Cleo", "Dan"]).into();
    talk_during(talkers, Duration::ZERO, || {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut newcomer = Member::come(&server, "New");
                        let last = ids_in_welcome(&newcomer).last().copied().unwrap_or(0);
                        read_up_to(&mut newcomer, last, last + 10);
                        newcomer.leave();
                    }
                });
            }
        });
    });
}

#[test]
fn five_hundred_break_off_and_return_while_five_talk() {
    let server = Server::start_without_pace(&[]);
    let talkers: Vec<Member> = (0..5).map(|me| Member::come(&server, &format!("T{me}"))).collect();
    let crowd: Vec<Member> = (0..500).map(|me| Member::come(&server, &format!("C{me}"))).collect();
    let people: Vec<(u64, String)> = crowd.iter().map(|m| (m.id, m.token.clone())).collect();
    let began = Instant::now();
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
            let parts: Vec<_> = people.chunks(125).map(|part| scope.spawn(move || come_back(part))).collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect::<Vec<Member>>()
        })
    });
    // After 10 s away a member has left. On a machine so slow, only the last to return finds all the others.
    let count = |member: &Member| member.welcome["count"].as_u64().unwrap();
    assert_eq!(crowd.iter().map(count).max(), Some(505));
    assert!(began.elapsed() >= Duration::from_secs(10) || crowd.iter().all(|member| count(member) == 505));
    for member in &mut crowd {
        let ids = ids_in_welcome(member);
        assert_eq!(member.welcome["more"], ids.first().is_some_and(|id| *id > 1));
        read_up_to(member, ids.last().copied().unwrap_or(0), end);
    }
    assert_eq!(talkers.len(), 5);
}

#[test]
fn in_a_big_room_members_are_only_counted() {
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
    // Sixty leave one by one, ten of them without a Close. In a big room there is no `away` and no
    // `typing`, and a `count` at most once a second.
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
    // A room that was big stays so until it is empty.
    let welcome = Member::come(&server, "Late").welcome;
    assert_eq!((welcome["count"].clone(), welcome["members"].as_array().unwrap().len()), (json!(152), 152));
    first.send(&json!({ "type": "say", "text": "x", "ref": "x" }));
    let mut next = first.read();
    if next["type"] == "count" {
        next = first.read();
    }
    assert_eq!(next["type"], "ack", "{next}");
}

#[test]
fn a_member_that_does_not_read_does_not_delay_five_that_talk() {
    let server = Server::start_without_pace(&[]);
    let mut silent = Member::come(&server, "Silent");
    let mut talkers: Vec<Member> = (0..5).map(|me| Member::come(&server, &format!("T{me}"))).collect();
    // 8 MiB in all: more than the kernel's buffers and the backlog hold.
    let text = "😀".repeat(4096);
    let mut last = 0;
    for _ in 0..105 {
        for talker in &mut talkers {
            talker.send(&json!({ "type": "say", "text": text, "ref": last.to_string() }));
        }
        for talker in &mut talkers {
            read_up_to(talker, last, last + 5);
        }
        last += 5;
    }
    // Now it reads: all messages in order, and then a Close that says why no more come.
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
    assert!(since < last, "the client that did not read got everything");
    assert_eq!(end, Frame { first: 0x88, payload: b"\x03\xF5too slow: come back".into() });
    silent.peer.expect_end();
    let mut silent = Member::come_back(&server, &silent.token, since);
    let ids = ids_in_welcome(&silent);
    assert_eq!(ids.last(), Some(&last));
    assert_eq!(silent.welcome["more"], ids[0] > since + 1);
    assert_eq!(silent.welcome["gap"], false);
    talkers[0].say("welcome back");
    read_up_to(&mut silent, last, last + 1);
}

#[test]
fn members_that_flood_wait_and_no_other_member_does() {
    const TALKERS: usize = 3;
    const TEXTS: usize = if cfg!(debug_assertions) { 10_000 } else { 40_000 }; // of each
    // A large backlog, so that a listener that does not run for a moment is not cut off.
    let server = Server::start_without_pace(&["--log", "warn", "--pending", "8388608"]);
    let come = |number: usize| Member::come(&server, &format!("Member {number}")).peer.stream;
    let talkers: Vec<TcpStream> = (0..TALKERS).map(come).collect();
    let listeners: Vec<TcpStream> = (TALKERS..50).map(come).collect();
    let last = format!("\"id\":{},", TALKERS * TEXTS).into_bytes();
    let listen = |mut stream: TcpStream| {
        let last = last.clone();
        thread::spawn(move || {
            // Only looks for the last message, so that the server is slower than this thread.
            let (mut end, mut chunk, mut total) = (Vec::new(), vec![0; 65_536], 0);
            while !end.windows(last.len()).any(|window| window == last) {
                let count = read_some(&mut stream, &mut chunk).expect("a listener is not cut off");
                // A pong for each MiB: on a slow machine this takes longer than a client may be silent.
                if (total + count) >> 20 > total >> 20 {
                    stream.write_all(&client_frame(0x8A, b"")).expect("a listener is not cut off");
                }
                total += count;
                assert!(count > 0, "a listener is not closed");
                end.drain(..end.len().saturating_sub(last.len()));
                end.extend_from_slice(&chunk[..count]);
            }
        })
    };
    let listening: Vec<_> = listeners.into_iter().map(listen).collect();
    // As fast as TCP takes it, and far more than the queue of events holds.
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
        listener.join().expect("every listener gets everything");
    }
    let peak = server.status("VmHWM");
    assert!(peak < 200_000, "{peak} kB at the most");
    for flood in flooding {
        let stream = flood.join().unwrap();
        let _ = stream.shutdown(Shutdown::Both);
    }
}
