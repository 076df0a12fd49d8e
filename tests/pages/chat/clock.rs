//! A page on a machine whose clock is wrong: what stands among the server's messages has the server's time.

use crate::support::browser::Browser;
use crate::support::proxy::Proxy;
use crate::support::*;

#[test]
fn notices_and_own_messages_have_the_time_of_the_server() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(server.port);
    let browser = Browser::start();
    let page = browser.new_user();
    page.run_in_every_document(
        "const now = Date.now.bind(Date);
         Date.now = () => now() + 3 * 24 * 60 * 60_000;
         window.offsets = () => Array.from(list.querySelectorAll('time'), (it) => new Date(it.dateTime) - now());",
    );
    page.open_chat("localhost", proxy.port);
    // The deaf proxy below would not answer this.
    page.wait_for("performance.getEntriesByType('resource').some((it) => it.name.endsWith('/share.json'))");
    let mut ben = server.open("/chat?name=ben");
    page.wait_for_notice("ben has picked up");
    ben.send_text("one");
    page.wait_for_texts(1);
    let _cy = server.open("/chat?name=cy");
    page.wait_for_notice("cy has picked up");
    ben.send_text("two");
    page.wait_for_texts(2);
    proxy.deafen(); // no ack comes: the time beside this message is the page's own
    page.type_and_send("mine");
    page.wait_for_texts(3);
    let offsets = page.evaluate("offsets().map(Math.abs)");
    let offsets = offsets.as_array().unwrap();
    assert_eq!(offsets.len(), 5);
    assert!(offsets.iter().all(|it| it.as_f64().unwrap() < 60_000.0), "{offsets:?}");
    // At midnight there may be two.
    assert!(page.evaluate("list.querySelectorAll('.day').length").as_u64().unwrap() <= 2);
    page.assert_clean();
}
