//! To whom a line with `/msg` goes, and that a line that goes to no one stays in the box.

use serde_json::json;

use super::message_box::{clear_box, wait_for_note};
use crate::support::browser::Browser;
use crate::support::chat::Member;
use crate::support::page::Page;
use crate::support::*;

/// Types a line that cannot be carried out, waits for the sentence that says so, and empties the box.
fn assert_kept(page: &Page, line: &str, words: &str) {
    page.type_and_send(line);
    wait_for_note(page, words);
    assert_eq!(page.evaluate("text.value"), line, "{words}");
    clear_box(page);
}

/// Types a line and waits until this member has the text as a private message.
fn assert_goes_to(page: &Page, line: &str, member: &mut Member, text: &str) {
    page.type_and_send(line);
    let said = member.read_until(|it| it["type"] == "said");
    assert_eq!(said["text"], text, "{line}");
    assert!(!said["to"].is_null(), "{line}: not in private");
    assert_eq!(page.evaluate("text.value"), "", "{line}");
}

#[test]
fn operator_is_no_member_and_can_be_written_to_by_that_name_only() {
    let mut server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let name = page.open_chat("localhost", server.port);
    server.type_line("say lunch is at noon");
    assert_eq!(page.wait_for_texts(1), json!(["lunch is at noon"]));
    let people = "Array.from(document.querySelectorAll('#people-list li'), (item) => item.textContent)";
    assert_eq!(page.evaluate(people), json!(["Everyone", format!("{name}you")]));
    for line in ["/msg operator one", "/msg \"Operator\" two", "/msg @OPERATOR three"] {
        page.type_and_send(line);
        let text = line.rsplit(' ').next().unwrap();
        server.wait_for_output(&format!("{name} to the operator: {text}\n"));
    }
    assert_kept(&page, "/msg #0 hello", "No one here");
    assert_kept(&page, "/msg operators hello", "No one here");
    page.evaluate("void (location.hash = '#dm=operator')");
    wait_for_note(&page, "No one here is called operator");
    assert_eq!(page.evaluate("title.textContent"), "Everyone");
    assert_eq!(page.evaluate(people), json!(["Everyone", format!("{name}you")]));
    assert_eq!(page.wait_for_texts(4), json!(["lunch is at noon", "one", "two", "three"]));
    page.assert_clean();
}

#[test]
fn line_that_fits_two_people_is_sent_only_when_it_is_clear() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let [mut ana, mut ana2, mut ben, mut ben_i] =
        ["ana", "ana 2", "ben", "ben I"].map(|n| Member::come(&server, n));
    let mut jose = Member::come(&server, "Jos\u{e9}");
    page.wait_for_notice("José has picked up");

    assert_kept(&page, "/msg ana 2 o'clock", "ana gets “2 o'clock”: /msg \"ana\" 2 o'clock");
    assert_kept(&page, "/msg ana 2 o'clock", "ana 2 gets “o'clock”: /msg \"ana 2\" o'clock");
    assert_kept(&page, "/msg ANA  2", "ana 2: /msg \"ana 2\" TEXT");
    assert_kept(&page, "/msg ben i think so", "ben I gets “think so”");
    assert_kept(&page, "/msg \"ana", "No one here");
    assert_goes_to(&page, "/msg \"ana\" 2 o'clock", &mut ana, "2 o'clock");
    assert_goes_to(&page, "/msg “Ana 2” o'clock", &mut ana2, "o'clock");
    assert_goes_to(&page, "/msg @ana 2 o'clock", &mut ana, "2 o'clock");
    assert_goes_to(&page, "/msg ana 20 minutes", &mut ana, "20 minutes");
    assert_goes_to(&page, "/msg \"ben\" I think so", &mut ben, "I think so");
    assert_goes_to(&page, "/msg \"ben I\" think so", &mut ben_i, "think so");
    let id = ana2.person()["id"].clone();
    assert_goes_to(&page, &format!("/msg #{id} by number"), &mut ana2, "by number");
    // One key for names: with the accent as a code point of its own, and with a joiner that is not seen.
    assert_goes_to(&page, "/msg jose\u{301} hola", &mut jose, "hola");
    assert_goes_to(&page, "/msg JOS\u{c9}\u{200d} adiós", &mut jose, "adiós");
    page.assert_clean();
}

#[test]
fn new_name_that_the_server_refuses_stays_in_the_box() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let _ben = Member::come(&server, "ben");
    page.wait_for_notice("ben has picked up");
    let too_long = format!("/nick {}", "x".repeat(33));
    let lines =
        [("/nick BEN", "BEN 2"), (&too_long, "at most 32"), ("/nick operator", "a name of the chat's own")];
    for (line, words) in lines {
        page.type_and_send(line); // what stands in the box is selected, so that this replaces it
        wait_for_note(&page, words);
        page.wait_for(&format!("text.value === {}", json!(line)));
    }
    page.type_and_send("/nick ben 3");
    wait_for_note(&page, "You are now called ben 3.");
    assert_eq!(page.evaluate("text.value"), "");
    page.assert_clean();
}

/// The server would refuse it. The page says it before, and by the box, too.
#[test]
fn text_to_a_person_who_has_hung_up_stays_in_the_box() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    let mut ben = Member::come(&server, "ben");
    page.wait_for_notice("ben has picked up");
    page.open_private_chat("ben");
    assert_eq!(page.evaluate("text.placeholder"), "Only to ben");
    page.type_and_send("one");
    page.wait_for_texts(1);
    ben.close(&1000u16.to_be_bytes());
    page.wait_for("text.placeholder === 'ben has hung up'");
    assert_kept(&page, "two", "ben has hung up. Your text stays here, and nothing was sent.");
    assert_eq!(page.wait_for_texts(1), json!(["one"]));
    page.assert_clean();
}

/// The operator removes the member: the page cannot send any more, and keeps what is written.
#[test]
fn text_stays_in_the_box_of_a_page_that_has_been_removed() {
    let mut server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    let name = page.open_chat("localhost", server.port);
    server.type_line(&format!("kick {name}"));
    page.wait_for("line.className === 'stopped'");
    assert_kept(&page, "too late", "not connected to the chat any more");
    assert_kept(&page, "/nick late", "not connected to the chat any more");
    assert_eq!(page.evaluate("list.querySelectorAll('.own').length"), 0);
}
