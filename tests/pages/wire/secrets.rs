//! Secrets in the wire view: tokens, passphrases, wire ids and cookies are hidden in every
//! encoding until the user shows them, and nothing else is hidden.

use serde_json::{Value, json};

use super::*;

/// Opens the chat with the panel, sends secrets over its watched connection in all encodings, and opens
/// the explanations of all frames. Returns the secrets, and parts of them, as they may stand in a page.
fn fill_panel_with_secrets(page: &Page, server: &Server) -> Vec<String> {
    page.set_size(1280, 800);
    define_script_functions(page);
    let cookie = "Zoë Quill";
    page.open(&format!("http://lab.test:{}/echo.html", server.port));
    page.evaluate(&format!("document.cookie = `session=${{encodeURIComponent('{cookie}')}}`"));
    page.open_chat("lab.test", server.port);
    let id = wire_id(page);
    let token = page.evaluate_text("JSON.parse(sessionStorage['chat.token'])");
    open_panel(page);
    let pass = "open/sesame 7";

    // A client that sends all secrets in all encodings. It resumes the page's membership: its request
    // has all secrets, and its welcome has the token.
    let query = format!("wire={id}&token={token}&passphrase=open%2Fsesame+7");
    let mut client = server.open(&format!("/chat?{query}"));
    page.wait_for("line.className === 'stopped'");
    let half = token.len() / 2;
    for text in [
        format!("{cookie}, {pass}, {token}, {id}"),
        "Zo%c3%ab%20Quill Zo%C3%AB+Quill Zo\\u00eb Quill open%2fsesame%207 OPEN\\/SESAME 7".into(),
        format!("{:.<247}{token}", ""), // cut within the token: the view gets the first 256 bytes
    ] {
        client.send_text(&text);
    }
    client.send(0x01, format!("cut {}", &token[..half]).as_bytes());
    client.send(0x89, id.as_bytes());
    client.send(0x80, format!("{} in two", &token[half..]).as_bytes());
    // The first half of the token is in the part of a long payload that the view does not get.
    client.send(0x01, format!("{:.<290}{}", "", &token[..half]).as_bytes());
    client.send(0x80, &token.as_bytes()[half..]);
    client.send(0x88, &[&1000u16.to_be_bytes()[..], token.as_bytes()].concat());
    // Its Close and the server's answer; earlier ones are those of the page's own connection.
    page.wait_for("rows().filter((row) => row[1] === 'Close' && String(row).includes('1000')).length === 2");
    page.wait_for("texts('.wire-state')[0].startsWith('Ended')");
    page.evaluate(
        "all('details:not([open]) > summary', document.getElementById('wire')).forEach((it) => it.click())",
    );
    page.wait_for("all('.frame-body').every((it) => it.firstChild)");
    vec![
        cookie.into(),
        "Zo%C3%AB".into(),
        "zo%c3%ab".into(),
        "\\u00eb".into(),
        "Quill".into(),
        pass.into(),
        "sesame".into(),
        id.clone(),
        token.clone(),
        token[..half].into(),
        token[half..].into(),
        token[..9].into(),
    ]
}

