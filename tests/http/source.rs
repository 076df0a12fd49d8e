//! `/source/`: the program's own source, as plain text.

use std::fs;
use std::path::Path;

use partyline::http::form_value;

use crate::support::folder::{WwwFolder, all_files};
use crate::support::*;

fn fetch(server: &Server, target: &str) -> Reply {
    send_request(server, target, format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

#[test]
fn every_file_in_the_list_is_served_as_plain_text() {
    let server = Server::start(&[]);
    let list = fetch(&server, "/source/");
    list.assert_status("the list", 200);
    let list = list.text();
    assert!(list.lines().count() > 150 && list.lines().is_sorted(), "{list}");
    for path in list.lines() {
        let reply = fetch(&server, &format!("/source/{path}"));
        reply.assert_body(path, 200, &fs::read(path).unwrap());
        assert_eq!(reply.header("Content-Type"), Some("text/plain; charset=utf-8"));
        assert_eq!(reply.header("X-Content-Type-Options"), Some("nosniff"));
    }
    for path in ["src/main.rs", "src/chat/room.rs", "src/README.md", "www/index.html", "www/chat/main.js"] {
        assert!(list.lines().any(|it| it == path), "{path}");
    }
}

#[test]
fn nothing_else_is_served() {
    let folder = WwwFolder::new();
    folder.write("www/photo.jpg", "no source");
    folder.write("www/.hidden.js", "no source");
    let server = folder.serve();
    let list = fetch(&server, "/source/").text();
    let ours = list.lines().filter(|path| path.starts_with("www/"));
    assert_eq!(ours.collect::<Vec<_>>(), ["www/index.html", "www/sub/index.html"]);
    for path in [
        "www/photo.jpg",
        "www/.hidden.js",
        "www/inside.txt",
        "www/../secret.txt",
        "www/%2e%2e/secret.txt",
        "Cargo.toml",
        "src/../Cargo.toml",
        "src//main.rs",
        "src/",
        "src",
        "www",
        "tests/main.rs",
        "src/main.rs/",
        "/src/main.rs",
    ] {
        fetch(&server, &format!("/source/{path}")).assert_status(path, 404);
    }
}

#[test]
fn the_option_no_source_switches_it_off() {
    let server = Server::start(&["--no-source"]);
    fetch(&server, "/source/").assert_body("the list", 200, b"");
    let reply = fetch(&server, "/source/src/main.rs");
    reply.assert_status("a file", 404);
    reply.assert_contains("a file", "--no-source");
}

/// Pages link to `source.html?file=…&at=…`, scripts call `sourceLink("…", "…")`: each names a file and a text in it.
#[test]
fn each_link_into_the_source_names_a_line_that_is_there() {
    let mut links = Vec::new();
    for (path, text) in all_files(Path::new("www")) {
        for query in text.split("source.html?").skip(1) {
            let query = query.split(['"', '`', ' ', '#']).next().unwrap().replace("&amp;", "&");
            if !query.contains("${") {
                links.push((path.clone(), form_value(&query, "file"), form_value(&query, "at")));
            }
        }
        for call in text.split("sourceLink(\"").skip(1) {
            let mut parts = call.split(')').next().unwrap().split('"');
            let (file, at) = (parts.next().map(str::to_string), parts.nth(1).map(str::to_string));
            links.push((path.clone(), file, at));
        }
    }
    assert!(links.len() >= 3, "{links:?}");
    for (path, file, at) in links {
        let file = file.unwrap_or_else(|| panic!("{path}: a link without a file"));
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {file}: {error}"));
        let at = at.unwrap_or_default();
        assert!(text.contains(&at), "{path}: there is no {at:?} in {file}");
    }
}
