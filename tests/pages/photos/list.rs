//! Photos in the list of messages: late ones move nothing, and what cannot be loaded says so.

use std::cell::Cell;

use super::*;
use crate::support::chat::Member;
use crate::support::folder::Folder;

/// Holds back the requests of a page for photos, until the test lets them go.
struct HeldBack<'a> {
    page: &'a Page<'a>,
    handled: Cell<usize>,
}

impl<'a> HeldBack<'a> {
    fn on(page: &'a Page<'a>) -> HeldBack<'a> {
        page.call("Fetch.enable", json!({ "patterns": [{ "urlPattern": "*/photo/*" }] }));
        HeldBack { page, handled: Cell::new(page.events("Fetch.requestPaused").len()) }
    }

    /// Waits for the next request, and answers it by this method of the protocol.
    fn answer(&self, method: &str, params: Value) {
        let mut params = params;
        params["requestId"] = self.wait()["requestId"].clone();
        self.handled.set(self.handled.get() + 1);
        self.page.call(method, params);
    }

    fn let_go(&self) {
        self.answer("Fetch.continueRequest", json!({}));
    }

    fn fail(&self) {
        self.answer("Fetch.failRequest", json!({ "errorReason": "ConnectionFailed" }));
    }

    /// Waits until a request is held back.
    fn wait(&self) -> Value {
        self.page.wait_for_nth_event("Fetch.requestPaused", self.handled.get())
    }
}

#[test]
fn photo_that_loads_late_moves_nothing() {
    let server = Server::start_without_pace(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let (ben, _) = open_with_pictures(&browser, &server);
    let mut cy = Member::come(&server, "cy");
    (0..30).for_each(|n| cy.say(&format!("line {n}")));
    ben.wait_for_texts(30);
    let send = |size: &str| {
        ana.evaluate(&format!("(async () => pick(file(await picture({size}), 'a.jpg')))()"));
        send_previewed(&ana, "");
    };
    for width in [1280, 360] {
        ben.set_size(width, 700);
        ben.evaluate("messages.scrollTop = messages.scrollHeight");
        ben.wait_until_drawn();
        let held = HeldBack::on(&ben);
        let count = ben.evaluate("photos().length").as_u64().unwrap();

        // A reader at the end sees the place of the photo, and then the photo in it.
        send("600, 400");
        ben.wait_for(&format!("photos().length === {}", count + 1));
        held.wait();
        ben.wait_until_drawn();
        let places = "[messages.scrollHeight, messages.scrollTop,
            ...['top', 'bottom', 'width'].map((side) => photos().at(-1).parentElement.getBoundingClientRect()[side])]";
        let before = ben.evaluate(places);
        let from_end = ben.evaluate("messages.scrollHeight - messages.scrollTop - messages.clientHeight");
        assert!(from_end.as_f64().unwrap() <= 1.0, "{from_end} px from the end");
        held.let_go();
        ben.wait_for("photos().at(-1).complete && photos().at(-1).naturalWidth > 0");
        ben.wait_until_drawn();
        assert_eq!(ben.evaluate(places), before);
        let fits = "{ const { width, height } = photos().at(-1).getBoundingClientRect(); width / height }";
        assert!((ben.evaluate(fits).as_f64().unwrap() - 1.5).abs() < 0.02, "the place has the photo's shape");

        // A reader who has scrolled up so that the lower part of a photo is in view.
        send("600, 1200");
        ben.wait_for(&format!("photos().length === {}", count + 2));
        (0..20).for_each(|n| cy.say(&format!("after {n}")));
        ben.wait_for("list.lastElementChild.textContent.includes('after 19')");
        ben.evaluate("messages.scrollTop = photos().at(-1).closest('li').offsetTop + 80");
        held.wait();
        ben.wait_until_drawn();
        let top = "Array.from(list.querySelectorAll('.text')).findLast((it) => it.textContent === 'after 0')
            .getBoundingClientRect().top";
        let before = ben.evaluate(top).as_f64().unwrap();
        assert!((0.0..700.0).contains(&before), "the line below the photo is in view: {before}");
        held.let_go();
        ben.wait_for("photos().at(-1).complete && photos().at(-1).naturalWidth > 0");
        ben.wait_until_drawn();
        let moved = ben.evaluate(top).as_f64().unwrap() - before;
        assert!(moved.abs() <= 1.0, "moved by {moved} px");

        // And one who reads on while a photo arrives below.
        send("600, 400");
        ben.wait_for("newest.textContent.includes('new')");
        ben.wait_until_drawn();
        let moved = ben.evaluate(top).as_f64().unwrap() - before;
        assert!(moved.abs() <= 1.0, "moved by {moved} px");
        ben.evaluate("newest.click()");
        held.let_go();
        ben.wait_for("photos().at(-1).complete && photos().at(-1).naturalWidth > 0");
        ben.call("Fetch.disable", json!({}));
    }
    ana.assert_clean();
    ben.assert_clean();
}

#[test]
fn photo_that_could_not_be_loaded_is_loaded_again() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    let (ben, _) = open_with_pictures(&browser, &server);
    let held = HeldBack::on(&ben);
    ana.evaluate("(async () => pick(file(await picture(80, 60), 'a.jpg')))()");
    send_previewed(&ana, "");
    held.fail(); // the <img>
    held.fail(); // the question whether it is gone
    ben.wait_for(
        "list.querySelector('button.missing')?.textContent.startsWith('This photo could not be loaded')",
    );
    ben.evaluate("list.querySelector('.missing').focus(), list.querySelector('.missing').click()");
    held.let_go();
    ben.wait_for("loaded(1) && document.activeElement.matches('.photo')");
    assert_eq!(ben.evaluate("document.getElementById('photo-view').open"), false);
    ben.assert_clean_but_for_lost_connections();
}

#[test]
fn photo_that_the_server_no_longer_has_says_so() {
    let data = Folder::new();
    let server = Server::start(&["--host", "lab.test", "--data", data.as_str()]);
    let browser = Browser::start();
    let (ana, _) = open_with_pictures(&browser, &server);
    ana.evaluate("(async () => pick(file(await picture(800, 600), 'a.jpg')))()");
    send_previewed(&ana, "a sunset");
    ana.wait_for("list.textContent.includes('Received')");
    drop(server); // the newest photos are in its memory, too
    std::fs::remove_dir_all(data.path("photos")).unwrap();
    let server = Server::start(&["--host", "lab.test", "--data", data.as_str()]);
    let (ben, _) = open_with_pictures(&browser, &server);
    ben.wait_for("list.querySelector('.missing')?.textContent === 'This photo is no longer on the server.'");
    assert_eq!(ben.evaluate("list.querySelector('.text').textContent.includes('a sunset')"), true);
    let place = "{ const { width, height } = list.querySelector('.missing').getBoundingClientRect(); width / height }";
    assert!((ben.evaluate(place).as_f64().unwrap() - 4.0 / 3.0).abs() < 0.1);
}
