//! The chat's page in a real browser: what people see of each other while the connection holds. What
//! happens when it does not is in `lost_line.rs`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

/// Goes to the chat and waits until one can type. Returns the name that the server gave.
pub fn pick_up(page: &Page, host: &str, port: u16) -> String {
    page.open(&format!("http://{host}:{port}/"));
    wait_until_connected(page);
    shown(page, "document.querySelector('#me .name').textContent")
}

pub fn wait_until_connected(page: &Page) {
    page.wait_for("line.className === 'open' && document.activeElement === text");
}

/// Says something as a person does: the focus is in the box.
pub fn say(page: &Page, line: &str) {
    page.type_text(line);
    page.press("Enter");
}

pub fn shown(page: &Page, js: &str) -> String {
    page.evaluate(js).as_str().expect("a text").to_string()
}

/// The texts in the open conversation, once there are so many.
pub fn texts(page: &Page, count: usize) -> Value {
    page.wait_for(&format!("document.querySelectorAll('#list .text').length >= {count}"));
    page.evaluate(
        "Array.from(document.querySelectorAll('#list .text'), (item) => item.textContent)",
    )
}

fn wait_for_notice(page: &Page, words: &str) {
    page.wait_for(&format!("notices('{words}') > 0"));
    assert_eq!(page.evaluate(&format!("notices('{words}')")), 1, "{words}");
}

/// A function for the page's own console, in every page that this tab opens.
pub fn prepare(page: &Page) {
    let script = "function notices(words) {
        const all = Array.from(document.querySelectorAll('#list .notice'));
        return all.filter((item) => item.textContent.includes(words)).length;
    }";
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
}

/// What came over this page's WebSockets so far.
fn frames(page: &Page) -> String {
    page.evaluate("0"); // what came before this has been told by now
    let frames = page.events("Network.webSocketFrameReceived");
    frames.iter().map(|event| event["response"]["payloadData"].as_str().unwrap()).collect()
}

fn open_private(page: &Page, name: &str) {
    page.evaluate(&format!(
        "void Array.from(document.querySelectorAll('#people-list a'))
             .find((entry) => entry.textContent.startsWith('{name}')).click()"
    ));
    page.wait_for(&format!("title.textContent === '{name}'"));
}

#[test]
fn three_people_talk() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let pages = [browser.new_user(), browser.new_user(), browser.new_user()];
    let names: Vec<String> = pages
        .iter()
        .zip(["localhost", "lab.test", "lab.test"])
        .map(|(page, host)| {
            prepare(page);
            pick_up(page, host, server.port)
        })
        .collect();
    let [ana, ben, cy] = &pages;
    assert_eq!(ben.evaluate("isSecureContext"), false);

    // Each sees all three, and the later ones' arrival.
    for page in &pages {
        let all = "['Everyone', ...Array.from(document.querySelectorAll('#people-list .name'), \
                   (name) => name.textContent)].sort().join()";
        let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
        expected.push("Everyone");
        expected.sort_unstable();
        page.wait_for(&format!("{all} === '{}'", expected.join(",")));
    }
    wait_for_notice(ana, &format!("{} has picked up", names[1]));
    wait_for_notice(ana, &format!("{} has picked up", names[2]));

    // A message, once for everybody, with its tick for its author; and what it is not.
    let markup = "<img src=x onerror=\"document.title = 'broken into'\">";
    ana.type_text("hello");
    ben.wait_for(&format!("typing.textContent === '{} is typing …'", names[0]));
    ana.press("Enter");
    ana.wait_for("/Received|Delivered/.test(list.querySelector('.own .meta')?.textContent)");
    say(ben, markup);
    for page in &pages {
        assert_eq!(texts(page, 2), json!(["hello", markup]));
        assert_eq!(page.evaluate("document.images.length"), 0);
        assert_eq!(page.evaluate("typing.textContent"), "");
    }
    assert_eq!(shown(cy, "list.querySelector('.author').textContent"), names[0]);
    // Read out once: what others say, and not what one says oneself.
    let line = format!("{}: hello", names[0]);
    cy.wait_for(&format!("announcer.firstElementChild?.textContent === '{line}'"));
    ana.wait_for(&format!(
        "announcer.textContent === {}",
        json!(format!("{}: {markup}", names[1]))
    ));

    // In private: the third one's socket never sees it.
    open_private(ana, &names[1]);
    say(ana, "psst, a secret");
    ben.wait_for("document.querySelector('#people-list .badge')?.textContent === '1 new'");
    assert_eq!(texts(ben, 2).as_array().unwrap().len(), 2);
    open_private(ben, &names[0]);
    assert_eq!(texts(ben, 1), json!(["psst, a secret"]));
    ben.wait_for("!document.querySelector('#people-list .badge')");
    ana.evaluate("history.back()");
    ana.wait_for("title.textContent === 'Everyone' && location.hash === ''");
    say(ana, "aloud again");
    assert_eq!(texts(cy, 3)[2], "aloud again");
    assert!(frames(ben).contains("psst, a secret"));
    assert!(!frames(cy).contains("psst, a secret"));

    // A new name, and a reload: the name stays, and nobody hears of the reload.
    say(cy, "/nick Cy the 3rd");
    wait_for_notice(ana, "is now called Cy the 3rd");
    assert_eq!(pick_up(cy, "lab.test", server.port), "Cy the 3rd");
    assert_eq!(texts(cy, 3).as_array().unwrap().len(), 3);
    say(cy, "back");
    assert_eq!(texts(ana, 4)[3], "back");
    wait_for_notice(ana, "is now called");
    assert_eq!(ana.evaluate("[notices('picked up'), notices('hung up')]"), json!([2, 0]));
    assert_eq!(pick_up(ana, "localhost", server.port), names[0]);
    assert_eq!(texts(ana, 4).as_array().unwrap().len(), 4);
    let mut gus = server.open("/chat?name=gus");
    wait_for_notice(ana, "gus has picked up");
    // Shown for so long that it is gone 6 s after the last key.
    gus.send_text(r#"{"type":"typing"}"#);
    ana.wait_for("typing.textContent === 'gus is typing …'");
    let began = Instant::now();
    ana.wait_for("typing.textContent === ''");
    assert!(began.elapsed() < Duration::from_secs(6), "shown for {:?}", began.elapsed());
    gus.send(0x88, &1000u16.to_be_bytes());
    wait_for_notice(ana, "gus has hung up");
    pages.iter().for_each(Page::assert_clean);
}

