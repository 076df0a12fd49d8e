//! The page that shows the program's source.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::*;

#[test]
fn a_link_leads_to_the_line_with_its_text() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://lab.test:{}/source.html?file=src/echo.rs&at=pub+fn+serve", server.port));
    page.wait_for("document.querySelector('.marked')?.textContent.includes('pub fn serve(socket')");
    assert_eq!(page.evaluate("title.textContent"), "src/echo.rs");
    // What is shown is the file.
    let text = page
        .evaluate("Array.from(document.querySelectorAll('#lines td'), (it) => it.textContent).join('\\n')");
    assert_eq!(text.as_str().unwrap().to_string() + "\n", std::fs::read_to_string("src/echo.rs").unwrap());
    let kinds = "['comment', 'keyword'].map((kind) => document.querySelector(`#lines .${kind}`).textContent)";
    assert_eq!(
        page.evaluate(kinds),
        json!(["//! `/echo`: every message goes back to its sender. Lab step 1.", "use"])
    );
    // The reading order begins with lesson 0, has every row of the guide, and its links work.
    page.wait_for("document.querySelector('#order a')?.textContent === 'bin/tiny.rs'");
    let guide = std::fs::read_to_string("src/README.md").unwrap();
    let order = guide.split("\n## ").find(|section| section.starts_with("In which order")).unwrap();
    let rows = order.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |")).count();
    assert_eq!(page.evaluate("document.querySelectorAll('#order li').length"), rows);
    page.evaluate("void document.querySelector('#order a').click()");
    page.wait_for("location.search.includes('tiny') && document.querySelectorAll('#lines tr').length > 100");
    // The number of a line is a link to it.
    page.evaluate("void document.querySelector('#L30 a').click()");
    page.wait_for("document.querySelector('.marked')?.id === 'L30'");
    page.assert_clean();
}

#[test]
fn list_of_files_stays_where_it_was_and_long_lines_go_on_below() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.set_size(1280, 800);
    page.open(&format!("http://localhost:{}/source.html?file=src/http/response.rs", server.port));
    page.wait_for("document.querySelector('#all a') && document.querySelectorAll('#lines tr').length > 50");
    let sideways = "[document.getElementById('scroll'), document.documentElement]
        .map((it) => it.scrollWidth - it.clientWidth)";
    assert_eq!(page.evaluate(sideways), json!([0, 0]));
    let link =
        "Array.from(document.querySelectorAll('#all a')).find((it) => it.textContent === 'request.rs')";
    page.evaluate(&format!("{link}.scrollIntoView({{ block: 'center' }})"));
    let before = page.evaluate("files.scrollTop").as_f64().unwrap();
    assert!(before > 100.0);
    page.evaluate(&format!("{link}.click()"));
    page.wait_for("title.textContent === 'src/http/request.rs' && document.querySelector('#all a')");
    assert_eq!(page.evaluate("files.scrollTop").as_f64().unwrap(), before);
    page.assert_clean();
}

#[test]
fn every_file_is_shown_as_it_is() {
    let server = Server::start(&[]);
    let browser = Browser::start();
    let page = browser.new_user();
    page.open(&format!("http://localhost:{}/source.html", server.port));
    page.wait_for("document.querySelector('#all a')");
    let wrong = page.evaluate(
        "(async () => {
            const { splitIntoPieces } = await import('./reader/colours.js');
            const paths = (await (await fetch('source/')).text()).split('\\n');
            const wrong = [];
            for (const path of paths) {
                const text = await (await fetch(`source/${path}`)).text();
                const lines = splitIntoPieces(text, path).map((pieces) => pieces.map((it) => it.text).join(''));
                if (lines.join('\\n') !== text) wrong.push(path);
            }
            return paths.length > 150 ? wrong : 'too few files';
        })()",
    );
    assert_eq!(wrong, json!([]));
    page.assert_clean();
}

#[test]
fn a_text_that_is_gone_and_a_switched_off_source_are_said() {
    let browser = Browser::start();
    let page = browser.new_user();
    let server = Server::start(&[]);
    page.open(&format!("http://localhost:{}/source.html?file=src/echo.rs&at=fn+gone", server.port));
    page.wait_for("about.textContent.startsWith('“fn gone” is not in this file any more.')");
    page.open(&format!("http://localhost:{}/source.html?file=src/none.rs", server.port));
    page.wait_for("about.textContent.includes('there is no such source here')");
    let off = Server::start(&["--no-source"]);
    page.open(&format!("http://localhost:{}/source.html", off.port));
    page.wait_for("about.textContent.includes('--no-source')");
}
