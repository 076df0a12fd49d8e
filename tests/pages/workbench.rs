//! The frame workbench: fields to bytes and back, faults, command lines, predictions.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::*;

fn open_workbench<'a>(browser: &'a Browser, server: &Server, hash: &str) -> Page<'a> {
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.run_in_every_document(
        "const set = (id, value) => {
            const it = document.getElementById(id);
            if (it.type === 'checkbox') it.checked = value; else it.value = value;
            it.dispatchEvent(new Event('input', { bubbles: true }));
        };
        const value = (id) => document.getElementById(id).value;
        const faults = () => Array.from(document.querySelectorAll('#faults p'), (it) => it.textContent);",
    );
    page.open(&format!("http://lab.test:{}/frame.html{hash}", server.port));
    page.wait_for("faults().length > 0");
    page
}

#[test]
fn fields_become_bytes_and_bytes_become_fields() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_workbench(&browser, &server, "");
    // The example of RFC 6455, 5.7.
    assert_eq!(page.evaluate("value('hex')"), "81 85 37 fa 21 3d 7f 9f 4d 51 58");
    assert_eq!(page.evaluate("faults()"), json!(["A right frame."]));
    // The same bytes as the tests' own frames, in each form of length.
    for length in [0, 125, 126, 65_535, 65_536] {
        page.evaluate(&format!("set('kind', 'length'); set('payload', '{length}')"));
        let bytes = client_frame(0x81, &vec![b'x'; length]);
        let hex: Vec<String> = bytes.iter().take(400).map(|byte| format!("{byte:02x}")).collect();
        let shown = page.evaluate("value('hex')");
        assert_eq!(shown.as_str().unwrap().trim_end_matches(" …"), hex.join(" "), "{length}");
        assert_eq!(page.evaluate("faults()"), json!(["A right frame."]), "{length}");
    }
    page.evaluate("set('hex', '8902 6869')");
    let fields = "[value('opcode'), value('payload'), document.getElementById('masked').checked, from.value]";
    assert_eq!(page.evaluate(fields), json!(["9", "68 69", false, "client"]));
    page.evaluate("set('from', 'server')");
    assert_eq!(page.evaluate("faults()"), json!(["A right frame."]));
    page.assert_clean();
}

#[test]
fn each_fault_is_named_with_its_section() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_workbench(&browser, &server, "#server,810548656c6c6f");
    assert_eq!(page.evaluate("faults()"), json!(["A right frame."]));
    for (from, hex, section, words) in [
        ("client", "810548656c6c6f", "5.1", "A client has to mask"),
        ("server", "8180 00000000", "5.1", "A server must not mask"),
        ("server", "c100", "5.2", "A reserved bit is 1"),
        ("server", "8300", "5.2", "The opcode 3 has no meaning"),
        ("server", "8b00", "5.2", "The opcode B has no meaning"),
        ("server", "0900", "5.5", "FIN has to be 1"),
        ("server", "897e007e", "5.5", "at most 125 bytes"),
        ("server", "817e0001 61", "5.2", "fits into the 7 bits"),
        ("server", "817f0000000000000001 61", "5.2", "fits into fewer bytes"),
        ("server", "817f8000000000000001 61", "5.2", "highest bit"),
        ("server", "8101ff", "8.1", "not UTF-8"),
        ("server", &format!("817e012c{}", "ff".repeat(300)), "8.1", "not UTF-8"),
        ("server", &format!("817e012c{}ff", "61".repeat(299)), "8.1", "not UTF-8"),
        ("server", "880103", "5.5.1", "a code in 2 bytes first"),
        ("server", "880203ed", "7.4", "The code 1005 may not"),
        ("server", "880303e8ff", "5.5.1", "reason behind the code"),
        ("server", "8105 4865", "5.2", "Missing at the end: 3 bytes"),
        ("server", "8101 48 8900", "5.2", "comes the next one: 2 bytes"),
    ] {
        page.evaluate(&format!("from.value = '{from}'; set('hex', '{hex}')"));
        let faults = page.evaluate("faults()");
        let found = faults.as_array().unwrap().iter().any(|fault| {
            let fault = fault.as_str().unwrap();
            fault.contains(words) && fault.ends_with(&format!("RFC 6455, {section}"))
        });
        assert!(found, "{hex}: {faults}");
    }
    for (text, words) in [
        ("8", "not pairs of hex digits"),
        ("xx", "not pairs of hex digits"),
        ("", "at least 2 bytes"),
        ("81", "at least 2 bytes"),
        ("81 fe 01", "The header is not complete: 5 bytes more"),
        ("81 7f 00 00", "The header is not complete: 6 bytes more"),
        ("c1 81 37 fa 21", "The header is not complete: 1 byte more"),
    ] {
        page.evaluate(&format!("set('hex', '{text}')"));
        let faults = page.evaluate("faults()");
        assert!(faults[0].as_str().unwrap().contains(words), "{text}: {faults}");
        assert_eq!(faults.as_array().unwrap().len(), 1, "{text}: {faults}");
        // There is nothing to predict: no verdict, and no error.
        page.evaluate("void document.getElementById('prediction').requestSubmit()");
        assert_eq!(page.evaluate("document.getElementById('verdict').childElementCount"), 0, "{text}");
    }
    page.assert_clean();
}