#[test]
fn secrets_are_hidden_in_text_in_hexadecimal_in_bits_and_in_copies() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    let secrets = fill_panel_with_secrets(&page, &server);
    let dom = page.evaluate_text("dom()").to_lowercase();
    let flat: String = dom.split_whitespace().collect();
    for secret in &secrets {
        assert!(!dom.contains(&secret.to_lowercase()), "{secret} is in the page");
        assert!(!dom.contains(&hex(secret.as_bytes())), "{secret} is in the page in hexadecimal");
        let bits: String = secret.bytes().take(4).map(|byte| format!("{byte:08b}")).collect();
        assert!(!flat.contains(&bits), "{secret} is in the page in bits");
    }
    // If a byte is hidden, so is the masked byte on the wire: with the masking key beside it, it would
    // give the hidden one. The script finds rows in which only one of the two is hidden.
    let leaks = "all('.payload tbody tr, .xor tbody tr').map((row) => texts('code', row))
        .map((cells) => cells.length > 3 ? [cells[0], cells[4]] : cells.slice(-2))
        .map((cells) => cells.map((it) => it.replace(/[0-9a-f]/g, 'x').trim()))
        .filter(([wire, plain]) => plain !== undefined && wire !== plain)";
    assert_eq!(page.evaluate(leaks), json!([]));
    let dots = page.evaluate_text("texts('.head li')[0]");
    assert!(dots.contains(&format!("wire={}&", "•".repeat(wire_id(&page).len()))), "{dots}");
    // A copy hides what the page hides.
    page.evaluate(
        "document.addEventListener('copy', () => (window.copied ??= []).push(document.activeElement.value))",
    );
    page.evaluate("all('.copy').forEach((it) => it.click())");
    let copied = page.evaluate("(window.copied ?? []).join(' ')").to_string();
    for secret in &secrets {
        assert!(!copied.to_lowercase().contains(&secret.to_lowercase()), "{secret} was copied");
    }
    page.assert_clean();
}

#[test]
fn secrets_can_be_shown_and_hidden_again() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    let secrets = fill_panel_with_secrets(&page, &server);
    let hiding = page.evaluate_text("texts('.hiding')[0]");
    assert_eq!(hiding, "Hidden here: wire id, token, passphrase, cookie values");
    assert!(page.evaluate_text("texts('.head li')[0]").contains("anyone who knows it can watch"));
    toggle_secrets(&page);
    assert_eq!(
        page.evaluate(
            "[texts('.hiding')[0], texts('.wire-tools button').find((it) => it.endsWith('secrets'))]"
        ),
        json!(["", "Hide secrets"])
    );
    let dom = page.evaluate_text("dom()");
    for secret in &secrets {
        let found = dom.to_lowercase().contains(&secret.to_lowercase());
        assert!(found, "{secret} is not shown");
    }
    assert!(dom.contains("wire.html#id="), "the link leads to the second screen");
    toggle_secrets(&page);
    let dom = page.evaluate_text("dom()");
    assert!(secrets.iter().all(|secret| !dom.contains(secret)), "a secret is still shown");
    page.assert_clean();
}

/// It stands beside each message anyway. Other cookies are hidden wherever their values are.
#[test]
fn own_name_is_covered_in_its_cookie_alone() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    define_script_functions(&page);
    page.open(&format!("http://lab.test:{}/echo.html", server.port));
    page.evaluate("void (document.cookie = 'name=Jonas', document.cookie = 'session=geheim')");
    page.open_chat("lab.test", server.port);
    open_panel(&page);
    page.evaluate("text.focus()");
    page.type_and_send("Jonas says geheim");
    page.wait_for("rows().some((row) => row.join().includes('Jonas says ••••••'))");
    let cookies = page.evaluate_text("texts('.head li').find((line) => line.startsWith('Cookie: '))");
    assert!(cookies.contains("name=•••••; session=••••••"), "{cookies}");
    page.evaluate("all('.frame > summary').forEach((it) => it.click())");
    page.wait_for("all('.frame-body').every((it) => it.firstChild)");
    let dom = page.evaluate_text("dom()").to_lowercase();
    assert!(!dom.contains("geheim") && !dom.contains(&hex(b"geheim")), "the other cookie is shown");
    assert_eq!(page.own_name(), "Jonas");
    page.assert_clean();
}

