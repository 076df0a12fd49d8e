//! Connections that break anywhere: no message is lost or said twice, and all members get one order.

use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::support::chat::*;
use crate::support::proxy::Proxy;
use crate::support::random::Random;
use crate::support::reconnecting::ReconnectingClient;
use crate::support::*;

#[test]
fn ten_clients_over_breaking_connections_lose_and_double_nothing() {
    const CLIENTS: u64 = 10;
    const TEXTS: u64 = 500;
    let server = Server::start_without_pace(&["--log", "warn"]);
    let mut random = Random::new();
    let clients = (0..CLIENTS).map(|number| {
        // Few enough bytes that a page of the history does not always arrive, either.
        let proxy = Proxy::unreliable(server.port, random.fork(), 25_000);
        thread::spawn(move || {
            let began = Instant::now();
            let mut client = ReconnectingClient::new(&format!("C{number}"));
            while !client.talk(proxy.port, TEXTS, CLIENTS * TEXTS) {
                assert!(began.elapsed() < PATIENCE, "{} has {}", client.name, client.since);
            }
            client
        })
    });
    let clients: Vec<_> = clients.collect(); // all of them run before the first is joined
    let clients: Vec<ReconnectingClient> = clients.into_iter().map(|it| it.join().unwrap()).collect();
    let all = &clients[0].messages;
    assert!(all.keys().copied().eq(1..=CLIENTS * TEXTS), "every id, and no other");
    let mut next: BTreeMap<u64, u64> = BTreeMap::new();
    for (from, text) in all.values() {
        let next = next.entry(*from).or_insert(1);
        let (name, number) = text.split_once(" says ").expect("as it was sent");
        assert_eq!(number.parse(), Ok(*next), "each of {name}'s texts once, in order");
        *next += 1;
    }
    for client in &clients {
        assert!(client.messages == *all, "{} has the same messages", client.name);
        for (number, id) in &client.acknowledged {
            assert_eq!(all[id].1, client.text(*number));
        }
    }
    let connections: u64 = clients.iter().map(|client| client.connections).sum();
    println!("{connections} connections");
    assert!(connections > 2 * CLIENTS, "the connections did break");
}

#[test]
fn a_message_whose_ack_is_lost_is_said_once() {
    let server = Server::start_without_pace(&[]);
    let proxy = Proxy::to(server.port);
    let mut ben = Member::come(&server, "Ben");
    let mut ana = Member::open_at(proxy.port, "?name=Ana", None);
    ben.expect_notice("joined", &ana.person());
    ana.say_and_wait("heard");
    ben.expect_said(1, &ana.person(), "heard");
    proxy.deafen();
    ana.send(&json!({ "type": "say", "text": "delivered", "ref": "r" }));
    ben.expect_said(2, &ana.person(), "delivered");
    proxy.cut();
    ben.expect_notice("away", &ana.person());
    assert!(ana.peer.try_read().is_none(), "no ack has come");
    // The next welcome brings the message with its ref. Sending it again gets the old ack.
    let person = ana.person();
    let mut ana = Member::come_back(&server, &ana.token, 1);
    ben.expect_notice("back", &person);
    assert_eq!(column(&ana.welcome["messages"], "id"), [2]);
    assert_eq!(column(&ana.welcome["messages"], "ref"), ["r"]);
    ana.send(&json!({ "type": "say", "text": "delivered", "ref": "r" }));
    ana.expect(&json!({ "type": "ack", "ref": "r", "id": 2 }));
    // The same ref of another member is a different one.
    ben.send(&json!({ "type": "say", "text": "Ben's own", "ref": "r" }));
    ben.expect(&json!({ "type": "ack", "ref": "r", "id": 3 }));
    ana.expect_said(3, &ben.person(), "Ben's own");
    ana.say("new");
    ben.expect_said(4, &ana.person(), "new");
}
