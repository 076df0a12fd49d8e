//! The list of frames: every kind of frame, the filters, the limit of 200, the pause, and the end of a
//! connection.

use serde_json::json;

use super::*;

#[test]
fn every_form_of_the_payload_length_is_explained() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, mut client) = watch_echo_connection(&browser, &server);
    // Each frame has two rows, because the echo comes back.
    for (index, length) in [0, 125, 126, 65_535, 65_536].into_iter().enumerate() {
        client.send(0x82, &vec![b'x'; length]);
        assert_eq!(client.read().payload.len(), length);
        let row = 2 * index;
        assert_eq!(wait_for_rows(&page, row + 2)[row][1], "Binary");
        page.evaluate(&format!("toggle({row})"));
        page.wait_for(&format!("body({row}).querySelector('.fields')"));
        let bits = |name: &str| {
            page.evaluate(&format!(
                "all('.bit', body({row})).filter((it) => it.dataset.fields === '{name}')
                     .map((it) => it.textContent.replace(/[^01]/g, '')).join('')"
            ))
        };
        let (short, form) = match length {
            0..126 => (length, String::new()),
            126..65_536 => (126, format!("{length:016b}")),
            _ => (127, format!("{length:064b}")),
        };
        assert_eq!(bits("length"), format!("{short:07b}"));
        assert_eq!(bits("extended"), form);
        let sum = match length {
            126 => "00 7e = 0 × 256 + 126 = 126.",
            65_535 => "ff ff = 255 × 256 + 255 = 65,535.",
            65_536 => "00 00 00 00 00 01 00 00 = 1 × 65,536 + 0 × 256 + 0 = 65,536.",
            0 => "0000000 = 0.",
            _ => "1111101 = 64 + 32 + 16 + 8 + 4 + 1 = 125.",
        };
        let fields = page.evaluate_text(&format!("texts('.fields', body({row})).join()"));
        assert!(fields.contains(sum), "no {sum:?} in {fields}");
        let boxes = page.evaluate(&format!("all('.scroll', body({row})).length"));
        assert_eq!(boxes, i32::from(length > 128), "number of boxes that scroll");
        if length > 256 {
            let number = page.evaluate_text(&format!("({length}).toLocaleString('en-GB')"));
            let body = page.evaluate_text(&format!("body({row}).textContent"));
            assert!(body.contains(&format!("256 of {number} bytes shown")), "{body}");
        }
    }

    clear_list(&page);
    assert_eq!(
        page.evaluate("[rows().length, texts('.counts')[0]]"),
        json!([0, "List cleared; 10 frames so far"])
    );
    client.send_text("the next");
    wait_for_rows(&page, 2);
    page.assert_clean();
}

/// Sends a text in two fragments with a ping between them, and waits for the five rows of this: the
/// three frames, the pong, and the echo of the text in one frame.
fn send_fragments_around_a_ping(client: &mut Peer, page: &Page) {
    client.send(0x01, "Hal".as_bytes());
    client.send(0x89, b"\x01\x02");
    client.send(0x80, "lö".as_bytes());
    assert_eq!(client.read().first, 0x8A);
    assert_eq!(client.read_text(), "Hallö");
    wait_for_rows(page, 5);
}

/// From 2^53 on, a number in JavaScript is rounded.
#[test]
fn length_beyond_two_to_the_53_is_shown_exactly() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    for (length, words) in [
        ((1 << 53) + 1, "9,007,199,254,740,993"),
        ((1 << 62) - 1, "4,611,686,018,427,387,903"),
        ((1 << 53) - 1, "9,007,199,254,740,991"),
    ] {
        let (page, mut client) = watch_echo_connection(&browser, &server);
        let mut frame = vec![0x82, 0xFF];
        frame.extend(u64::to_be_bytes(length));
        frame.extend([0; 4 + 256]); // the masking key, and what the view shows of the payload
        client.send_raw(&frame);
        client.expect_close(1009);
        page.wait_for(&format!("rows()[0][3] === '{words} bytes'"));
        let gap = "(([size, time]) => time.left - size.right)(['.size', 'time'].map((it) =>
            all(`.frame > summary ${it}`)[0]).map((it) => { const range = document.createRange();
                range.selectNodeContents(it); return range.getBoundingClientRect(); }))";
        page.set_size(1280, 900);
        assert!(page.evaluate(gap).as_f64().unwrap() >= 0.0, "the length runs into the time");
        page.evaluate("toggle(0)");
        page.wait_for("body(0).querySelector('.fields')");
        let fields = page.evaluate_text("texts('.fields', body(0)).join()");
        assert!(fields.contains(&format!("= {words}.")), "no {words} in {fields}");
        assert!(fields.contains(&format!("{words} bytes")), "no {words} in {fields}");
        if length == (1 << 62) - 1 {
            assert!(
                fields.contains("= 63 × 72,057,594,037,927,936 + 255 × 281,474,976,710,656 +"),
                "{fields}"
            );
        }
        page.assert_clean();
    }
}

