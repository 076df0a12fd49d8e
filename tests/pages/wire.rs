//! The wire view in a real browser: what it says about the bytes is true, it shows one's own and nobody
//! else's, and what is secret is nowhere in it. The server's half is tested in `wire.rs`.

use serde_json::{Value, json};
use tungstenite::handshake::derive_accept_key;

use crate::pages::chat::{pick_up, say, shown};
use crate::support::browser::Browser;
use crate::support::page::{Page, from_base64};
use crate::support::*;

/// As a page would make one.
const ID: &str = "0123456789abcdef-wire_id";

/// Functions for the page's own console, in every page that this tab opens.
fn prepare(page: &Page) {
    let script = "
        const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
        const texts = (selector, within) => all(selector, within).map((it) => it.textContent);
        // Each row: direction, opcode, Fin, length, (time,) preview.
        const rows = () => all('.frame > summary').map((row) => texts(':scope > :not(time)', row));
        const toggle = (index) => void all('.frame > summary').at(index).click();
        const body = (index) => all('.frame-body').at(index);
        // Everything that is in the view, whether it can be seen or not.
        const dom = () => [document.title, location.href, document.querySelector('.wire-view').parentElement.outerHTML,
            ...all('input, textarea, select').map((it) => it.value)].join(' ');";
    page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
}

/// Opens the view of a connection on a page of its own, as on a second screen.
fn watch(page: &Page, server: &Server, door: &str) {
    prepare(page);
    page.open(&format!("http://lab.test:{}/wire.html#id={ID}", server.port));
    page.wait_for(&format!("texts('.wire-state')[0].startsWith('Watching {door}')"));
}

fn wait_for_rows(page: &Page, count: usize) -> Value {
    page.wait_for(&format!("rows().length >= {count}"));
    let rows = page.evaluate("rows()");
    assert_eq!(rows.as_array().unwrap().len(), count, "{rows}");
    rows
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn sample_of_the_rfc_is_worked_through() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    // The key of section 1.3, and the masked "Hello" of section 5.7.
    let mut client = server.open(&format!("/echo?wire={ID}"));
    watch(&page, &server, "/echo");
    assert_eq!(page.evaluate("[isSecureContext, location.hash]"), json!([false, ""]));
    let guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let digest = hex(&from_base64(ACCEPT));
    let steps = json!([KEY, format!("{KEY}{guid}"), digest, ACCEPT, ACCEPT]);
    assert_eq!(page.evaluate("texts('.steps code')"), steps);
    page.wait_for("texts('.verdict')[0].startsWith('It matches the 101 ✓')");
    let wrong = format!(
        "import('./wire/handshake.js').then(({{ acceptSteps }}) => acceptSteps({{ request: '',
             response: 'HTTP/1.1 101 Yes\\r\\nSec-WebSocket-Accept: {ACCEPT}\\r\\n', accept: btoa('other') }}).matches)"
    );
    assert_eq!(page.evaluate(&wrong), false);

    client.send_text("Hello");
    assert_eq!(client.read_text(), "Hello");
    let rows = wait_for_rows(&page, 2);
    assert_eq!(rows[0], json!(["↑to server", "Text", "Fin 1", "5 bytes", "“Hello”"]));
    assert_eq!(rows[1], json!(["↓from server", "Text", "Fin 1", "5 bytes", "“Hello”"]));
    // With the keyboard alone.
    page.evaluate("all('.frame > summary')[0].focus()");
    page.press("Enter");
    page.wait_for("all('.frame')[0].open && body(0).querySelector('.bits')");
    let bytes: [u8; 10] = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51];
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    for (columns, width) in [(32, 1280), (8, 360)] {
        page.set_size(width, 800);
        page.wait_for(&format!("all('.bits thead tr:last-child th').length === {columns}"));
        assert_eq!(page.evaluate("texts('.bits i').join('')"), bits);
        assert_eq!(page.evaluate("texts('.bits .in-hex').join(' ')"), hex(&bytes));
    }
    let names = ["Fin", "Reserved", "Opcode", "Mask", "Payload length", "Masking-Key", "Payload"];
    assert_eq!(page.evaluate("texts('.fields button')"), json!(names));
    let values = ["1", "000", "0x1 Text", "1", "5", "37 fa 21 3d", "5 bytes"];
    assert_eq!(page.evaluate("texts('.fields code')"), json!(values));
    let worked_out =
        "texts('.fields .words').some((it) => it.startsWith(' 0000101 = 4 + 1 = 5. '))";
    assert_eq!(page.evaluate(worked_out), true);
    let groups = "all('.bytes').map((it) => it.lastChild.textContent)";
    assert_eq!(page.evaluate(groups), json!(["81", "85", "37 fa 21 3d", "7f 9f 4d 51 58"]));
    let xor = page.evaluate("all('.xor tbody tr').map((row) => texts('td', row))");
    for (row, byte) in xor.as_array().unwrap().iter().zip(b"Hello") {
        let value = |column: usize| {
            let text = row[column].as_str().unwrap();
            let byte = u8::from_str_radix(&text[..2], 16).unwrap();
            assert_eq!(text[2..].replace(' ', ""), format!("{byte:08b}"));
            byte
        };
        assert_eq!(value(0) ^ value(1), value(2));
        assert_eq!(value(2), *byte);
        assert_eq!(row[3], json!(char::from(*byte).to_string()));
    }

    // A field and its bytes light up together, with the focus and under the mouse.
    let lit = "[texts('.bit.lit .label'), all('.bytes.lit').map((it) => it.lastChild.textContent)]";
    page.evaluate("all('.fields button')[1].focus()");
    assert_eq!(page.evaluate(lit), json!([["Reserved"], ["81"]]));
    page.press("Tab");
    assert_eq!(page.evaluate(lit), json!([["Opcode"], ["81"]]));
    let over = "all('.bytes')[1].dispatchEvent(new MouseEvent('mouseover', { bubbles: true }))";
    page.evaluate(over);
    assert_eq!(page.evaluate(lit), json!([["Mask", "Payload length"], ["85"]]));
    page.press("Enter"); // on the Opcode: it stays, wherever the focus is
    page.evaluate("document.activeElement.blur()");
    assert_eq!(page.evaluate(lit), json!([["Opcode"], ["81"]]));

    page.evaluate(
        "document.addEventListener('copy', () => window.copied = document.activeElement.value)",
    );
    page.evaluate("all('.copy')[0].focus()");
    page.press("Enter");
    page.wait_for("window.copied && texts('.copy')[0] !== 'Copy this frame, explained'");
    let copied = shown(&page, "copied");
    for part in ["Masking-Key: 37 fa 21 3d\n", "wire: 7f 9f 4d 51 58\n", "As text: Hello\n"] {
        assert!(copied.contains(part), "no {part:?} in {copied}");
    }
    assert_eq!(page.evaluate("document.activeElement === all('.copy')[0]"), true);
    page.assert_clean();
}

