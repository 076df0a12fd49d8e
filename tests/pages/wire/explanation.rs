//! The explanation of the handshake and of a single frame: each byte, each bit and each step of a
//! calculation is right.

use serde_json::json;
use tungstenite::handshake::derive_accept_key;

use super::*;

/// A masked "Hello", the sample frame of RFC 6455, section 5.7, without its last byte: the explanation
/// shows the bits of the header and of four bytes of the payload.
const SAMPLE: [u8; 10] = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51];

/// Opens the explanation of the sample frame with the keyboard. Also returns the client that sent it.
fn open_explanation_of_sample<'a>(browser: &'a Browser, server: &Server) -> (Page<'a>, Peer) {
    let (page, mut client) = watch_echo_connection(browser, server);
    page.set_size(1280, 800);
    client.send_text("Hello");
    assert_eq!(client.read_text(), "Hello");
    let rows = wait_for_rows(&page, 2);
    assert_eq!(rows[0], json!(["↑to server", "Text", "Fin 1", "5 bytes", "“Hello”"]));
    assert_eq!(rows[1], json!(["↓from server", "Text", "Fin 1", "5 bytes", "“Hello”"]));
    page.evaluate("all('.frame > summary')[0].focus()");
    page.press("Enter");
    page.wait_for("all('.frame')[0].open && body(0).querySelector('.bits')");
    (page, client)
}

/// All clients of these tests send the sample key of RFC 6455, section 1.3.
#[test]
fn accept_value_of_the_rfc_is_computed_step_by_step() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, _client) = watch_echo_connection(&browser, &server);
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
    page.assert_clean();
}

#[test]
fn sample_frame_of_the_rfc_is_explained_bit_by_bit() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, _client) = open_explanation_of_sample(&browser, &server);
    let bits: String = SAMPLE.iter().map(|byte| format!("{byte:08b}")).collect();
    for (columns, width) in [(32, 1280), (8, 360)] {
        page.set_size(width, 800);
        page.wait_for(&format!("all('.bits thead tr:last-child th').length === {columns}"));
        assert_eq!(page.evaluate("texts('.bits i').join('')"), bits);
        assert_eq!(page.evaluate("texts('.bits .in-hex').join(' ')"), hex(&SAMPLE));
        // The tools take one row, and leave the rest of the window to the frames.
        let tools = page.evaluate("document.querySelector('.wire-tools').offsetHeight").as_u64().unwrap();
        assert!((30..60).contains(&tools), "{tools} pixels high in {width}");
    }
    let names = ["Fin", "Reserved", "Opcode", "Mask", "Payload length", "Masking-Key", "Payload"];
    assert_eq!(page.evaluate("texts('.fields button')"), json!(names));
    let values = ["1", "000", "0x1 Text", "1", "5", "37 fa 21 3d", "5 bytes"];
    assert_eq!(page.evaluate("texts('.fields code')"), json!(values));
    let calculation = "texts('.fields .words').some((it) => it.startsWith(' 0000101 = 4 + 1 = 5. '))";
    assert_eq!(page.evaluate(calculation), true);
    let groups = "all('.bytes').map((it) => it.lastChild.textContent)";
    assert_eq!(page.evaluate(groups), json!(["81", "85", "37 fa 21 3d", "7f 9f 4d 51 58"]));
    // Each row of the table: byte on the wire, byte of the masking key, their XOR, its character.
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
    page.assert_clean();
}

#[test]
fn field_and_its_bytes_are_highlighted_together() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, _client) = open_explanation_of_sample(&browser, &server);
    let lit = "[texts('.bit.lit .label'), all('.bytes.lit').map((it) => it.lastChild.textContent)]";
    // The focus highlights, and so does the mouse.
    page.evaluate("all('.fields button')[1].focus()");
    assert_eq!(page.evaluate(lit), json!([["Reserved"], ["81"]]));
    page.press("Tab"); // the link of its sentence to the source
    assert_eq!(page.evaluate(lit), json!([["Reserved"], ["81"]]));
    page.press("Tab");
    assert_eq!(page.evaluate(lit), json!([["Opcode"], ["81"]]));
    let over = "all('.bytes')[1].dispatchEvent(new MouseEvent('mouseover', { bubbles: true }))";
    page.evaluate(over);
    assert_eq!(page.evaluate(lit), json!([["Mask", "Payload length"], ["85"]]));
    page.press("Enter"); // pins the highlight to the Opcode
    page.evaluate("document.activeElement.blur()");
    assert_eq!(page.evaluate(lit), json!([["Opcode"], ["81"]]));
    page.assert_clean();
}

#[test]
fn explanation_can_be_copied_as_text() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, _client) = open_explanation_of_sample(&browser, &server);
    page.evaluate("document.addEventListener('copy', () => window.copied = document.activeElement.value)");
    page.evaluate("all('.copy')[0].focus()");
    page.press("Enter");
    page.wait_for("window.copied && texts('.copy')[0] !== 'Copy this frame, explained'");
    let copied = page.evaluate_text("copied");
    for part in ["Masking-Key: 37 fa 21 3d\n", "wire: 7f 9f 4d 51 58\n", "As text: Hello\n"] {
        assert!(copied.contains(part), "no {part:?} in {copied}");
    }
    assert_eq!(page.evaluate("document.activeElement === all('.copy')[0]"), true);
    page.assert_clean();
}

