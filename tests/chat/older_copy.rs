//! A history file that has lost its newest lines: an older copy was put back, or the power failed. Clients
//! still have what was in them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::json;

use crate::support::chat::*;
use crate::support::folder::*;

/// Says some texts; returns their ids.
fn say_all(member: &mut Member, texts: &[&str]) -> Vec<u64> {
    texts.iter().map(|text| member.say_and_wait_among(text)["id"].as_u64().unwrap()).collect()
}

#[test]
fn no_id_is_given_twice_and_a_page_that_knows_lost_ones_starts_over() {
    let folder = Folder::new();
    let mut server = folder.serve();
    let [mut ana, ben] = gather(&server, ["Ana", "Ben"]);
    say_all(&mut ana, &["one", "two"]);
    let copy = fs::read(folder.file()).unwrap();
    let cleo = Member::come(&server, "Cleo");
    let lost = say_all(&mut ana, &["lost 1", "lost 2", "lost 3"]);
    let (mut messages, mut members) = (BTreeSet::from_iter(lost.clone()), BTreeSet::from([cleo.id]));
    let (mut kept, mut old) = (vec!["one".to_string(), "two".to_string()], vec![]);
    // The same copy is put back again and again: every start is another one.
    for start in 0..3 {
        drop(server);
        fs::write(folder.file(), &copy).unwrap();
        server = folder.serve();
        // An id from the lost lines, from an earlier start, and from the future.
        for since in lost.iter().copied().chain(old.iter().copied()).chain([1 << 52, u64::MAX]) {
            let again = Member::come_back(&server, &ben.token, since);
            assert_eq!(again.welcome["reset"], true, "since {since}");
            assert_eq!(texts(&again.welcome["messages"]), ["one", "two"], "since {since}");
            assert_eq!((&again.welcome["more"], &again.welcome["gap"]), (&json!(false), &json!(false)));
        }
        for (since, expected) in [(0, &["one", "two"][..]), (1, &["two"]), (2, &[])] {
            let again = Member::come_back(&server, &ben.token, since);
            assert_eq!(again.welcome["reset"], false, "since {since}");
            assert_eq!(texts(&again.welcome["messages"]), expected, "since {since}");
        }
        // The lost member is a newcomer. Its `since` may be an id of this history or not.
        for (since, reset) in [(2, false), (lost[2], true)] {
            let query = format!("?token={}&since={since}", cleo.token);
            let stranger = Member::open(&server, &query, None);
            assert_eq!(
                (&stranger.welcome["resumed"], &stranger.welcome["reset"]),
                (&json!(false), &json!(reset))
            );
            assert!(members.insert(stranger.id), "{} is given again", stranger.id);
        }
        let mut ana = Member::come_back(&server, &ana.token, 2);
        let said = format!("start {start}");
        let id = say_all(&mut ana, &[&said])[0];
        assert!(messages.insert(id), "{id} is given again");
        assert!(id > 1002 && id < 2 + 1_001_000 + 10, "{id} after 2");
        old.push(id);
        // It goes on as usual: the ids before and after the leap are of this history, those between are not.
        for (since, reset) in [(2, false), (3, true), (id - 1, true), (id, false), (id + 1, true)] {
            let again = Member::come_back(&server, &ben.token, since);
            assert_eq!(again.welcome["reset"], reset, "since {since}");
            assert_eq!(again.welcome["gap"], false, "since {since}");
        }
        kept.truncate(2);
        kept.push(said);
    }
    // With the file as it is now, the ids from before the leap are still known as left out.
    drop(server);
    let server = folder.serve();
    for since in &lost {
        let again = Member::come_back(&server, &ben.token, *since);
        assert_eq!(again.welcome["reset"], true, "since {since}");
        assert_eq!(texts(&again.welcome["messages"]), kept);
    }
}

#[test]
fn a_member_that_knows_lost_messages_can_send_its_own_again() {
    let folder = Folder::new();
    let server = folder.serve();
    let mut ana = Member::come(&server, "Ana");
    say_all(&mut ana, &["one"]);
    let copy = fs::read(folder.file()).unwrap();
    let lost = say_all(&mut ana, &["two"])[0];
    drop(server);
    fs::write(folder.file(), &copy).unwrap();
    let server = folder.serve();
    let mut ana = Member::come_back(&server, &ana.token, lost);
    assert_eq!(ana.welcome["reset"], true);
    // The ref of the lost message is unknown, so the text is said, under an id of its own.
    let again = say_all(&mut ana, &["two"])[0];
    assert!(again > lost, "{again}");
    assert_eq!(read_back(&mut ana, u64::MAX, |_| {}).len(), 2);
    // A page may ask for what was before an id that no message has.
    for before in [lost + 1, again - 1] {
        assert_eq!(texts(&earlier(&mut ana, before)["messages"]), ["one"]);
    }
}
