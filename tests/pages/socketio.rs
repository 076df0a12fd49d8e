//! The page that speaks Socket.IO by hand, its wire view, and a page as a student brings it.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::folder::WwwFolder;
use crate::support::page::Page;
use crate::support::*;

fn open_page<'a>(browser: &'a Browser, server: &Server) -> Page<'a> {
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.open(&format!("http://lab.test:{}/socketio.html", server.port));
    page.wait_for("state.className === 'open' && document.activeElement === text");
    page
}

fn wait_for_messages(page: &Page, texts: &[&str]) {
    page.wait_for(&format!("messages.children.length >= {}", texts.len()));
    assert_eq!(page.evaluate("Array.from(messages.children, (item) => item.textContent)"), json!(texts));
}

#[test]
fn the_page_talks_with_other_pages_and_with_the_librarys_clients() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let (ada, ben) = (open_page(&browser, &server), open_page(&browser, &server));
    let mut library = server.open("/socket.io/?EIO=4&transport=websocket");
    library.read_text();
    library.send_text("40");
    library.read_text();
    ada.type_and_send("<b>hello</b>, 😀");
    library.expect_text("42[\"chat message\",\"<b>hello</b>, 😀\"]");
    library.send_text("42[\"draw\",{\"x\":1,\"y\":[2,null]},\"red\"]");
    for page in [&ada, &ben] {
        wait_for_messages(page, &["chat message: <b>hello</b>, 😀", "draw: {\"x\":1,\"y\":[2,null]}, red"]);
        page.assert_clean();
    }
}

#[test]
fn the_wire_view_names_the_packets() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let ada = open_page(&browser, &server);
    ada.evaluate("void document.getElementById('wire-button').click()");
    ada.wait_for("document.querySelector('.wire-state')?.textContent.startsWith('Watching')");
    ada.type_and_send("hello");
    let previews = "Array.from(document.querySelectorAll('.frame .preview'), (it) => it.textContent)";
    ada.wait_for(&format!("{previews}.length >= 2"));
    let line = "Engine.IO 4 message, Socket.IO 2 event · “42[\"chat message\",\"hello\"]”";
    assert_eq!(ada.evaluate(previews), json!([line, line]));
    ada.evaluate("void document.querySelector('.frame > summary').click()");
    ada.wait_for("document.querySelector('.frame-body').textContent.includes('Engine.IO 4 message. ')");
    ada.assert_clean();
}

/// The tutorial's page has its script inside. The library itself is not in this project, so here its script is
/// one that only says that it was loaded.
#[test]
fn a_page_that_a_student_adds_may_have_its_script_inside() {
    let folder = WwwFolder::new();
    std::fs::create_dir(folder.path("www/socket.io")).unwrap();
    folder.write("www/socket.io/socket.io.js", "window.io = () => 'loaded'");
    folder.write(
        "www/mine.html",
        "<!DOCTYPE html><link rel=icon href=data:,><style>p { color: rgb(1, 2, 3) }</style><p id=p></p>
         <script src=/socket.io/socket.io.js></script><script>p.textContent = io()</script>",
    );
    let server = folder.serve();
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/mine.html", server.port));
    page.wait_for("p.textContent === 'loaded' && getComputedStyle(p).color === 'rgb(1, 2, 3)'");
}