#[test]
fn view_says_that_it_shows_the_bytes_of_a_proxy() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let note = "document.querySelector('.proxy-note').checkVisibility()
        && document.querySelector('.proxy-note').textContent";
    let titles = "texts('.wire-view h3')[0]";
    let (page, _client) = watch_echo_connection(&browser, &server);
    assert_eq!(page.evaluate(note), false);
    assert_eq!(page.evaluate(titles), "The request, from the browser");
    let path = format!("/echo?wire={ID}");
    for header in
        ["Via: 1.1 lab", "Forwarded: for=10.0.0.7", "x-forwarded-for: 10.0.0.7", "X-Real-IP: 10.0.0.7"]
    {
        let request = upgrade_request(&path, &format!("{header}\r\n"));
        let _client = Peer::open(server.connect(), request.as_bytes());
        let name = header.split(':').next().unwrap();
        page.wait_for(&format!("({note}).includes('({name})')"));
        assert_eq!(page.evaluate(titles), "The request, from a proxy");
        assert_eq!(
            page.evaluate(&format!(
                "all('.head li').find((it) => it.textContent.startsWith('{name}'))
                    .querySelector('.words').textContent.startsWith('Added by a proxy')"
            )),
            true
        );
        // The next connection comes from the browser again.
        let _direct = server.open(&path);
        page.wait_for(&format!("({note}) === false"));
    }
    page.assert_clean();
}

/// The exchange of the lab sheet's exercise 4, as `/wire` sends it: the server has hashed the key without its `==`.
const WRONG_EXCHANGE: &str = "{
    client: 7,
    request: 'GET /echo HTTP/1.1\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n',
    response: 'HTTP/1.1 101 Switching Protocols\\r\\nSec-WebSocket-Accept: WRONG\\r\\n\\r\\n',
    accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' }";

#[test]
fn a_wrong_accept_value_is_red_and_has_the_right_one_beside_it() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (page, _client) = watch_echo_connection(&browser, &server);
    page.set_size(1280, 800);
    assert_eq!(page.evaluate("all('.wrong, .wrong-value').length"), 0);
    let wrong = derive_accept_key(KEY.trim_end_matches('=').as_bytes());
    let exchange = WRONG_EXCHANGE.replace("WRONG", &wrong);
    page.evaluate(&format!(
        "Promise.all([import('./wire/view.js'), import('./wire/secrets.js')]).then(([{{ WireView }}, {{ Secrets }}]) => {{
            const source = new EventTarget();
            const view = new WireView(source, new Secrets());
            document.getElementById('place').replaceChildren(view.root);
            source.dispatchEvent(new CustomEvent('handshake', {{ detail: {exchange} }}));
        }})"
    ));
    assert_eq!(page.evaluate("texts('.verdict-line')[0].endsWith('✗ wrong accept value')"), true);
    assert_eq!(
        page.evaluate(
            "texts('.head li').find((it) => it.startsWith('Sec-WebSocket-Accept')).split('Made')[0]"
        ),
        format!("Sec-WebSocket-Accept: {wrong} ✗ wrong. Right for this key: {ACCEPT} ✓")
    );
    let last = page.evaluate("texts('.steps li').at(-1)");
    assert!(
        last.as_str().unwrap().ends_with(&format!("{wrong} ✗ wrong. Right for this key: {ACCEPT} ✓")),
        "{last}"
    );
    assert!(page.evaluate_text("texts('.verdict.wrong')[0]").starts_with("It does not match the 101 ✗"));
    // It was scrolled to, without a press.
    let in_view = "(({ top, bottom }) => top >= 0 && bottom <= innerHeight)";
    page.wait_for(&format!("{in_view}(all('.wrong-value')[0].getBoundingClientRect())"));
    assert_eq!(page.evaluate("all('.wrong-value')[0].checkVisibility()"), true);
    for scheme in ["light", "dark"] {
        page.set_media(&[("prefers-color-scheme", scheme)]);
        let found = page.evaluate(CONTRASTS);
        let found = found.as_array().unwrap();
        assert_eq!(found.len(), 6, "{found:?}");
        for contrast in found {
            assert!(contrast[1].as_f64().unwrap() >= 4.5, "{scheme}: {contrast}");
        }
        // Not the colour of what stands around it.
        let color = "(it) => getComputedStyle(it).color";
        let differs = format!("({color})(all('.wrong-value')[0]) !== ({color})(all('.header-name')[0])");
        assert_eq!(page.evaluate(&differs), true);
    }
    page.assert_clean();
}

/// `[class, contrast]` of each value that is marked, and of the sentences about them (WCAG 2.2, 1.4.3).
const CONTRASTS: &str = "(() => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
    const luminance = (color) => {
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = Array.from(canvas.getImageData(0, 0, 1, 1).data.slice(0, 3), (part) => part / 255)
            .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (it) => {
        const color = getComputedStyle(it).backgroundColor;
        return color === 'rgba(0, 0, 0, 0)' ? ground(it.parentElement) : color;
    };
    return all('.wrong-value, .right-value, .verdict.wrong, .verdict-line').map((it) => {
        const [one, other] = [luminance(getComputedStyle(it).color), luminance(ground(it))];
        return [it.className, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)];
    });
})()";