#[test]
fn fragments_are_grouped_into_their_message_around_a_ping() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, mut client) = watch_echo_connection(&browser, &server);
    send_fragments_around_a_ping(&mut client, &page);
    let sum = "Text message to server in 2 frames, 6 bytes in all";
    assert_eq!(page.evaluate("texts('.many .sum')"), json!([sum]));
    assert_eq!(page.evaluate("texts('.many .fin')"), json!(["Fin 0", "Fin 1"]));
    assert_eq!(page.evaluate("texts('.many .preview')"), json!(["“Hal”", "“lö”"]));
    page.evaluate("toggle(1)");
    page.wait_for("body(1).querySelector('.xor')");
    let meanings = page.evaluate("texts('.xor .character', body(1))");
    assert_eq!(meanings, json!(["l", "ö", "part of ö"]));
    page.wait_for("rows().some((row) => row[1] === 'Pong' && row[4].endsWith(' ms after its ping'))");
    page.assert_clean();
}

#[test]
fn filters_choose_frames_by_kind_and_direction() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, mut client) = watch_echo_connection(&browser, &server);
    send_fragments_around_a_ping(&mut client, &page);
    // Sets one of the two filters, and returns the opcodes of each message that stays visible.
    let choose = |select: usize, value: &str| {
        page.evaluate(&format!(
            "{{ const select = all('.wire-tools select')[{select}]; select.value = '{value}';
               select.dispatchEvent(new Event('change')); }}"
        ));
        page.evaluate("all('.message:not([hidden])').map((it) => texts('.opcode', it).join())")
    };
    assert_eq!(choose(1, "control"), json!(["Ping", "Pong"]));
    assert_eq!(choose(0, "server"), json!(["Pong"]));
    assert_eq!(choose(1, "data"), json!(["Text"]));
    assert_eq!(choose(0, "client"), json!(["Text,Continuation"]));
    assert_eq!(choose(1, "binary"), json!([]));
    let why = "texts('.nothing:not([hidden])')";
    let none = "None of the 5 frames is of this kind and goes this way.";
    assert_eq!(page.evaluate(why), json!([none]));
    choose(1, "close");
    assert!(page.evaluate(why)[0].as_str().unwrap().starts_with("No Close yet."));
    choose(0, "all");
    choose(1, "all");
    assert_eq!(page.evaluate("all('.message[hidden]').length"), 0);
    page.assert_clean();
}