#[test]
fn frames_of_all_kinds() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    let mut client = server.open(&format!("/echo?wire={ID}"));
    watch(&page, &server, "/echo");
    // Each comes back, so that there are two rows of it.
    for (index, length) in [0, 125, 126, 65_535, 65_536].into_iter().enumerate() {
        client.send(0x82, &vec![b'x'; length]);
        assert_eq!(client.read().payload.len(), length);
        let rows = wait_for_rows(&page, 2 * index + 2);
        assert_eq!(rows.as_array().unwrap()[2 * index][1], "Binary");
        page.evaluate(&format!("toggle({})", 2 * index));
        page.wait_for(&format!("body({}).querySelector('.fields')", 2 * index));
        let bits = |name: &str| {
            page.evaluate(&format!(
                "all('.bit', body({})).filter((it) => it.dataset.fields === '{name}')
                     .map((it) => it.textContent.replace(/[^01]/g, '')).join('')",
                2 * index
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
        let fields = shown(&page, &format!("texts('.fields', body({})).join()", 2 * index));
        assert!(fields.contains(sum), "no {sum:?} in {fields}");
        let boxes = page.evaluate(&format!("all('.scroll', body({})).length", 2 * index));
        assert_eq!(boxes, i32::from(length > 128), "boxes that scroll");
        if length > 256 {
            let said = format!(
                "256 of {} bytes shown",
                shown(&page, &format!("({length}).toLocaleString('en-GB')"))
            );
            assert!(shown(&page, &format!("body({}).textContent", 2 * index)).contains(&said));
        }
    }

    // A ping may come between two fragments.
    page.evaluate(
        "void texts('.wire-tools button').forEach((name, at) =>
        name === 'Clear' && all('.wire-tools button')[at].click())",
    );
    assert_eq!(
        page.evaluate("[rows().length, texts('.counts')[0]]"),
        json!([0, "List cleared; 10 frames so far"])
    );
    client.send(0x01, "Hal".as_bytes());
    client.send(0x89, b"\x01\x02");
    client.send(0x80, "lö".as_bytes());
    assert_eq!(client.read().first, 0x8A);
    assert_eq!(client.read_text(), "Hallö");
    wait_for_rows(&page, 5);
    let sum = "Text message to server in 2 frames, 6 bytes in all";
    assert_eq!(page.evaluate("texts('.many .sum')"), json!([sum]));
    assert_eq!(page.evaluate("texts('.many .fin')"), json!(["Fin 0", "Fin 1"]));
    assert_eq!(page.evaluate("texts('.many .preview')"), json!(["“Hal”", "“lö”"]));
    page.evaluate("toggle(1)");
    page.wait_for("body(1).querySelector('.xor')");
    let meanings = page.evaluate("texts('.xor .character', body(1))");
    assert_eq!(meanings, json!(["l", "ö", "part of ö"]));
    page.wait_for(
        "rows().some((row) => row[1] === 'Pong' && row[4].endsWith(' ms after its ping'))",
    );

    // Filters.
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

    // The newest 200, and a pause in which they are counted.
    for n in 0..120 {
        client.send_text(&n.to_string());
        client.read();
    }
    page.wait_for("texts('.preview').at(-1) === '“119”'");
    assert_eq!(page.evaluate("rows().length"), 200);
    assert_eq!(shown(&page, "texts('.counts')[0]"), "255 frames so far · the newest 200 are kept");
    page.evaluate("void all('.wire-tools button')[0].click()");
    client.send_text("while paused");
    page.wait_for("texts('.counts')[0].includes('paused, 2 more since')");
    assert_eq!(page.evaluate("texts('.wire-tools button')[0]"), "Resume");
    // It can be read under the mouse, too.
    let middle = "{ const box = all('.wire-tools button')[0].getBoundingClientRect();
        [box.x + box.width / 2, box.y + box.height / 2] }";
    let at = page.evaluate(middle);
    page.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": at[0], "y": at[1] }));
    page.wait_for("all('.wire-tools button')[0].matches(':hover')");
    let colors =
        "{ const { color, backgroundColor } = getComputedStyle(all('.wire-tools button')[0]);
        [color, backgroundColor] }";
    assert_eq!(page.evaluate(colors), json!(["rgb(255, 255, 255)", "rgb(10, 98, 94)"]));
    assert_eq!(page.evaluate("texts('.preview').at(-1)"), "“119”");
    page.evaluate("void all('.wire-tools button')[0].click()");
    page.wait_for("texts('.preview').at(-1) === '“while paused”' && rows().length === 200");
    client.read();

    // The end, and a new beginning.
    client.send(0x88, &[&1001u16.to_be_bytes()[..], b"bye"].concat());
    page.wait_for("texts('.wire-state')[0].startsWith('Ended: /echo')");
    assert_eq!(
        page.evaluate("rows().at(-2).slice(1)"),
        json!(["Close", "Fin 1", "5 bytes", "1001 Going Away · “bye”"])
    );
    page.evaluate("toggle(-2), toggle(-1)");
    page.wait_for("all('.fields').length === 2");
    let told = shown(&page, "body(-2).textContent");
    assert!(told.contains("03 e9 = 3 × 256 + 233 = 1001"), "{told}");
    let (first, answer) = ("The sender sends nothing more.", "The answer to the Close before it.");
    assert!(told.contains(first) && !told.contains(answer), "{told}");
    let told = shown(&page, "body(-1).textContent");
    assert!(told.contains(answer) && !told.contains(first), "{told}");
    let mut client = server.open(&format!("/broadcast?wire={ID}"));
    page.wait_for("texts('.wire-state')[0].startsWith('Watching /broadcast')");
    assert!(shown(&page, "texts('.anew').join()").starts_with("A new connection, number "));
    client.send_text("anew");
    page.wait_for("texts('.preview').at(-1) === '“anew”'");
    page.assert_clean();
}