#[test]
fn an_edit_changes_one_field_of_a_pasted_frame_and_keeps_the_others() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_workbench(&browser, &server, "#server,8100");
    let long: String = (0..300).map(|i| format!("{:02x}", i % 251)).collect();
    let masked = format!("81fe012c01020304{long}");
    for pasted in ["c100", "a100", "9100", "f100", "8300", "8400", "8700", "8b00", "8f00", &masked] {
        page.evaluate(&format!("set('hex', '{pasted}')"));
        page.evaluate("void document.getElementById('fin').click()");
        // FIN is the highest bit of the first byte.
        let digit = u8::from_str_radix(&pasted[..1], 16).unwrap() ^ 0b1000;
        let hex = page.evaluate_text("value('hex').replaceAll(' ', '')");
        assert_eq!(hex, format!("{digit:x}{}", &pasted[1..]), "{pasted}");
    }
    page.evaluate("set('hex', '8100'); document.getElementById('rsv2').click()");
    assert_eq!(page.evaluate("value('hex')"), "a1 00");
    page.assert_clean();
}

#[test]
fn a_frame_without_its_payload_is_drawn_as_far_as_it_goes() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_workbench(&browser, &server, "#server,8105");
    assert!(page.evaluate_text("faults()[0]").contains("Missing at the end: 5 bytes"));
    let fields = "Array.from(document.querySelectorAll('#drawing .fields button'), (it) => it.textContent)";
    assert_eq!(page.evaluate(fields), json!(["Fin", "Reserved", "Opcode", "Mask", "Payload length"]));
    page.assert_clean();
}

#[test]
fn the_command_lines_send_the_frame() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_workbench(&browser, &server, "");
    page.evaluate("set('payload', 'Grüße')");
    let python =
        page.evaluate_text("document.getElementById('python').textContent").replace("lab.test", "127.0.0.1");
    let mut command = std::process::Command::new("sh");
    command.arg("-c").arg(&python);
    let (code, output, error) = end_of(command);
    if code == Some(127) {
        return println!("there is no python3 here, so its line is not run");
    }
    assert_eq!(code, Some(0), "{error}");
    assert!(output.contains(ACCEPT) && output.contains(r"b'\x81\x07Gr\xc3\xbc\xc3\x9fe'"), "{output}");
    // What the shell's printf prints is a request and a frame: here a program sends it in the place of nc.
    let shell = page.evaluate_text("document.getElementById('shell').textContent");
    let (print, _) = shell.split_once("; sleep").unwrap();
    let mut command = std::process::Command::new("sh");
    let printed = command.arg("-c").arg(format!("{print})")).output().unwrap().stdout;
    let host = format!("lab.test:{}", server.port);
    let request = upgrade_request("/echo", "").replace("Host: localhost", &format!("Host: {host}"));
    assert_eq!(printed, [request.as_bytes(), &client_frame(0x81, "Grüße".as_bytes())].concat());
}

#[test]
fn a_prediction_is_judged_and_the_answer_hidden_until_then() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = open_workbench(&browser, &server, "");
    page.evaluate("void document.getElementById('predict').click()");
    assert_eq!(page.evaluate("document.getElementById('drawing').hidden"), true);
    page.evaluate("set('guess-second', '85'); set('guess-xor', '7e'); void document.querySelector('#questions button').click()");
    let verdict =
        page.evaluate("Array.from(document.querySelectorAll('#verdict p'), (it) => it.textContent[0])");
    assert_eq!(verdict, json!(["✓", "✓", "✗"]));
    assert_eq!(page.evaluate("document.getElementById('drawing').hidden"), false);
    page.assert_clean();
}

#[test]
fn a_frame_of_the_wire_view_opens_here() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.open(&format!("http://lab.test:{}/echo.html", server.port));
    page.wait_for("state.className === 'open'");
    page.evaluate("void document.getElementById('wire-button').click()");
    page.wait_for("document.querySelector('.wire-state')?.textContent.startsWith('Watching')");
    page.type_and_send("from the wire");
    page.wait_for("document.querySelectorAll('.frame').length >= 2");
    page.evaluate("void document.querySelector('.frame > summary').click()");
    page.wait_for("document.querySelector('.to-workbench')");
    page.evaluate("void document.querySelector('.to-workbench').click()");
    page.wait_for("location.pathname === '/frame.html' && document.querySelector('#faults .well')");
    let text = "new TextDecoder().decode(Uint8Array.from(document.getElementById('payload').value.split(' '), (it) => parseInt(it, 16)))";
    assert_eq!(page.evaluate(text), "from the wire");
    page.assert_clean();
}
