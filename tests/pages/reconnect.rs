//! The chat's page when the connection breaks: it reconnects without a reload, loses no message that was
//! typed, and sends none twice.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::proxy::Proxy;
use crate::support::*;

/// Reads messages until one contains `text`, and returns them all in one string.
fn read_until(peer: &mut Peer, text: &str) -> String {
    let mut received = String::new();
    while !received.contains(text) {
        received += &peer.read_text();
    }
    received
}

/// A socket is in the state CLOSING for some time before its page gets the event `close`.
#[test]
fn text_that_is_sent_while_the_socket_closes_arrives() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let script = "window.sockets = [];
        window.WebSocket = class extends WebSocket {
            constructor(...of) { super(...of); sockets.push(this); }
        };";
    page.run_in_every_document(script);
    page.open_chat("localhost", server.port);
    let state = page.evaluate(
        "sockets[0].close(4000);
         text.value = 'in between';
         text.form.requestSubmit();
         sockets[0].readyState === WebSocket.CLOSING && line.className",
    );
    assert_eq!(state, "open");
    page.retry_now();
    page.wait_for("list.lastElementChild.textContent.includes('Received')");
    assert_eq!(page.wait_for_texts(1), json!(["in between"]));
    page.assert_clean();
}

#[test]
fn unsent_messages_arrive_once_each_after_the_server_was_killed() {
    let options = ["--host", "lab.test"];
    let server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let pages = [browser.new_user(), browser.new_user(), browser.new_user()];
    let [ana, ben, cy] = &pages;
    cy.block_storage();
    for (page, host) in pages.iter().zip(["localhost", "lab.test", "lab.test"]) {
        page.open_chat(host, port);
        page.evaluate("window.notReloaded = true");
        page.wait_for_icon(); // which the browser requests last
    }
    let name = ben.own_name();
    ana.type_and_send("before");
    assert_eq!(cy.wait_for_texts(1), json!(["before"]));

    drop(server);
    for page in &pages {
        page.wait_for("line.className === 'waiting' && countdown.textContent.includes('again in')");
    }
    // The new server knows no member and may give ben's id to another one.
    ana.type_and_send(&format!("/msg {name} a secret"));
    ana.evaluate("history.back()");
    ana.wait_for("title.textContent === 'Everyone'");
    for n in 1..=3 {
        ana.type_and_send(&format!("ana {n}"));
        cy.type_and_send(&format!("cy {n}"));
    }
    ana.wait_for("list.lastElementChild.textContent.includes('Waiting')");
    assert_eq!(ana.wait_for_texts(4), json!(["before", "ana 1", "ana 2", "ana 3"]));

    let server = Server::start_on(port, &options);
    for page in &pages {
        page.wait_for("line.className === 'open'");
        assert_eq!(page.evaluate("notReloaded"), true);
        let texts: Vec<String> = serde_json::from_value(page.wait_for_texts(6)).unwrap();
        let of = |name| texts.iter().filter(|text| text.starts_with(name)).collect::<Vec<_>>();
        assert_eq!(of("ana"), ["ana 1", "ana 2", "ana 3"]);
        assert_eq!(of("cy"), ["cy 1", "cy 2", "cy 3"]);
        assert_eq!(texts.len(), 6, "{texts:?}");
        assert_eq!(page.evaluate("notices('The server has restarted')"), 1);
        page.assert_clean_but_for_lost_connections();
    }
    // The private message is not sent before its author decides.
    ana.wait_for("document.querySelector('#people-list .badge')?.textContent === '1 not sent'");
    ana.evaluate("document.querySelector('#people-list a:has(.badge)').click()");
    ana.wait_for(&format!("title.textContent === '{name}'"));
    assert_eq!(ana.wait_for_texts(1), json!(["a secret"]));
    let why = ana.evaluate_text("list.querySelector('.refused .choices p').textContent");
    assert_eq!(why, "The server has restarted and does not know who this was for.");
    ana.evaluate("list.querySelector('.refused button').click()");
    ana.wait_for("/Received|Delivered/.test(list.textContent)");
    ben.wait_for("document.querySelector('#people-list .badge')?.textContent === '1 new'");
    drop(server);
}

