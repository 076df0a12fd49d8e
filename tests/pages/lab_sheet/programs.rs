//! Check of exercise 7: programs as students write them.

use std::net::Shutdown;
use std::thread;

use super::*;

/// What a client answers to a text.
type Client<'a> = dyn FnMut(&str) -> Vec<String> + Send + 'a;

/// Clients as students write them: each gets the texts of `/broadcast`, and answers some.
#[test]
fn check_of_a_program_calls_it_and_compares_its_answers() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_sheet(&browser, &server, (1280, 800));
    let mut first = String::new();
    // The same words for ever, an answer to everything, each answer twice, short lengths only, and the right one.
    let constant = |text: &str| {
        let is_call = text.starts_with("call ");
        if first.is_empty() && is_call {
            first = text.replacen("call", "here", 1);
        }
        if is_call { vec![first.clone()] } else { vec![] }
    };
    let call = |text: &str| text.strip_prefix("call ").map(|words| format!("here {words}"));
    let to_all = |text: &str| match text.split_once(' ') {
        Some((verb, words)) if verb != "here" => vec![format!("here {words}")],
        _ => vec![],
    };
    let twice = |text: &str| call(text).map_or(vec![], |here| vec![here.clone(), here]);
    let short = |text: &str| call(&text[..text.len().min(125)]).into_iter().collect();
    let no_long = |text: &str| call(text).filter(|_| text.len() < 126).into_iter().collect();
    let right = |text: &str| call(text).into_iter().collect();
    let marks_with = |client: &mut Client| {
        page.evaluate("void part(7, '.run button').click()");
        page.wait_for("verdict(7).includes('Start your client on port ')");
        let mut peer = server.open("/broadcast");
        let stream = peer.stream.try_clone().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || {
                while let Some(frame) = peer.try_read() {
                    let text = String::from_utf8_lossy(&frame.payload);
                    client(&text).iter().for_each(|answer| peer.send_text(answer));
                }
            });
            page.wait_for("!part(7, '.run button').disabled");
            stream.shutdown(Shutdown::Both).unwrap();
        });
        (page.evaluate("marks(7)"), page.evaluate_text("verdict(7)"))
    };
    let wrong = json!(["green", "red", "green", "", "", ""]);
    let (marks, shown) = marks_with(&mut { constant });
    assert_eq!(marks, json!(["green", "red", "red", "", "", ""]), "{shown}");
    assert!(
        shown.contains("masked by the browser") && shown.contains("received nothing in 4 seconds"),
        "{shown}"
    );
    // All that was sent, because the mistake may be in how the client reads what came before.
    assert!(
        ["“no call ", "“call ", "One read may bring several"].iter().all(|it| shown.contains(it)),
        "{shown}"
    );
    for client in [&mut { to_all } as &mut Client, &mut { twice }] {
        let (marks, shown) = marks_with(client);
        assert_eq!(marks, wrong, "{shown}");
        assert!(shown.contains("expected 81 ") && shown.contains("received 81 "), "{shown}");
        assert!(shown.contains("Payload") && shown.contains("seed "), "{shown}");
    }
    let (marks, shown) = marks_with(&mut { short });
    assert_eq!(marks, json!(["green", "green", "red", "", "", ""]), "{shown}");
    assert!(shown.contains("Payload length: expected 311, received "), "{shown}");
    let (marks, shown) = marks_with(&mut { no_long });
    assert_eq!(marks, json!(["green", "green", "red", "", "", ""]), "{shown}");
    assert!(shown.contains("From 126 bytes on, the length stands in the next two bytes."), "{shown}");
    let (marks, shown) = marks_with(&mut { right });
    assert_eq!(marks, json!(["green", "green", "green", "", "", ""]), "{shown}");
    assert!(
        shown.contains("✓ Solved, as far as a browser can see. The rest: make lab N=7. Seed "),
        "{shown}"
    );
    page.assert_clean();
}