/// The wire id of a tab.
fn id_of(page: &Page) -> String {
    shown(page, "JSON.parse(sessionStorage.getItem('chat.wire'))")
}

fn open_panel(page: &Page) {
    page.evaluate("document.getElementById('wire-button').focus()");
    page.press("Enter");
    page.wait_for("texts('.wire-state')[0].startsWith('Watching /')");
}

fn show_secrets(page: &Page) {
    page.evaluate("void all('.wire-tools button').at(-1).click()");
}

#[test]
fn panel_shows_what_the_browser_reports_and_nothing_else() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    prepare(&page);
    pick_up(&page, "lab.test", server.port);
    let views = |page: &Page| {
        page.evaluate("0");
        let open = page.events("Network.webSocketCreated");
        let closed = page.events("Network.webSocketClosed");
        let of_wire = open.iter().filter(|it| it["url"].as_str().unwrap().contains("/wire?"));
        let (shut, open): (Vec<_>, Vec<_>) = of_wire
            .map(|it| it["requestId"].clone())
            .partition(|id| closed.iter().any(|it| it["requestId"] == *id));
        (open.len(), shut.len())
    };
    assert_eq!(views(&page), (0, 0));
    // In an address bar, and in a proxy's log, an id would be no secret.
    assert!(
        page.requests().iter().all(|url| url.starts_with("ws:") || !url.contains(&id_of(&page)))
    );
    open_panel(&page);
    assert_eq!(views(&page), (1, 0));
    assert_eq!(page.evaluate("all('.nothing:not([hidden])').length"), 1);

    // The handshake as the browser tells it.
    show_secrets(&page);
    let report = page.wait_for_event("Network.webSocketHandshakeResponseReceived", |event| {
        !event["response"]["requestHeadersText"].as_str().unwrap().contains("/wire?")
    });
    let sent = report["response"]["requestHeadersText"].as_str().unwrap();
    let sent = sent.replacen(&format!("ws://lab.test:{}", server.port), "", 1); // which is DevTools' own
    let received = report["response"]["headersText"].as_str().unwrap();
    let lines = page.evaluate("all('.head').map((it) => texts('li > p:first-child', it))");
    for (head, told) in [sent.as_str(), received].into_iter().zip(lines.as_array().unwrap()) {
        let mut lines: Vec<&str> = head.trim_end().split("\r\n").collect();
        lines.push("(empty)");
        assert_eq!(*told, json!(lines));
    }
    let key = shown(&page, "texts('.steps code')[0]");
    let accept = derive_accept_key(key.as_bytes());
    let steps = page.evaluate("texts('.steps code').slice(2)");
    assert_eq!(steps, json!([hex(&from_base64(&accept)), accept, accept]));

    // What is in any other request is there, but out of the way.
    assert_eq!(page.evaluate("all('.fold > details:not([open])').length > 0"), true);
    let folded = "texts('.fold .header-name').includes('User-Agent:')";
    assert_eq!(page.evaluate(folded), true);

    // What this page sends and gets, and nothing of others, whose connections are watched as well.
    let other = browser.new_user();
    other.set_size(1280, 800);
    prepare(&other);
    pick_up(&other, "localhost", server.port);
    open_panel(&other);
    let mut ben = server.open(&format!("/chat?name=ben&wire={ID}"));
    ben.send_text("from ben to all");
    page.wait_for("rows().some((row) => row[4].includes('from ben to all'))");
    other.evaluate("text.focus()");
    say(&other, "/msg ben a whisper between others");
    other.wait_for("rows().some((row) => row[4].includes('a whisper'))");
    page.evaluate("text.focus()");
    say(&page, "after the whisper");
    page.wait_for("rows().some((row) => row[4].includes('\"ack\"'))");
    let rows = page.evaluate("rows()").to_string();
    assert!(!rows.contains("a whisper"), "{rows}");
    assert!(rows.contains("after the whisper"), "{rows}");
    // A screen reader hears what was said, and nothing about its bytes.
    page.wait_for("announcer.firstElementChild?.textContent === 'ben: from ben to all'");
    assert_eq!(page.evaluate("announcer.textContent.includes('bytes')"), false);

    // Who does not know the id sees nothing.
    let stranger = browser.new_user();
    prepare(&stranger);
    stranger.open(&format!("http://lab.test:{}/wire.html#id={}", server.port, "x".repeat(32)));
    stranger.wait_for("texts('.wire-state')[0] === 'Waiting for a connection to watch …'");
    say(&page, "once more");
    page.wait_for("rows().some((row) => row[4].includes('once more'))");
    assert_eq!(
        stranger.evaluate("[rows().length, all('.handshake:not([hidden])').length]"),
        json!([0, 0])
    );

    // Closed, with the keyboard: the connection is gone, and the focus is where it came from.
    page.evaluate("all('#wire button')[0].focus()");
    page.press("Escape");
    page.wait_for(
        "document.getElementById('wire').hidden && document.activeElement.id === 'wire-button'",
    );
    page.wait_for_event("Network.webSocketClosed", |_| true);
    assert_eq!(views(&page), (0, 1));
    for page in [&page, &other, &stranger] {
        page.assert_clean();
    }
}

