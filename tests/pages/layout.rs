//! How the chat's page is laid out: what is in view, what a new person is shown, and its sheets.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::page::Page;
use crate::support::*;

/// A talk of several people, with messages of one and of two lines in a wide window.
const TALK: [(&str, &str); 22] = [
    ("ben", "has anyone got the handshake to work yet?"),
    ("mira", "yes, the key was wrong by one letter"),
    ("mira", "now it answers 101"),
    ("tom", "mine says 400"),
    ("aylin", "did you leave out Host? that is a 400 too"),
    ("jonas", "which file do we have to read for tomorrow?"),
    ("sofia", "broadcast.rs and then the sender, the first hundred lines are enough"),
    ("ben", "I still do not see why the mask is there when everyone can read it anyway"),
    ("mira", "it keeps a page from choosing the bytes that a proxy sees"),
    ("tom", "what does exercise 4 ask for, everyone but the sender, or everyone?"),
    (
        "sofia",
        "everyone but the sender. The page has to show your own line by itself then, otherwise you do not \
         see what you said",
    ),
    ("ben", "ah, good"),
    ("aylin", "done!"),
    ("jonas", "how many lines did you need?"),
    ("aylin", "three in the server and two in the page"),
    ("tom", "I have seven"),
    ("mira", "show me in a minute, I want to see where the lock is taken"),
    ("tom", "the FIN bit is 0 in my long text, is that right?"),
    ("aylin", "Chromium cuts it, all but the last have 0"),
    ("sofia", "try it in Firefox, there it is one frame"),
    ("jonas", "lunch at 12?"),
    ("ben", "five minutes left"),
];

/// Lets six people say all of [`TALK`].
fn talk(server: &Server) -> Vec<Member> {
    let names = ["ben", "mira", "tom", "aylin", "jonas", "sofia"];
    let mut people: Vec<Member> = names.iter().map(|name| Member::come(server, name)).collect();
    for (number, (name, text)) in TALK.iter().enumerate() {
        let at = names.iter().position(|it| it == name).unwrap();
        let reference = number.to_string();
        people[at].send(&json!({ "type": "say", "text": text, "ref": reference }));
        people[at].read_until(|message| message["ref"] == reference);
    }
    people
}

/// How many messages are whole in view.
const IN_VIEW: &str = "(() => {
    const { top, bottom } = messages.getBoundingClientRect();
    return Array.from(list.querySelectorAll('.text')).filter((text) => {
        const box = text.getBoundingClientRect();
        return text.checkVisibility({ visibilityProperty: true })
            && box.top >= Math.max(top, 0) - 1 && box.bottom <= Math.min(bottom, innerHeight) + 1;
    }).length;
})()";

#[test]
fn busy_room_shows_many_messages_in_each_window() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let _people = talk(&server);
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.open_chat("localhost", server.port);
    page.wait_for_texts(TALK.len());
    page.evaluate("document.getElementById('arrival-keep').click()");
    for (width, height, least) in [(1280, 800, 11), (390, 844, 10), (844, 390, 4)] {
        page.set_size(width, height);
        page.wait_for(&format!("innerWidth === {width}"));
        page.wait_until_drawn();
        let count = page.evaluate(IN_VIEW).as_u64().unwrap();
        assert!(count >= least, "{count} messages are in view at {width} x {height}, not {least}");
        assert!((count as usize) < TALK.len(), "the list is longer than the window");
        let header = page.evaluate("document.querySelector('header').offsetHeight").as_u64().unwrap();
        assert!(header <= 52, "the header has one row at {width} x {height}: {header} pixels");
    }
    // With the wire view beside it, and its tools in one row.
    page.set_size(1280, 800);
    page.evaluate("document.getElementById('wire-button').click()");
    page.wait_for("document.querySelector('.wire-state')?.textContent.startsWith('Watching /chat')");
    page.wait_until_drawn();
    let count = page.evaluate(IN_VIEW).as_u64().unwrap();
    assert!(count >= 11, "{count} messages are in view beside the wire view");
    for width in [1280, 1024, 390] {
        page.set_size(width, 800);
        page.wait_for(&format!("innerWidth === {width}"));
        let height = page.evaluate("document.querySelector('.wire-title').offsetHeight").as_u64().unwrap();
        assert!(height <= 56, "the tools take {height} pixels at {width}");
    }
    page.assert_clean();
}

