//! The chat's page where something stands between it and the server: a proxy that serves it under a path,
//! that writes a log, or that lets no WebSocket through.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use crate::support::browser::Browser;
use crate::support::proxy::Proxy;
use crate::support::*;

/// Passes on what is below `/lab/`, without that part of the path, as nginx and notebook servers do.
fn strip_path(head: String) -> Result<String, String> {
    let (method, rest) = head.split_once(' ').unwrap();
    let rest = rest.strip_prefix("/lab/").ok_or_else(|| answer("404 Not Found", "something else"))?;
    Ok(format!("{method} /{rest}"))
}

/// Answers in the server's place.
fn answer(status: &str, body: &str) -> String {
    let head = "Content-Type: text/html\r\nConnection: close";
    format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn all_pages_work_under_a_path() {
    let server = Server::start(&["--host", "lab.test"]);
    let proxy = Proxy::rewriting(server.port, strip_path);
    let browser = Browser::start();
    let page = browser.new_user();
    let address = format!("http://lab.test:{}/lab/", proxy.port);
    page.open(&address);
    page.wait_until_connected();
    let name = page.own_name();
    page.type_and_send("under a path");
    page.wait_for("list.textContent.includes('✓ Received')");
    // The cookie is for this path alone, and a new visit has it.
    assert_eq!(page.evaluate("document.cookie.startsWith('name=')"), true);
    let tab = page.another_tab();
    tab.open(&address);
    tab.wait_until_connected();
    assert_eq!(tab.own_name(), format!("{name} 2"));
    page.open_private_chat(&tab.own_name());
    page.evaluate("document.getElementById('to-room').click()");
    page.wait_for("title.textContent === 'Everyone' && location.pathname === '/lab/'");
    page.evaluate("document.getElementById('wire-button').click()");
    page.wait_for("document.querySelector('.wire-state').textContent.startsWith('Watching /')");
    // The links between the pages, and the lab's.
    for file in ["echo.html", "broadcast.html"] {
        tab.evaluate(&format!("void document.querySelector('a[href=\"{file}\"]').click()"));
        tab.wait_for(&format!("location.pathname === '/lab/{file}' && state.className === 'open'"));
        tab.type_and_send("hello");
        tab.wait_for("messages.querySelectorAll('li:not(.sent)').length === 1");
    }
    tab.evaluate("void document.querySelector('a.brand').click()");
    tab.wait_until_connected();
    assert_eq!(tab.evaluate("location.pathname"), "/lab/");
    // Beside it, other programs do not get the cookie.
    tab.open(&format!("http://lab.test:{}/other", proxy.port));
    assert_eq!(tab.evaluate("document.cookie"), "");
    page.assert_clean();
}

#[test]
fn what_one_chat_of_a_host_could_not_send_goes_to_no_other() {
    let [server, other] = [Server::start(&[]), Server::start(&[])];
    let to_first = Proxy::rewriting(server.port, strip_path);
    let to_second = Proxy::rewriting(other.port, |head| Ok(head.replacen("/two/", "/", 1)));
    let second = to_second.port;
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/lab/", to_first.port));
    page.wait_until_connected();
    page.evaluate("dispatchEvent(new Event('offline'))");
    page.wait_for("line.className === 'waiting'");
    page.type_and_send("for the first chat");
    let stored = page.evaluate("[Object.entries(sessionStorage), Object.entries(localStorage)]");
    // The second chat of the same host: to the browser, ports are hosts, so what is stored is copied.
    let tab = browser.new_user();
    tab.run_in_every_document(&format!(
        "const [session, local] = {stored};
        for (const [key, value] of session) sessionStorage.setItem(key, value);
        for (const [key, value] of local) localStorage.setItem(key, value);"
    ));
    tab.open(&format!("http://localhost:{second}/two/"));
    tab.wait_until_connected();
    tab.type_and_send("for the second");
    tab.wait_for("list.textContent.includes('✓ Received')");
    assert_eq!(tab.evaluate("list.textContent.includes('for the first')"), false);
}

#[test]
fn token_and_passphrase_stand_in_no_proxys_log() {
    let server = Server::start(&["--passphrase", "open sesame (ja!) *'~"]);
    let log = Arc::new(Mutex::new(String::new()));
    let proxys = Arc::clone(&log);
    let proxy = Proxy::rewriting(server.port, move |head| {
        *proxys.lock().unwrap() += head.lines().next().unwrap();
        Ok(head)
    });
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", proxy.port));
    page.wait_for("document.activeElement === passphrase");
    page.type_and_send("open sesame (ja!) *'~");
    page.wait_until_connected();
    let name = page.own_name();
    let token = page.evaluate_text("JSON.parse(sessionStorage['chat.token'])");
    // With the secrets from the storage.
    assert_eq!(page.open_chat("localhost", proxy.port), name);
    let log = log.lock().unwrap();
    assert!(log.contains("GET /chat?wire="), "{log}");
    assert!(!log.contains("sesame") && !log.contains(&token), "{log}");
    page.assert_clean();
}

#[test]
fn page_says_what_stands_in_the_way() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    type Rewrite = fn(String) -> Result<String, String>;
    let cases: [(Rewrite, &str); 8] = [
        // HTTP/1.0, the default of nginx, has no upgrades.
        (|head| Ok(head.replace("HTTP/1.1", "HTTP/1.0")), "pass on Upgrade and Connection"),
        (|head| Ok(head.replace("Upgrade: websocket\r\n", "")), "pass on Upgrade and Connection"),
        // The proxy names the server as it knows it.
        (|head| Ok(head.replace("Host: localhost", "Host: lab.test")), "--origin http://localhost"),
        (
            |head| match head.contains(" /chat?") {
                true => Err(answer("404 Not Found", "<h1>nothing here</h1>")),
                false => Ok(head),
            },
            "passes on this page, but not /chat",
        ),
        (
            |head| match head.contains(" /chat?") {
                true => Err(answer("403 Forbidden", "<h1>Chats are blocked in this school</h1>")),
                false => Ok(head),
            },
            "status 403",
        ),
        // The server is starting again.
        (
            |head| match head.contains(" /chat?") {
                true => Err(answer("502 Bad Gateway", "<h1>nginx</h1>")),
                false => Ok(head),
            },
            "may be starting again",
        ),
        (
            |head| match head.contains(" /chat?") {
                true => Err(answer("200 OK", "<h1>Please log in</h1>")),
                false => Ok(head),
            },
            "status 200",
        ),
        // To a page of another site, where the browser may not look.
        (
            |head| match head.contains(" /chat?") {
                true => Err(answer("302 Found\r\nLocation: http://portal.example/login", "")),
                false => Ok(head),
            },
            "status 302",
        ),
    ];
    for (rewrite, words) in cases {
        let proxy = Proxy::rewriting(server.port, rewrite);
        let page = browser.new_user();
        page.open(&format!("http://localhost:{}/", proxy.port));
        page.wait_for(
            "line.className === 'waiting' && state.textContent.startsWith('The connection is lost')",
        );
        page.retry_now();
        page.wait_for(&format!("line.className === 'waiting' && state.textContent.includes('{words}')"));
        // It goes on trying, and the sentence stays meanwhile.
        page.retry_now();
        page.wait_for(&format!("line.className === 'waiting' && state.textContent.includes('{words}')"));
    }
}