#[test]
fn photo_in_several_frames_and_then_silence() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    page.set_size(360, 740);
    page.open(&format!("http://lab.test:{}/echo.html", server.port));
    page.wait_for("state.className === 'open'");
    open_panel(&page);
    // On a phone it takes the place of the page, all but the box in which one writes.
    let visible = "all('header, #messages, #form, #text, #form button')
        .filter((it) => it.checkVisibility({ visibilityProperty: true })).map((it) => it.id || it.localName)";
    assert_eq!(page.evaluate(visible), json!(["form", "text", "button"]));
    let below = "document.getElementById('wire').getBoundingClientRect().bottom <= text.getBoundingClientRect().top
        && text.form.getBoundingClientRect().bottom <= innerHeight";
    assert_eq!(page.evaluate(below), true);
    page.evaluate("text.focus()");
    say(&page, "and one sees it pass");
    page.wait_for("texts('.preview').at(-1) === '“and one sees it pass”' && rows().length === 2");
    page.evaluate("toggle(0)");
    page.wait_for("texts('.xor .character').join() === 'a,n,d,␣ space,o,n,e,␣ space'");
    page.evaluate(
        "void texts('.wire-tools button').forEach((name, at) =>
        name === 'Clear' && all('.wire-tools button')[at].click())",
    );
    let photo = "new Promise((done) => {
        const socket = new WebSocket(`ws://${location.host}/echo?wire=${JSON.parse(sessionStorage['chat.wire'])}`);
        socket.onopen = () => socket.send(new Uint8Array(300_000));
        socket.onmessage = () => done();
    })";
    page.evaluate(photo);
    page.wait_for("rows().at(-1)?.[0] === '↓from server'");
    let fins = page.evaluate("texts('.many .fin')");
    let fins = fins.as_array().unwrap();
    assert!(fins.len() > 1, "{fins:?}");
    let (last, before) = fins.split_last().unwrap();
    assert_eq!(*last, "Fin 1");
    assert!(before.iter().all(|fin| *fin == "Fin 0"), "{fins:?}");
    let sum = format!("Binary message to server in {} frames, 300,000 bytes in all", fins.len());
    assert_eq!(page.evaluate("texts('.many .sum')"), json!([sum]));
    page.evaluate("toggle(0)");
    page.wait_for("body(0).querySelector('.bits.of-8')");
    let small = "all('#wire :is(button, a, select, summary)').filter((it) => it.checkVisibility())
        .map((it) => it.getBoundingClientRect().height).filter((height) => height < 44)";
    assert_eq!(page.evaluate(small), json!([]));
    for width in [360, 320] {
        page.set_size(width, 740);
        page.wait_for(&format!("innerWidth === {width}"));
        let wide = format!(
            "all('*').filter((it) => !it.closest('.hidden') && it.checkVisibility()
                && it.getBoundingClientRect().right > {width}).map((it) => it.className)"
        );
        assert_eq!(page.evaluate(&wide), json!([]), "at {width}");
        let scrolls = "all('.wire-scroll, .scroll').map((it) => it.scrollWidth - it.clientWidth)";
        assert_eq!(page.evaluate(scrolls), json!([0, 0]), "at {width}");
    }
    // The view says nothing about itself: it is not on the connection that it watches.
    let idle = "new Promise((done) => setTimeout(() => done(rows().length), 5000))";
    let before = page.evaluate("rows().length");
    assert_eq!(page.evaluate(idle), before);
    page.assert_clean();
}