#[test]
fn names_commands_and_the_box() {
    let server = Server::start(&["--text", "100"]);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    pick_up(&page, "localhost", server.port);
    let mut kite = server.open("/chat?name=Amber%20Kite");
    let mut amber = server.open("/chat?name=amber");
    wait_for_notice(&page, "amber has picked up");
    let tells =
        |words: &str| page.wait_for(&format!("note.textContent.includes({})", json!(words)));
    let clear = || drop(page.evaluate("text.value = ''"));

    say(&page, "/help");
    tells("/msg NAME TEXT");
    say(&page, "/who");
    tells("(2): Amber Kite and amber.");
    say(&page, "/nick AMBER");
    tells("AMBER 2");
    say(&page, "/dance");
    tells("There is no command /dance");
    assert_eq!(page.evaluate("text.value"), "/dance");
    clear();
    say(&page, "//etc/hosts");
    say(&page, "/nick ana");
    tells("You are now called ana.");
    assert!(shown(&page, "document.cookie").contains("name=ana"));
    say(&page, "/me waves");
    assert_eq!(texts(&page, 2), json!(["/etc/hosts", "* ana waves"]));
    say(&page, "   ");
    clear();
    page.press("ArrowUp");
    assert_eq!(page.evaluate("text.value"), "/me waves");
    clear();

    // One's own message comes after the conversation has been opened; then Back.
    say(&page, "/msg amber kite first");
    assert_eq!(texts(&page, 1), json!(["first"]));
    say(&page, "/msg \"amber\" second");
    page.wait_for("location.hash === '#dm=amber' && title.textContent === 'amber'");
    assert_eq!(texts(&page, 1), json!(["second"]));
    page.type_text("only for amber");
    page.evaluate("history.go(-2)");
    page.wait_for("title.textContent === 'Everyone'");
    assert_eq!(page.evaluate("text.value"), "");
    for (peer, text) in [(&mut kite, "first"), (&mut amber, "second")] {
        while !peer.read_text().contains(&format!("\"text\":\"{text}\"")) {}
    }

    // Not while a word is put together; two lines; more than fits.
    for composing in ["isComposing: true", "keyCode: 229"] {
        page.type_text("日本");
        page.evaluate(&format!(
            "text.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Enter', {composing} }}))"
        ));
        assert_eq!(page.evaluate("text.value"), "日本");
        clear();
    }
    page.type_text("one");
    page.press("Shift+Enter");
    say(&page, "two");
    assert_eq!(texts(&page, 3)[2], "one\ntwo");
    say(&page, &"🦜".repeat(103));
    tells("3 characters too long");
    assert_eq!(page.evaluate("counter.textContent"), "3 characters too many");
    clear();

    // Drafts, one for each conversation, and a name that nobody has.
    page.type_text("half a sentence");
    page.open(&format!("http://localhost:{}/#dm=AMBER", server.port));
    page.wait_for("title.textContent === 'amber' && text.value === 'only for amber'");
    pick_up(&page, "localhost", server.port);
    page.wait_for("text.value === 'half a sentence'");
    page.evaluate("void (location.hash = '#dm=nobody')");
    tells("No one here is called nobody");
    page.assert_clean();
}