#[test]
fn page_resumes_after_a_lost_connection_without_loss_or_duplicates() {
    let server = Server::start(&["--host", "lab.test"]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    let name = page.open_chat("lab.test", proxy.port);
    let mut ben = server.open("/chat?name=ben");
    ben.send_text("first");
    page.wait_for_texts(1);

    // The page's message reaches the server, but its ack does not reach the page.
    proxy.deafen();
    page.type_and_send("sent once");
    while !ben.read_text().contains("sent once") {}
    let began = Instant::now();
    proxy.cut();
    page.wait_for("line.className === 'waiting' && !retry.hidden");
    assert!(began.elapsed() < Duration::from_secs(1), "shown after {:?}", began.elapsed());
    page.type_and_send("typed meanwhile");
    ben.send_text("missed 1");
    ben.send_text("missed 2");
    assert_eq!(page.wait_for_texts(3), json!(["first", "sent once", "typed meanwhile"]));
    // An attempt that fails leads to another countdown.
    page.retry_now();
    page.wait_for("line.className === 'waiting' && countdown.textContent.includes('again in')");
    proxy.mend();
    page.retry_now();
    page.wait_for("line.className === 'open'");
    let all = ["first", "sent once", "missed 1", "missed 2", "typed meanwhile"];
    assert_eq!(page.wait_for_texts(5), json!(all));
    page.wait_for("list.lastElementChild.textContent.includes('✓ Received')");
    assert_eq!(page.evaluate("notices('')"), 1, "ben's arrival is the only notice");
    let received = read_until(&mut ben, "typed meanwhile");
    assert!(!received.contains("sent once") && !received.contains("\"left\""), "{received}");

    // An unsent message survives a reload.
    proxy.cut();
    page.wait_for("line.className === 'waiting'");
    page.type_and_send("kept");
    let unsent = page.evaluate_text("sessionStorage.getItem('chat.unsent')");
    assert!(unsent.contains("kept"), "{unsent}");
    proxy.mend();
    assert_eq!(page.open_chat("lab.test", proxy.port), name);
    page.wait_for("list.lastElementChild.textContent.includes('✓ Received')");
    assert_eq!(page.wait_for_texts(6)[5], "kept");
    page.assert_clean_but_for_lost_connections();
}

#[test]
fn page_reconnects_when_the_server_is_silent_for_45_s() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    // While `shorten` is set, a timeout of 45 s takes 0.1 s. The first that ends is the last such one.
    let script = "const original = window.setTimeout;
        window.setTimeout = (call, time) => window.shorten && time === 45_000
            ? original(() => (window.shorten = false, call()), 100) : original(call, time);";
    page.run_in_every_document(script);
    page.open_chat("localhost", server.port);
    let mut ben = server.open("/chat?name=ben");
    page.evaluate("window.shorten = true");
    ben.send_text("the last before the silence");
    // For the others the member is away and has not left. A new connection could overtake the end of this one.
    let away = read_until(&mut ben, "\"type\":\"away\"");
    ben.send_text("missed");
    page.retry_now();
    assert_eq!(page.wait_for_texts(2), json!(["the last before the silence", "missed"]));
    page.type_and_send("here");
    let received = away + &read_until(&mut ben, "\"here\"");
    assert!(received.contains("\"back\"") && !received.contains("\"left\""), "{received}");
    page.assert_clean();
}