#[test]
fn secrets_are_nowhere_until_they_are_shown() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    prepare(&page);
    let name = "Zoë Quill";
    page.open(&format!("http://lab.test:{}/echo.html", server.port));
    page.evaluate(&format!("document.cookie = `name=${{encodeURIComponent('{name}')}}`"));
    pick_up(&page, "lab.test", server.port);
    let (id, token) = (id_of(&page), shown(&page, "JSON.parse(sessionStorage['chat.token'])"));
    open_panel(&page);
    let pass = "open/sesame 7";

    // A client that says all of it, in all the ways there are. It takes the connection over, so there is
    // a welcome with the token, and the request has everything.
    let query = format!("wire={id}&token={token}&passphrase=open%2Fsesame+7&name=Zo%C3%AB%20Quill");
    let mut client = server.open(&format!("/chat?{query}"));
    page.wait_for("line.className === 'stopped'");
    let half = token.len() / 2;
    for text in [
        format!("{name}, {pass}, {token}, {id}"),
        "Zo%c3%ab%20Quill Zo%C3%AB+Quill Zo\\u00eb Quill open%2fsesame%207 OPEN\\/SESAME 7".into(),
        format!("{:.<247}{token}", ""), // all but its beginning does not travel to the view
    ] {
        client.send_text(&text);
    }
    client.send(0x01, format!("cut {}", &token[..half]).as_bytes());
    client.send(0x89, id.as_bytes());
    client.send(0x80, format!("{} in two", &token[half..]).as_bytes());
    client.send(0x81, br#"{"type":"name","name":"Quilla Zoa"}"#);
    client.send(0x81, b"Quilla Zoa");
    // Its first half is where a long payload does not travel to the view any more.
    client.send(0x01, format!("{:.<290}{}", "", &token[..half]).as_bytes());
    client.send(0x80, &token.as_bytes()[half..]);
    client.send(0x88, &[&1000u16.to_be_bytes()[..], token.as_bytes()].concat());
    page.wait_for(
        "rows().some((row) => row[1] === 'Close') && texts('.wire-state')[0].startsWith('Ended')",
    );
    page.evaluate("all('details:not([open]) > summary', document.getElementById('wire')).forEach((it) => it.click())");
    page.wait_for("all('.frame-body').every((it) => it.firstChild)");

    let needles: Vec<String> = vec![
        name.into(),
        "Zo%C3%AB".into(),
        "zo%c3%ab".into(),
        "\\u00eb".into(),
        "Quill".into(),
        "Quilla Zoa".into(),
        pass.into(),
        "sesame".into(),
        id.clone(),
        token.clone(),
        token[..half].into(),
        token[half..].into(),
        token[..9].into(),
    ];
    let dom = shown(&page, "dom()").to_lowercase();
    let flat: String = dom.split_whitespace().collect();
    for needle in &needles {
        assert!(!dom.contains(&needle.to_lowercase()), "{needle} is there");
        assert!(!dom.contains(&hex(needle.as_bytes())), "{needle} is there in hex");
        let bits: String = needle.bytes().take(4).map(|byte| format!("{byte:08b}")).collect();
        assert!(!flat.contains(&bits), "{needle} is there in bits");
    }
    // A byte whose meaning is hidden is hidden as it was on the wire, too: the key stands beside it.
    let leaks = "all('.payload tbody tr, .xor tbody tr').map((row) => texts('code', row))
        .map((cells) => cells.length > 3 ? [cells[0], cells[4]] : cells.slice(-2))
        .map((cells) => cells.map((it) => it.replace(/[0-9a-f]/g, 'x').trim()))
        .filter(([wire, plain]) => plain !== undefined && wire !== plain)";
    assert_eq!(page.evaluate(leaks), json!([]));
    let dots = shown(&page, "texts('.head li')[0]");
    assert!(dots.contains(&format!("wire={}&", "•".repeat(id.len()))), "{dots}");
    // What is copied is what is seen.
    page.evaluate("document.addEventListener('copy', () => (window.copied ??= []).push(document.activeElement.value))");
    page.evaluate("all('.copy').forEach((it) => it.click())");
    let copied = page.evaluate("(window.copied ?? []).join(' ')").to_string();
    for needle in &needles {
        assert!(!copied.to_lowercase().contains(&needle.to_lowercase()), "{needle} was copied");
    }

    let hiding = shown(&page, "texts('.hiding')[0]");
    assert_eq!(hiding, "Hidden here: wire id, token, passphrase, your name, cookie values");
    assert!(shown(&page, "texts('.head li')[0]").contains("anyone who knows it can watch"));
    show_secrets(&page);
    assert_eq!(
        page.evaluate("[texts('.hiding')[0], texts('.wire-tools button').at(-1)]"),
        json!(["", "Hide secrets"])
    );
    let dom = shown(&page, "dom()");
    for needle in &needles[..needles.len() - 1] {
        let found = dom.to_lowercase().contains(&needle.to_lowercase());
        assert!(found, "{needle} is not shown");
    }
    assert!(dom.contains("wire.html#id="), "the link leads to the second screen");
    show_secrets(&page);
    assert!(!shown(&page, "dom()").contains(&token));
    page.assert_clean();
}