/// What the page itself sends: token and passphrase as a subprotocol, encoded twice.
#[test]
fn secrets_in_the_offer_of_subprotocols_are_hidden_and_explained() {
    let pass = "groß & (geheim) 100 %";
    let server = Server::start(&["--host", "lab.test", "--passphrase", pass]);
    let browser = Browser::start();
    let page = browser.new_user();
    define_script_functions(&page);
    page.open(&format!("http://lab.test:{}/", server.port));
    page.wait_for("document.activeElement === passphrase");
    page.type_and_send(pass);
    page.wait_until_connected();
    page.open_chat("lab.test", server.port); // now with the token, too
    let token = page.evaluate_text("JSON.parse(sessionStorage['chat.token'])");
    open_panel(&page);
    let line =
        "all('.head li').find((it) => it.textContent.startsWith('Sec-WebSocket-Protocol')).textContent";
    let offer = page.evaluate_text(line);
    assert!(offer.starts_with("Sec-WebSocket-Protocol: partyline, secret.••••"), "{offer}");
    for words in ["without writing them into the address", "The token proves that this is the same member"] {
        assert!(offer.contains(words), "{offer}");
    }
    let answer =
        "all('.head li').findLast((it) => it.textContent.startsWith('Sec-WebSocket-Protocol')).textContent";
    let answer = page.evaluate_text(answer);
    assert!(answer.starts_with("Sec-WebSocket-Protocol: partylineThe protocol that was agreed"), "{answer}");
    // The passphrase is hidden where it comes again, as a message.
    page.evaluate("text.focus()");
    page.type_and_send(&format!("it is {pass}"));
    page.wait_for("rows().some((row) => row.join().includes('it is •'))");
    let kinds = "Hidden here: wire id, token, passphrase, cookie values";
    assert_eq!(page.evaluate_text("texts('.hiding')[0]"), kinds);
    let dom = page.evaluate_text("document.getElementById('wire').outerHTML");
    for secret in [&token, "geheim", "gro%C3%9F", "gro%25C3%259F", "token%3D", "%2528geheim"] {
        assert!(!dom.contains(secret), "{secret} is shown");
    }
    toggle_secrets(&page);
    let dom = page.evaluate_text("document.getElementById('wire').outerHTML");
    assert!(dom.contains(&format!("secret.token%3D{token}%26passphrase%3Dgro%25C3%259F")), "not shown");
    page.assert_clean();
}

#[test]
fn secrets_are_found_in_every_encoding_and_nothing_else_is_hidden() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://lab.test:{}/wire.html", server.port));
    // The text with the secrets hidden. `open` says whether a longer text was cut at its start or end.
    let hide = |known: &[&str], text: &str, open: Value| {
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
        page.evaluate_text(&script)
    };
    let closed = json!({});
    assert_eq!(hide(&["ana"], "ana, Banana, %61na", closed.clone()), "•••, B•••••, •••••");
    // A secret of one character is hidden only where it is a whole word.
    assert_eq!(hide(&["a"], r#"a cat "a" A a1 a"#, closed.clone()), r#"• cat "•" • a1 •"#);
    assert_eq!(hide(&["é"], "é, café, %C3%A9", closed.clone()), "•, café, ••••••");
    assert_eq!(hide(&["say \"hi\""], r#"{"say \"hi\""}"#, closed.clone()), r#"{"••••••••••"}"#);
    assert_eq!(hide(&["secret"], "secre", closed.clone()), "secre");
    assert_eq!(hide(&["secret"], "a secre", json!({ "openEnd": true })), "a •••••");
    assert_eq!(hide(&["secret"], "cret, a", json!({ "openStart": true })), "••••, a");
    assert_eq!(hide(&[], r#"{"token": "a\"b"}"#, closed.clone()), r#"{"token": "••••"}"#);
    assert_eq!(hide(&[], r#"{"token":"abc"#, json!({ "openEnd": true })), r#"{"token":"•••"#);
    let request =
        "GET /chat?name=a%20b&token=abc HTTP/1.1\r\nCOOKIE: theme=1; name=b\r\nAuthorization: Basic eDp5\r\n";
    assert_eq!(
        hide(&[], request, closed),
        "GET /chat?name=a%20b&token=••• HTTP/1.1␍␊COOKIE: theme=•; name=•␍␊Authorization: ••••••••••␍␊"
    );
    let offers = "A: secret.x\r\nsec-websocket-protocol: secret.a%3Db,partyline, secret.c\r\nB: secret.y\r\n";
    assert_eq!(
        hide(&[], offers, json!({})),
        "A: secret.x␍␊sec-websocket-protocol: secret.•••••,partyline, secret.•␍␊B: secret.y␍␊"
    );
    page.assert_clean();
}
