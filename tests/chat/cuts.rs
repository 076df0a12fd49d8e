//! Connections that break anywhere: nothing is lost, nothing is said twice, and all have one order.

use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::support::chat::*;
use crate::support::line::Line;
use crate::support::random::Random;
use crate::support::stubborn::Stubborn;
use crate::support::*;

#[test]
fn ten_write_five_hundred_each_over_lines_that_break() {
    const CLIENTS: u64 = 10;
    const TEXTS: u64 = 500;
    let server = Server::start_without_pace(&["--log", "warn"]);
    let mut random = Random::new();
    let clients = (0..CLIENTS).map(|number| {
        let seed = Random::with_seed(random.below(u64::MAX));
        // So that a page of the history, too, does not always come through.
        let line = Line::bad(server.port, seed, 25_000);
        thread::spawn(move || {
            let began = Instant::now();
            let mut client = Stubborn::new(&format!("C{number}"));
            while !client.talk(line.port, TEXTS, CLIENTS * TEXTS) {
                assert!(began.elapsed() < PATIENCE, "{} has {}", client.name, client.since);
            }
            client
        })
    });
    let clients: Vec<_> = clients.collect::<Vec<_>>().into_iter().collect();
    let clients: Vec<Stubborn> = clients.into_iter().map(|it| it.join().unwrap()).collect();
    let all = &clients[0].heard;
    assert!(all.keys().copied().eq(1..=CLIENTS * TEXTS), "no id is missing, and none is too many");
    let mut next: BTreeMap<u64, u64> = BTreeMap::new();
    for (from, text) in all.values() {
        let next = next.entry(*from).or_insert(1);
        let (name, number) = text.split_once(" says ").expect("as it was sent");
        assert_eq!(number.parse(), Ok(*next), "of {name}'s each, once, in order");
        *next += 1;
    }
    for client in &clients {
        assert!(client.heard == *all, "{} has the same", client.name);
        for (number, id) in &client.acknowledged {
            assert_eq!(all[id].1, client.text(*number));
        }
    }
    let connections: u64 = clients.iter().map(|client| client.connections).sum();
    println!("{connections} connections");
    assert!(connections > 2 * CLIENTS, "the lines did break");
}

#[test]
fn an_ack_is_lost_on_the_way() {
    let server = Server::start_without_pace(&[]);
    let line = Line::to(server.port);
    let mut ben = Member::come(&server, "Ben");
    let mut ana = Member::open_at(line.port, "?name=Ana", None);
    ben.expect_notice("joined", &ana.person());
    ana.say_and_wait("heard");
    ben.expect_said(1, &ana.person(), "heard");
    line.deafen();
    ana.send(&json!({ "type": "say", "text": "delivered", "ref": "r" }));
    ben.expect_said(2, &ana.person(), "delivered");
    line.cut();
    ben.expect_notice("away", &ana.person());
    assert!(ana.peer.try_read().is_none(), "no ack has come");
    // It is in the welcome, with its ref; and it may be sent again as well.
    let person = ana.person();
    let mut ana = Member::come_back(&server, &ana.token, 1);
    ben.expect_notice("back", &person);
    assert_eq!(column(&ana.welcome["messages"], "id"), [2]);
    assert_eq!(column(&ana.welcome["messages"], "ref"), ["r"]);
    ana.send(&json!({ "type": "say", "text": "delivered", "ref": "r" }));
    ana.expect(&json!({ "type": "ack", "ref": "r", "id": 2 }));
    // Another's ref of the same name is another's.
    ben.send(&json!({ "type": "say", "text": "Ben's own", "ref": "r" }));
    ben.expect(&json!({ "type": "ack", "ref": "r", "id": 3 }));
    ana.expect_said(3, &ben.person(), "Ben's own");
    ana.say("new");
    ben.expect_said(4, &ana.person(), "new");
}