#[test]
fn view_comes_back_by_itself() {
    let options = ["--host", "lab.test"];
    let server = Server::start(&options);
    let port = server.port;
    let browser = Browser::start();
    let page = browser.new_user();
    prepare(&page);
    page.open(&format!("http://lab.test:{port}/echo.html"));
    page.wait_for("state.className === 'open'");
    open_panel(&page);
    drop(server);
    page.wait_for("texts('.wire-state')[0].includes('It comes back by itself')");
    let server = Server::start_on(port, &options);
    page.wait_for("texts('.wire-state')[0].startsWith('Waiting')");
    let mut client = server.open(&format!("/echo?wire={}", id_of(&page)));
    page.wait_for("texts('.wire-state')[0].startsWith('Watching /echo')");
    client.send_text("here again");
    page.wait_for("rows().some((row) => row[4] === '“here again”')");

    // Too slow: it says so.
    let said = page.evaluate(
        "Promise.all(['view', 'secrets'].map((it) => import(`./wire/${it}.js`)))
            .then(([{ WireView }, { Secrets }]) => {
                const view = new WireView(new EventTarget(), new Secrets());
                const source = new EventTarget();
                const other = new WireView(source, new Secrets());
                const tell = (state, code) =>
                    source.dispatchEvent(new CustomEvent('state', { detail: { state, code } }));
                tell('open');
                tell('waiting', 1013);
                tell('connecting');
                return other.stateLine.textContent;
            })",
    );
    assert!(said.as_str().unwrap().contains("too slow"), "{said}");
}