/// 640 x 400 is a window of 1,280 x 800 at a zoom of 200 %, and 844 x 190 a phone on its side with its keyboard.
#[test]
fn message_box_is_whole_on_the_screen_in_low_windows() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let _people = talk(&server);
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    page.type_text(&"a line\n".repeat(20));
    for (width, height) in [(640, 400), (844, 390), (568, 320), (320, 256), (844, 190)] {
        page.set_size(width, height);
        page.wait_for(&format!("innerWidth === {width}"));
        page.wait_until_drawn();
        let outside = page.evaluate(
            "['#text', '#form button[type=submit]'].map((it) => document.querySelector(it).getBoundingClientRect())
                .filter(({ top, bottom, left, right }) =>
                    top < 0 || left < 0 || bottom > innerHeight || right > innerWidth).length",
        );
        assert_eq!(outside, 0, "at {width} x {height}");
        assert_eq!(page.evaluate("document.documentElement.scrollHeight - innerHeight"), 0);
    }
    page.assert_clean();
}

#[test]
fn help_opens_by_its_button_and_closes_by_its_button() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(360, 740);
    page.open_chat("localhost", server.port);
    page.evaluate("void document.querySelector('header [data-sheet=help]').focus()");
    page.press("Enter");
    page.wait_for("help.open && help.contains(document.activeElement)");
    assert_eq!(page.evaluate("document.activeElement.ariaLabel"), "Close");
    page.press("Enter");
    page.wait_for("!help.open && document.activeElement.dataset.sheet === 'help'");
    // From the menu, too: the lab.
    page.evaluate("void document.querySelector('[popovertarget=menu]').click()");
    page.evaluate("void document.querySelector('#menu [data-sheet=lab]').click()");
    page.wait_for("lab.open && !menu.matches(':popover-open')");
    let small = "Array.from(lab.querySelectorAll('a, button'), (it) => it.getBoundingClientRect())
        .filter(({ width, height }) => Math.min(width, height) < 44).length";
    assert_eq!(page.evaluate(small), 0);
    page.evaluate("void lab.querySelector('.close').click()");
    page.wait_for("!lab.open");
    page.assert_clean();
}

#[test]
fn name_is_offered_once_and_the_box_keeps_the_focus() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let mut ben = Member::come(&server, "ben");
    ben.say_and_wait("hello");
    let is_offered = |page: &Page| page.evaluate("arrival.checkVisibility()");
    let page = browser.new_user();
    let name = page.open_chat("lab.test", server.port);
    page.wait_for_texts(1);
    assert_eq!(is_offered(&page), true);
    assert_eq!(page.evaluate("document.activeElement === text"), true);
    page.evaluate("document.getElementById('arrival-keep').click()");
    page.wait_for("!arrival.checkVisibility()");
    assert_eq!(page.own_name(), name);
    page.open_chat("lab.test", server.port);
    assert_eq!(is_offered(&page), false, "after a reload");
    let tab = page.another_tab();
    tab.open_chat("lab.test", server.port);
    assert_eq!(is_offered(&tab), false, "in another tab");

    // Another person takes a name, after one that is taken.
    let page = browser.new_user();
    page.open_chat("lab.test", server.port);
    page.wait_for_texts(1);
    page.evaluate("document.getElementById('arrival-name').focus()");
    page.type_and_send("ben");
    page.wait_for("note.textContent.includes('ben 2') && arrival.checkVisibility()");
    page.evaluate("document.getElementById('arrival-name').select()");
    page.type_and_send("  ada ");
    page.wait_for("!arrival.checkVisibility() && document.activeElement === text");
    assert_eq!(page.own_name(), "ada");

    // A person who says something has begun without it.
    let page = browser.new_user();
    page.open_chat("lab.test", server.port);
    page.wait_for_texts(1);
    page.type_and_send("here");
    page.wait_for("!arrival.checkVisibility()");
    page.assert_clean();
}