/// Opens `/echo` as soon as there is a place: a connection still counts for a moment after its last answer.
fn take_place(server: &Server) -> TcpStream {
    let mut taken = None;
    wait_until("a place is free", || {
        let mut stream = server.connect();
        stream.write_all(upgrade_request("/echo", "").as_bytes()).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        taken = (status == *b"HTTP/1.1 101").then_some(stream);
        taken.is_some()
    });
    taken.unwrap()
}

#[test]
fn page_that_was_refused_for_want_of_a_place_says_so_and_comes_in_later() {
    let server = Server::start(&["--connections", "20"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", server.port);
    page.wait_for_icon();
    let mut others: Vec<_> = (0..19).map(|_| take_place(&server)).collect();
    page.evaluate("dispatchEvent(new Event('offline'))"); // gives up its connection
    page.wait_for("line.className === 'waiting'");
    server.wait_for_log("left /chat");
    others.push(take_place(&server));
    for _ in 0..2 {
        page.retry_now();
        page.wait_for("line.className === 'waiting' && !countdown.textContent.includes('Trying …')");
    }
    page.wait_for("state.textContent.includes('every place is taken')");
    drop(others);
    page.retry_now();
    page.wait_for("line.className === 'open'");
}

/// A server that closes the connection over a wrong passphrase was reached: nothing stands in the way.
#[test]
fn wrong_passphrases_are_no_obstacle() {
    let server = Server::start(&["--passphrase", "right"]);
    let is_blocked = Arc::new(Mutex::new(false));
    let proxys = Arc::clone(&is_blocked);
    let proxy = Proxy::rewriting(server.port, move |head| {
        match *proxys.lock().unwrap() && head.contains("Upgrade: websocket") {
            true => Err(String::new()),
            false => Ok(head),
        }
    });
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/", proxy.port));
    page.wait_for("document.activeElement === passphrase");
    for _ in 0..2 {
        page.type_and_send("wrong");
        page.wait_for("document.getElementById('passphrase-note').textContent !== ''");
    }
    *is_blocked.lock().unwrap() = true;
    page.evaluate("window.sentences = []");
    page.evaluate("void new MutationObserver(() => sentences.push(state.textContent)).observe(state, { childList: true })");
    page.type_and_send("right");
    page.wait_for("state.textContent.includes('no WebSocket gets through')");
    assert_eq!(page.evaluate("sentences[0].slice(0, 22)"), "The connection is lost");
    *is_blocked.lock().unwrap() = false;
    page.retry_now();
    page.wait_until_connected();
}

#[test]
fn server_that_is_not_there_is_just_a_lost_connection() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open_chat("localhost", proxy.port);
    proxy.cut();
    for _ in 0..4 {
        page.wait_for(
            "line.className === 'waiting' && state.textContent.startsWith('The connection is lost')",
        );
        page.retry_now();
    }
    proxy.mend();
    page.wait_for("line.className === 'waiting' ? retry.click() : line.className === 'open'");
}

#[test]
fn page_says_that_one_of_its_files_did_not_arrive() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    for (path, file) in [("", "/chat/outbox.js"), ("", "/shared/storage.js"), ("echo.html", "/echo.js")] {
        let refuse = move |head: String| match head.contains(file) {
            true => Err(answer("503 Service Unavailable", "no place")),
            false => Ok(head),
        };
        let proxy = Proxy::rewriting(server.port, refuse);
        let page = browser.new_user();
        page.open(&format!("http://localhost:{}/{path}", proxy.port));
        page.wait_for("state.textContent.includes('did not arrive')");
    }
}