#[test]
fn what_is_secret_is_found_and_nothing_else() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://lab.test:{}/wire.html", server.port));
    let covered = |known: &[&str], text: &str, open: Value| {
        let script = format!(
            "Promise.all([import('./wire/secrets.js'), import('./wire/cover.js')])
                .then(([{{ Secrets }}, {{ charactersOf }}]) => {{
                const secrets = new Secrets();
                secrets.learn(...{});
                const bytes = new TextEncoder().encode({});
                return charactersOf(bytes, secrets.find(bytes, {open})).join('');
            }})",
            json!(known),
            json!(text)
        );
        shown(&page, &script)
    };
    let closed = json!({});
    assert_eq!(covered(&["ana"], "ana, Banana, %61na", closed.clone()), "•••, B•••••, •••••");
    // A short one only as a word.
    assert_eq!(covered(&["a"], r#"a cat "a" A a1 a"#, closed.clone()), r#"• cat "•" • a1 •"#);
    assert_eq!(covered(&["é"], "é, café, %C3%A9", closed.clone()), "•, café, ••••••");
    assert_eq!(covered(&["say \"hi\""], r#"{"say \"hi\""}"#, closed.clone()), r#"{"••••••••••"}"#);
    assert_eq!(covered(&["secret"], "secre", closed.clone()), "secre");
    assert_eq!(covered(&["secret"], "a secre", json!({ "openEnd": true })), "a •••••");
    assert_eq!(covered(&["secret"], "cret, a", json!({ "openStart": true })), "••••, a");
    assert_eq!(covered(&[], r#"{"token": "a\"b"}"#, closed.clone()), r#"{"token": "••••"}"#);
    assert_eq!(covered(&[], r#"{"token":"abc"#, json!({ "openEnd": true })), r#"{"token":"•••"#);
    let request = "GET /chat?name=a%20b&since=3 HTTP/1.1\r\nCOOKIE: theme=1; name=b\r\nAuthorization: Basic eDp5\r\n";
    assert_eq!(
        covered(&[], request, closed),
        "GET /chat?name=•••••&since=3 HTTP/1.1␍␊COOKIE: theme=•; name=•␍␊Authorization: ••••••••••␍␊"
    );
    page.assert_clean();
}