#[test]
fn list_keeps_the_newest_200_frames_and_goes_on_counting_while_paused() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, mut client) = watch_echo_connection(&browser, &server);
    for n in 0..120 {
        if n == 30 {
            page.wait_for("rows().length >= 50"); // a burst would be drawn at once
        }
        client.send_text(&n.to_string());
        client.read();
    }
    // The reader is at the handshake: what is far below is not drawn, but counted.
    page.wait_for("texts('.counts')[0] === '240 frames so far · the newest 200 are kept'");
    page.wait_for("texts('.newest')[0] === '240 new ↓'");
    let count = page.evaluate("rows().length").as_u64().unwrap();
    assert!(count < 150, "{count} rows are drawn");
    assert_eq!(page.evaluate("all('.wire-scroll')[0].scrollTop"), 0);
    // One press leads to the newest, and the list follows again.
    page.evaluate("all('.newest')[0].click()");
    page.wait_for(
        "texts('.preview').at(-1) === '“119”' && rows().length === 200 && all('.newest')[0].hidden",
    );
    page.evaluate("void all('.wire-tools button')[0].click()");
    client.send_text("while paused");
    page.wait_for("texts('.counts')[0].includes('paused, 2 more since')");
    assert_eq!(page.evaluate("texts('.wire-tools button')[0]"), "Resume");
    // The button's text has enough contrast under the mouse, too.
    let middle = "{ const box = all('.wire-tools button')[0].getBoundingClientRect();
        [box.x + box.width / 2, box.y + box.height / 2] }";
    let at = page.evaluate(middle);
    page.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": at[0], "y": at[1] }));
    page.wait_for("all('.wire-tools button')[0].matches(':hover')");
    let colors = "{ const { color, backgroundColor } = getComputedStyle(all('.wire-tools button')[0]);
        [color, backgroundColor] }";
    assert_eq!(page.evaluate(colors), json!(["rgb(255, 255, 255)", "rgb(10, 98, 94)"]));
    assert_eq!(page.evaluate("texts('.preview').at(-1)"), "“119”");
    page.evaluate("void all('.wire-tools button')[0].click()");
    page.wait_for("texts('.preview').at(-1) === '“while paused”' && rows().length === 200");
    client.read();
    page.assert_clean();
}

#[test]
fn close_frame_is_explained_and_the_view_follows_the_next_connection() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, mut client) = watch_echo_connection(&browser, &server);
    client.send(0x88, &[&1001u16.to_be_bytes()[..], b"bye"].concat());
    // Rows are drawn a little later than the line above them.
    page.wait_for("texts('.wire-state')[0].startsWith('Ended: /echo') && rows().at(-2)?.[1] === 'Close'");
    assert_eq!(
        page.evaluate("rows().at(-2).slice(1)"),
        json!(["Close", "Fin 1", "5 bytes", "1001 Going Away · “bye”"])
    );
    page.evaluate("toggle(-2), toggle(-1)");
    page.wait_for("all('.fields').length === 2");
    let body = page.evaluate_text("body(-2).textContent");
    assert!(body.contains("03 e9 = 3 × 256 + 233 = 1001"), "{body}");
    let (first, answer) = ("The sender sends nothing more.", "The answer to the Close before it.");
    assert!(body.contains(first) && !body.contains(answer), "{body}");
    let body = page.evaluate_text("body(-1).textContent");
    assert!(body.contains(answer) && !body.contains(first), "{body}");
    let mut client = server.open(&format!("/broadcast?wire={ID}"));
    page.wait_for("texts('.wire-state')[0].startsWith('Watching /broadcast')");
    assert!(page.evaluate_text("texts('.anew').join()").starts_with("A new connection, number "));
    client.send_text("anew");
    page.wait_for("texts('.preview').at(-1) === '“anew”'");
    page.assert_clean();
}

#[test]
fn list_keeps_still_below_a_pointer() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, mut client) = watch_echo_connection(&browser, &server);
    page.set_size(1000, 600);
    (0..20).for_each(|_| client.send_text("line"));
    wait_for_rows(&page, 40);
    page.evaluate("document.querySelector('.handshake').open = false");
    page.evaluate("document.querySelector('.wire-scroll').scrollTop = 1e6");
    let from_end = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)
        (document.querySelector('.wire-scroll'))";
    page.wait_for(&format!("{from_end} < 1"));
    // A moment after a finger has moved: the clock stands. What it would press stays, and what comes is counted.
    page.evaluate(
        "(() => {
            const now = performance.now();
            performance.now = () => now;
            document.querySelector('.frame').dispatchEvent(new PointerEvent('pointermove', { bubbles: true }));
        })()",
    );
    (0..5).for_each(|_| client.send_text("line"));
    wait_for_rows(&page, 50);
    page.wait_for(
        "/^\\d+ new/.test(texts('.newest')[0]) && document.querySelector('.newest').checkVisibility()",
    );
    assert!(page.evaluate(from_end).as_f64().unwrap() > 100.0, "the list did not follow");
    page.evaluate("delete performance.now; document.querySelector('.newest').click()");
    page.wait_for(&format!("{from_end} < 1"));
    page.assert_clean();
}