#[test]
fn who_reads_above_is_left_alone() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(320, 640);
    pick_up(&page, "localhost", server.port);
    let mut ben = server.open("/chat?name=ben");
    let frame = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";
    let mut talk = |words: &[String], count| {
        words.iter().for_each(|words| ben.send_text(words));
        texts(&page, count);
        page.evaluate(frame);
    };
    let place = || page.evaluate("messages.scrollTop").as_f64().unwrap();
    let end = "messages.scrollHeight - messages.scrollTop - messages.clientHeight < 2";

    let lines: Vec<String> = (1..=25).map(|n| format!("line {n}")).collect();
    talk(&lines, 25);
    assert_eq!(page.evaluate(end), true, "who is at the end follows");
    assert_eq!(page.evaluate("newest.hidden"), true);
    assert_eq!(page.evaluate("list.querySelectorAll('li:not(.continued) .author').length"), 1);
    page.evaluate("messages.scrollBy(0, -300)");
    page.evaluate(frame);
    let before = place();
    talk(&["one".into(), "two".into(), "x".repeat(2000)], 28);
    assert!((place() - before).abs() <= 1.0, "from {before} to {}", place());
    assert_eq!(page.evaluate("newest.textContent"), "3 new ↓");
    assert_eq!(page.evaluate("document.title"), "(3) Partyline");
    let width = "Math.max(document.documentElement.scrollWidth - innerWidth, \
                 messages.scrollWidth - messages.clientWidth)";
    assert_eq!(page.evaluate(width), 0, "a long word makes nothing wider");
    page.evaluate("newest.click()");
    page.wait_for(&format!("{end} && newest.hidden && document.title === 'Partyline'"));
    page.evaluate("messages.scrollBy(0, -300)");
    page.evaluate(frame);
    say(&page, "mine");
    page.wait_for(&format!("list.textContent.includes('mine') && {end}"));

    // Nobody reads in a window without the focus, though it shows the end.
    page.evaluate("document.hasFocus = () => false");
    talk(&["unseen".into()], 30);
    page.wait_for(&format!("document.title === '(1) Partyline' && {end}"));
    page.evaluate("delete document.hasFocus; window.dispatchEvent(new Event('focus'))");
    page.wait_for("document.title === 'Partyline'");

    // A name and a text that are read from the right leave what stands beside them in its place.
    let mut eda = server.open("/chat?name=%D7%A2%D7%93%D7%94");
    eda.send_text("שלום (3) לכולם");
    texts(&page, 31);
    let ends = "new Set(Array.from(list.querySelectorAll('li:not(.continued, .own, .notice) time'),
        (time) => time.getBoundingClientRect().right)).size";
    assert_eq!(page.evaluate(ends), 1);

    // What is on the screen is big enough to be hit with a finger.
    let small = "Array.from(document.querySelectorAll('button, a, input, textarea'))
        .filter((target) => target.checkVisibility() && !target.matches('.skip'))
        .map((target) => target.getBoundingClientRect().height).filter((height) => height < 44)";
    assert_eq!(page.evaluate(small), json!([]));
    page.assert_clean();
}

#[test]
fn every_part_can_be_reached_with_the_tab_key() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    pick_up(&page, "localhost", server.port);
    let _ben = server.open("/chat?name=ben");
    page.wait_for("document.querySelectorAll('#people-list a').length === 2");
    // The first of all is the way round the rest; from there it goes as one reads.
    assert_eq!(page.evaluate("document.querySelector('a, button') === skip"), true);
    page.evaluate("skip.focus()");
    let reached = [(); 8].map(|()| {
        page.press("Tab");
        shown(&page, "document.activeElement.id || document.activeElement.textContent")
    });
    assert_eq!(
        reached,
        ["About", "wire-button", "me", "Everyone", "ben", "messages", "text", "Send"]
    );
    // A dialog gives the focus back to what opened it.
    page.evaluate("me.focus(), me.click()");
    page.wait_for("document.activeElement.id === 'name'");
    page.press("Escape");
    page.wait_for("document.activeElement === me");
    page.assert_clean();
}