#[test]
fn empty_room_invites_until_something_is_said() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(360, 740);
    let name = page.open_chat("lab.test", server.port);
    page.wait_for("document.body.classList.contains('empty') && arrival.checkVisibility()");
    page.wait_for("document.getElementById('address').textContent !== ''");
    let words = page.evaluate_text("arrival.innerText");
    for part in [&format!("You are {name}."), "http://", "Choose a name"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    let mut ben = Member::come(&server, "ben");
    page.wait_for_notice("ben has picked up"); // a notice is not talk
    assert_eq!(page.evaluate("arrival.checkVisibility()"), true);
    // The second thing to try.
    page.evaluate("document.getElementById('try-wire').click()");
    page.wait_for("document.querySelector('.wire-state')?.textContent.startsWith('Watching /chat')");
    page.evaluate("document.getElementById('wire-button').click()");
    page.evaluate("document.getElementById('arrival-name').focus()");
    ben.say_and_wait_among("hello");
    page.wait_for("!document.body.classList.contains('empty')");
    // The name is still offered, in one row, until one is chosen.
    let height = page.evaluate("arrival.offsetHeight").as_u64().unwrap();
    assert!((44..=60).contains(&height), "{height}");
    assert_eq!(page.evaluate("document.activeElement.id"), "arrival-name", "the focus stays");
    page.assert_clean();
}

#[test]
fn what_is_typed_after_a_name_was_chosen_is_a_message() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.open_chat("localhost", server.port);
    page.wait_for("document.body.classList.contains('empty') && arrival.checkVisibility()");
    page.evaluate("document.getElementById('arrival-name').focus()");
    page.type_and_send("Mira");
    page.wait_for("document.activeElement === text");
    page.type_and_send("hello");
    assert_eq!(page.wait_for_texts(1), json!(["hello"]));
    assert_eq!(page.own_name(), "Mira");
    page.assert_clean();
}

#[test]
fn projector_makes_letters_larger_in_the_whole_tab() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1024, 768);
    page.open_chat("localhost", server.port);
    let size = "parseFloat(getComputedStyle(document.body).fontSize)";
    let before = page.evaluate(size).as_f64().unwrap();
    page.open(&format!("http://localhost:{}/?projector", server.port));
    page.wait_until_connected();
    let large = page.evaluate(size).as_f64().unwrap();
    assert!(large >= 22.0 && large > 1.3 * before, "{before} and {large}");
    page.open(&format!("http://localhost:{}/echo.html", server.port));
    assert_eq!(page.evaluate(size), large);
    page.evaluate("document.getElementById('projector-button').click()");
    assert_eq!(page.evaluate(size), before);
    page.open_chat("localhost", server.port);
    assert_eq!(page.evaluate(size), before);
    assert_eq!(page.evaluate("document.getElementById('projector-button').ariaPressed"), "false");
    page.assert_clean();
}

#[test]
fn note_that_is_long_scrolls_by_keyboard_and_closes() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(360, 500);
    page.open_chat("localhost", server.port);
    let people: Vec<Member> =
        (0..30).map(|n| Member::come(&server, &format!("a person with number {n}"))).collect();
    page.wait_for_notice("number 29 has picked up");
    page.type_and_send("/who");
    page.wait_for("note.textContent.includes('number 29')");
    assert_eq!(page.evaluate("note.scrollHeight > note.clientHeight && note.tabIndex"), 0);
    let close = "document.getElementById('note-close')";
    let smallest =
        format!("(({{ width, height }}) => Math.min(width, height))({close}.getBoundingClientRect())");
    assert!(page.evaluate(&smallest).as_f64().unwrap() >= 44.0);
    page.evaluate(&format!("{close}.click()"));
    assert_eq!(page.evaluate("[note.textContent, document.activeElement.id]"), json!(["", "text"]));
    assert_eq!(page.evaluate(&format!("{close}.checkVisibility()")), false);
    drop(people);
    page.assert_clean();
}