#[test]
fn page_that_was_taken_over_can_take_back_and_a_second_tab_is_another_member() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let name = page.open_chat("localhost", server.port);
    let token = page.evaluate_text("JSON.parse(sessionStorage.getItem('chat.token'))");
    let other = server.open(&format!("/chat?token={token}"));
    page.wait_for("line.className === 'stopped' && retry.textContent === 'Use here'");
    page.evaluate("retry.click()");
    page.wait_for("line.className === 'open'");
    drop(other);

    // A second tab of the same user is another member, with a number after the name.
    let tab = page.another_tab();
    assert_eq!(tab.open_chat("localhost", server.port), format!("{name} 2"));
    page.assert_clean();
    tab.wait_until_connected();
}

#[test]
fn private_message_to_a_departed_member_is_refused_and_can_be_deleted() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", proxy.port);
    let mut ben = server.open("/chat?name=ben");
    page.wait_for("document.querySelector('#people-list').textContent.includes('ben')");
    page.type_and_send("/msg ben hi");
    page.wait_for("list.textContent.includes('✓ Received')");
    // The member leaves while the page cannot hear of it.
    proxy.cut();
    page.wait_for("line.className === 'waiting'");
    page.type_and_send("too late");
    ben.send(0x88, &1000u16.to_be_bytes());
    server.wait_for_logs("left /chat", 2);
    proxy.mend();
    page.retry_now();
    page.wait_for("list.querySelector('.refused')?.textContent.includes('Not sent')");
    page.evaluate("list.querySelectorAll('.refused button')[1].click()");
    page.wait_for("!list.querySelector('.refused') && document.activeElement === text");
    assert_eq!(page.wait_for_texts(1), json!(["hi"]));
    assert_eq!(page.evaluate("JSON.parse(sessionStorage.getItem('chat.unsent'))"), json!([]));
    page.assert_clean_but_for_lost_connections();
}

#[test]
fn reconnect_delays_of_thirty_pages_are_spread_over_at_least_a_second() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", server.port));
    let delays = page.evaluate(
        "import('./shared/backoff.js').then(({ backoff }) => Array.from({ length: 10 }, (_, failures) =>
            Array.from({ length: 30 }, (_, client) => backoff(failures, client / 30))))",
    );
    for (failures, delays) in delays.as_array().unwrap().iter().enumerate() {
        let delays: Vec<f64> = delays.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
        let [shortest, longest] = [f64::min, f64::max].map(|of| delays.iter().copied().reduce(of).unwrap());
        assert!(longest - shortest >= 1000.0, "after {failures}: {shortest} to {longest}");
        assert!(shortest >= 500.0 && longest <= 30_000.0, "after {failures}: {shortest} to {longest}");
    }
    // By default the place within the spread is random.
    assert_eq!(
        page.evaluate("import('./shared/backoff.js').then(({ backoff }) => backoff(0) !== backoff(0))"),
        true
    );
}

#[test]
fn conversation_is_ordered_by_id_with_unsent_messages_last() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", server.port));
    let order = page.evaluate(
        "import('./chat/conversation.js').then(({ Conversation }) => {
            const room = new Conversation(0);
            room.append({ ref: 'a' }, { ref: 'b' });
            [{ id: 5 }, { notice: 'joined', after: 5 }, { id: 3 }, { id: 6 }].forEach((said) => room.insert(said));
            const own = room.pending()[1];
            room.remove(own);
            room.insert(Object.assign(own, { id: 4 }));
            return room.messages.map(({ id, notice, ref }) => id ?? notice ?? ref);
        })",
    );
    assert_eq!(order, json!([3, 4, 5, "joined", 6, "a"]));
}

#[test]
fn repeated_presence_messages_do_not_change_the_number_of_members() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", server.port));
    let changes = page.evaluate(
        "import('./chat/members.js').then(({ Members }) => {
            const [people, member] = [new Members(), { id: 7, name: 'ana' }];
            const told = ['joined', 'joined', 'away', 'back', 'renamed', 'left', 'left', 'joined'];
            return [...told.map((type) => people.applyPresence({ type, member })), people.count];
        })",
    );
    assert_eq!(changes, json!([true, false, false, false, false, true, false, true, 1]));
}
