//! The files of `www/`: what is served, with which headers, and that nothing outside the folder is.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;

use partyline::http::Response;
use serde_json::json;

use crate::support::browser::Browser;
use crate::support::folder::*;
use crate::support::*;

fn fetch(server: &Server, target: &str) -> Reply {
    send_request(server, target, format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

#[test]
fn only_a_page_that_was_added_may_have_scripts_inside() {
    let server = Server::start(&[]);
    // A student's page in www/ changes nothing here: all of the project's own have its style sheet.
    let is_own = |(_, text): &(String, String)| text.contains("style.css\">");
    let own: Vec<_> = all_files(Path::new("www")).into_iter().filter(is_own).collect();
    assert!(own.len() >= 9, "{own:?}");
    for (path, _) in own {
        let reply = fetch(&server, path.strip_prefix("www").unwrap());
        assert!(!reply.header("Content-Security-Policy").unwrap().contains("unsafe"), "{path}");
    }
    let folder = WwwFolder::new();
    for (name, is_added) in [("mine.html", true), ("sub/index.html", true), ("index.html", false)] {
        folder.write(&format!("www/{name}"), "<script>alert(1)</script>");
        let reply = fetch(&folder.serve(), &format!("/{name}"));
        let policy = reply.header("Content-Security-Policy").unwrap();
        assert_eq!(policy.starts_with("default-src 'self' 'unsafe-inline';"), is_added, "{name}: {policy}");
    }
}

#[test]
fn the_bytes_of_an_answer_are_all_of_it_however_long_it_is() {
    for length in [0, 1, 65_535, 65_536, 65_537, 200_000] {
        let answer = Response::new(200).with_body("text/plain", vec![b'x'; length]);
        let (first, rest) = answer.to_parts(false);
        assert_eq!([&first, rest].concat(), answer.to_bytes(false));
        let head = answer.to_bytes(true);
        assert_eq!(answer.to_bytes(false), [head, vec![b'x'; length]].concat(), "{length}");
    }
}

#[test]
fn each_extension_has_its_media_type() {
    let (folder, html) = (WwwFolder::new(), "text/html; charset=utf-8");
    let server = folder.serve();
    let cases = [
        ("a.html", html),
        ("A.HTML", html),
        ("a.css", "text/css; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.min.js", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.jpg", "image/jpeg"),
        ("a.jpeg", "image/jpeg"),
        ("a.gif", "image/gif"),
        ("a.webp", "image/webp"),
        ("a.ico", "image/x-icon"),
        ("a.html.unknown", "application/octet-stream"),
        ("html", "application/octet-stream"),
    ];
    for (name, media_type) in cases {
        let content = format!("\0\r\n\u{FEFF}content of {name}").into_bytes();
        folder.write(&format!("www/{name}"), &content);
        let reply = fetch(&server, &format!("/{name}"));
        reply.assert_body(name, 200, &content);
        assert_eq!(reply.header("Content-Type"), Some(media_type), "{name}");
        assert_eq!(reply.header("Cache-Control"), Some("no-cache"), "{name}");
    }
    for (target, content) in [("/", "the page"), ("/?a", "the page"), ("/sub/index.html", "below")] {
        let reply = fetch(&server, target);
        reply.assert_body(target, 200, content.as_bytes());
        assert_eq!(reply.header("Content-Type"), Some(html), "{target}");
    }
}

/// All others get the sentence alone: `refusals.rs`.
#[test]
fn browser_that_loads_a_page_which_is_not_there_gets_one_with_the_way_back() {
    let server = Server::start(&["--log", "debug"]);
    let ask = |method: &str, accept: &str| {
        let request = format!("{method} /foo?<b> HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n");
        send_request(&server, &request, &request)
    };
    let page = ask("GET", "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_eq!((page.status, page.header("Content-Type")), (404, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("X-Content-Type-Options"), Some("nosniff"));
    assert_eq!(page.header("Content-Security-Policy"), Some("default-src 'self'"));
    let text = page.text();
    assert!(text.contains(r#"<a class="brand" href="/">Partyline</a>"#) && !text.contains("<b>"), "{text}");
    let sentence = "404 Not Found: there is nothing at this address";
    assert!(text.ends_with(&format!("\n{sentence}\n")), "{text}");
    server.wait_for_log("/foo: 404 Not Found: there is nothing");
    let head = ask("HEAD", "text/html");
    assert_eq!(head.header("Content-Length"), Some(text.len().to_string().as_str()));
    assert!(head.body.is_empty());
    for accept in ["*/*", "text/plain", "image/svg+xml"] {
        ask("GET", accept).assert_body(accept, 404, format!("{sentence}\n").as_bytes());
    }
}

#[test]
fn files_are_read_at_each_request() {
    let folder = WwwFolder::new();
    let server = folder.serve();
    let status = || fetch(&server, "/edited.txt").status;
    assert_eq!(status(), 404);
    for content in ["first", "other", "longer than before", ""] {
        folder.write("www/edited.txt", content);
        let reply = fetch(&server, "/edited.txt");
        reply.assert_body(content, 200, content.as_bytes());
    }
    fs::remove_file(folder.path("www/edited.txt")).unwrap();
    assert_eq!(status(), 404);
}

#[test]
fn file_that_the_client_has_already_gets_304_until_its_content_changes() {
    let folder = WwwFolder::new();
    folder.write("www/a.js", "let a = 1;");
    folder.write("www/same.js", "let a = 1;");
    let ask = |server: &Server, method: &str, target: &str, lines: &str| {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
        send_request(server, &request, &request)
    };
    let tag_of = |reply: &Reply| reply.header("ETag").expect("an entity tag").to_string();
    let server = folder.serve();
    let first = ask(&server, "GET", "/a.js", "");
    let tag = tag_of(&first);
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag} is strong (RFC 9110, 8.8.3)");
    assert_eq!(tag_of(&ask(&server, "HEAD", "/a.js", "")), tag);
    for method in ["GET", "HEAD"] {
        for known in ["TAG", "*", "W/TAG", "\"x\", TAG", "TAG,\"x\"", "\"x\"\r\nIf-None-Match: TAG"] {
            let line = format!("If-None-Match: {}\r\n", known.replace("TAG", &tag));
            let reply = ask(&server, method, "/a.js", &line);
            reply.assert_body(&line, 304, b"");
            // What it says counts for the copy that the client has (RFC 9110, 15.4.5; RFC 9111, 3.2).
            for name in ["ETag", "Cache-Control", "Content-Security-Policy", "Content-Length"] {
                assert_eq!(reply.header(name), first.header(name), "{name}");
            }
        }
        for known in ["\"\"", "\"x\"", "TAG\"", "x TAG", "w/TAG", ""] {
            let line = format!("If-None-Match: {}\r\n", known.replace("TAG", &tag));
            assert_eq!(ask(&server, method, "/a.js", &line).status, 200, "{line}");
        }
    }
    let line = format!("If-None-Match: {tag}\r\n");
    // Nothing is kept of what is not there, and the tag is that of the content, after a restart too.
    assert_eq!(ask(&server, "GET", "/none.js", "If-None-Match: *\r\n").status, 404);
    assert_eq!(tag_of(&ask(&folder.serve(), "GET", "/same.js", "")), tag);
    // Another content of the same length, in the same second.
    folder.write("www/a.js", "let a = 2;");
    let reply = ask(&server, "GET", "/a.js", &line);
    reply.assert_body("changed", 200, b"let a = 2;");
    assert_ne!(tag_of(&reply), tag);
    folder.write("www/a.js", "let a = 1;");
    assert_eq!(ask(&server, "GET", "/a.js", &line).status, 304);
    // A long file, which is sent in two parts.
    folder.write("www/long.js", "x".repeat(100_000));
    let long = ask(&server, "GET", "/long.js", "");
    assert_eq!(long.body.len(), 100_000);
    let line = format!("If-None-Match: {}\r\n", tag_of(&long));
    ask(&server, "GET", "/long.js", &line).assert_body("long", 304, b"");
}

#[test]
fn reloaded_page_has_changed_files_and_no_others_sent_again() {
    let folder = WwwFolder::new();
    folder.write("www/index.html", "<script src=a.js></script><script src=b.js></script>");
    folder.write("www/a.js", "document.title += 'a1';");
    folder.write("www/b.js", "document.title += 'b1';");
    let server = folder.serve();
    let browser = Browser::start();
    let page = browser.new_user();
    let url = format!("http://localhost:{}/", server.port);
    page.open(&url);
    assert_eq!(page.evaluate("document.title"), "a1b1");
    folder.write("www/b.js", "document.title += 'b2';");
    page.open(&url);
    assert_eq!(page.evaluate("document.title"), "a1b2");
    let statuses = page.events("Network.responseReceivedExtraInfo");
    let statuses: Vec<u64> = statuses.iter().map(|it| it["statusCode"].as_u64().unwrap()).collect();
    assert_eq!(statuses.iter().filter(|it| **it == 304).count(), 2, "the page and a.js: {statuses:?}");
}

#[test]
fn file_names_may_contain_any_character() {
    let folder = WwwFolder::new();
    let server = folder.serve();
    for (name, target) in [
        ("two words.txt", "/two%20words.txt"),
        ("größe & maß.txt", "/gr%C3%B6%c3%9fe%20%26%20ma%C3%9F.txt"),
        ("日本.txt", "/%E6%97%A5%E6%9C%AC.txt"),
        ("a+b.txt", "/a+b.txt"),
        ("a=b,c;d!.txt", "/a=b,c;d!.txt"),
        ("what?.txt", "/what%3F.txt"),
        ("#1.txt", "/%231.txt"),
        ("100%.txt", "/100%25.txt"),
        ("%41.txt", "/%2541.txt"), // percent-encoding is decoded once
        ("a..b", "/a..b"),
        ("~", "/~"),
    ] {
        folder.write(&format!("www/{name}"), name);
        let reply = fetch(&server, target);
        reply.assert_body(target, 200, name.as_bytes());
    }
    assert_eq!(fetch(&server, "/A.txt").status, 404);
}

#[test]
fn files_up_to_16_mib_are_served() {
    const FILE_MAX: u64 = 16 << 20;
    let folder = WwwFolder::new();
    let server = folder.serve();
    for size in [0, 1, FILE_MAX] {
        // Only the length is set, so that the file takes no space on the disk.
        File::create(folder.path("www/a.bin")).unwrap().set_len(size).unwrap();
        let reply = fetch(&server, "/a.bin");
        assert_eq!((reply.status, reply.body.len() as u64), (200, size), "{size}");
    }
    for size in [FILE_MAX + 1, 1 << 32] {
        File::create(folder.path("www/a.bin")).unwrap().set_len(size).unwrap();
        let reply = fetch(&server, "/a.bin");
        reply.assert_status(&size.to_string(), 500);
        reply.assert_contains(&size.to_string(), "larger than 16777216 bytes");
    }
}

#[test]
fn only_regular_files_inside_www_are_served() {
    let folder = WwwFolder::new();
    folder.write("www/.hidden", SECRET);
    fs::create_dir(folder.path("www/.git")).unwrap();
    folder.write("www/.git/config", SECRET);
    fs::create_dir(folder.path("www2")).unwrap(); // `www` is a prefix of the name
    folder.write("www2/page.html", SECRET);
    let pipe = folder.path("www/pipe");
    assert!(is_possible("mkfifo", &[pipe.to_str().unwrap()]));
    for (link, to) in [
        ("inside", "inside.txt"),
        ("sub/up", "../inside.txt"),
        ("twice", "inside"),
        ("folder", "sub"),
        ("outside", "../secret.txt"),
        ("outside-absolute", folder.path("secret.txt").to_str().unwrap()),
        ("outside-twice", "outside"),
        ("beside", "../www2"),
        ("parent", ".."),
        ("hidden", ".hidden"),
        ("git", ".git"),
        ("to-pipe", "pipe"),
        ("nowhere", "nothing"),
        ("circle", "circle"),
        ("device", "/dev/zero"),
        ("here", "."),
    ] {
        symlink(to, folder.path("www").join(link)).unwrap();
    }
    let server = folder.serve();
    for (target, content) in [
        ("/inside", "inside"),
        ("/sub/up", "inside"),
        ("/twice", "inside"),
        ("/folder/index.html", "below"),
        ("/here/inside.txt", "inside"),
    ] {
        let reply = fetch(&server, target);
        reply.assert_body(target, 200, content.as_bytes());
    }
    let long = format!("/{}", "a".repeat(5000));
    let refused = "/nothing /sub /sub/ /folder /here /here/ /index.html/ /index.html/index.html \
         /inside.txt/.. /.hidden /%2Ehidden /.git/config /sub/../.hidden /here/.hidden /hidden \
         /git/config /outside /outside-absolute /outside-twice /beside/page.html /parent/secret.txt \
         /pipe /to-pipe /nowhere /circle /device";
    for target in refused.split(' ').chain([long.as_str()]) {
        let reply = fetch(&server, target);
        reply.assert_status(target, 404);
        let text = reply.text();
        assert!(!text.contains(SECRET) && !text.contains("index"), "{target}: {text}");
    }
    server.assert_serves();
}

#[test]
fn no_spelling_of_a_path_leads_out_of_www() {
    let folder = WwwFolder::new();
    let server = folder.serve();
    let outside = folder.path("secret.txt").to_str().unwrap().to_string();
    let mut targets = vec![
        format!("/{outside}"),
        outside.clone(),
        outside.replace('/', "%2F"),
        format!("/{}", outside.replace('/', "%2f")),
        format!("/sub/{outside}"),
        format!("/sub%2F{}", outside.replace('/', "%2f")),
        format!("http://localhost{outside}"),
        format!("http://localhost/{outside}"),
        format!("file://{outside}"),
        format!("file:{outside}"),
        "secret.txt".to_string(),
        "../secret.txt".to_string(),
        "http://localhost/../secret.txt".to_string(),
        "http://localhost/sub/../../secret.txt".to_string(),
        "http://localhost/%2E%2E/secret.txt".to_string(),
        "http://localhost../secret.txt".to_string(),
        "http://..%2fsecret.txt".to_string(),
        "/sub/../inside.txt".to_string(), // refused, although it would end inside
        "/./inside.txt".to_string(),
        "//inside.txt".to_string(),
        "/sub//index.html".to_string(),
        "/sub%5Cindex.html".to_string(),
        r"/sub\index.html".to_string(),
        "/C:/secret.txt".to_string(),
        "/inside.txt::$DATA".to_string(),
    ];
    // Spellings of two dots, each with each spelling of the slash after them.
    let dots = ".. .%2e %2E. %2e%2e %252e%252e %25%32%65. %c0%ae%c0%ae %e0%80%ae%e0%80%ae \
         %u002e%u002e %EF%BC%8E%EF%BC%8E .... ... ..; ..%00 %20.. ..%20 ..%09";
    let slashes = r"/ // /./ %2f %2F %252f \ %5c %255C %c0%af %ef%bc%8f";
    for dots in dots.split(' ') {
        for slash in slashes.split(' ') {
            targets.push(format!("/{dots}{slash}secret.txt"));
            targets.push(format!("/{dots}{slash}secret.txt?a=/inside.txt"));
            targets.push(format!("/sub/{dots}{slash}{dots}{slash}secret.txt"));
            targets.push(format!("{slash}{dots}{slash}secret.txt"));
            targets.push(format!("/{dots}{slash}www{slash}inside.txt"));
        }
    }
    for target in targets {
        let reply = fetch(&server, &target);
        assert!([400, 404].contains(&reply.status), "{target}: {}", reply.head);
        assert!(!reply.text().contains(SECRET), "{target}: {}", reply.text());
    }
    assert_eq!(fetch(&server, "/inside.txt").status, 200);
}

#[test]
fn a_www_that_is_no_folder_ends_the_start_with_one_sentence() {
    let folder = WwwFolder::new();
    for name in ["missing", "secret.txt"] {
        let www = folder.path(name);
        let options = ["--port", "0", "--www", www.to_str().unwrap()];
        let (code, output, errors) = run_to_end(&options, &[]);
        assert_eq!((code, output.as_str()), (Some(1), ""), "{name}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{name}: one sentence: {errors}");
        for part in [www.to_str().unwrap(), "cannot be opened", "--www DIR"] {
            assert!(errors.contains(part), "{name}: {part}: {errors}");
        }
    }
}

/// One answer of each status and of each kind.
#[test]
fn every_answer_has_the_security_headers() {
    let folder = WwwFolder::new();
    File::create(folder.path("www/large.bin")).unwrap().set_len(1 << 25).unwrap();
    let www = folder.path("www");
    let options = ["--www", www.to_str().unwrap(), "--head-timeout", "1", "--head-bytes", "1000"];
    let server = Server::start(&options);
    let full = Server::start(&["--connections", "1"]);
    let _only_one = full.open("/echo");
    let host = "HTTP/1.1\r\nHost: localhost\r\n";
    for (status, request) in [
        (200, format!("GET /inside.txt {host}\r\n")),
        (200, format!("HEAD / {host}\r\n")),
        (200, "GET / HTTP/1.0\r\n\r\n".to_string()),
        (200, "GET / HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n".to_string()),
        (400, format!("GET / {host}no colon\r\n\r\n")),
        (400, upgrade_request("/echo", "Sec-WebSocket-Key: x\r\n")),
        (403, upgrade_request("/chat", "Origin: http://evil.example\r\n")),
        (404, format!("GET /secret.txt {host}\r\n")),
        (404, upgrade_request("/nothing", "")),
        (405, format!("POST / {host}\r\n")),
        (408, format!("GET / {host}")),
        (421, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_string()),
        (426, format!("GET /chat {host}\r\n")),
        (426, upgrade_request("/chat", "").replace(": 13", ": 8")),
        (431, format!("GET / {host}x: {}\r\n\r\n", "y".repeat(1000))),
        (500, format!("GET /large.bin {host}\r\n")),
        (503, upgrade_request("/echo", "")),
        (505, "GET / HTTP/2.0\r\n\r\n".to_string()),
    ] {
        // `send_request` checks the headers.
        let server = if status == 503 { &full } else { &server };
        send_request(server, &request, &request).assert_status(&request, status);
    }
}

#[test]
fn the_pages_work_under_their_content_security_policy() {
    let server = Server::start(&["--host", "lab.test"]);
    let browser = Browser::start();
    let script = "window.violations = [];
        document.addEventListener('securitypolicyviolation', (event) =>
            violations.push(`${event.violatedDirective} ${event.blockedURI}`));";
    for address in ["localhost:PORT/", "lab.test:PORT/echo.html", "127.0.0.1:PORT/broadcast.html"] {
        let page = browser.new_user();
        page.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }));
        page.open(&format!("http://{address}").replace("PORT", &server.port.to_string()));
        page.wait_for("state.textContent === 'Connected' && document.activeElement === text");
        page.type_text("a text");
        page.press("Enter");
        page.wait_for("document.body.textContent.includes('a text') && text.value === ''");
        assert_eq!(page.evaluate("violations"), json!([]), "{address}");
        page.assert_clean();
        // The chat's only cookie is the name, and the browser does not send it for another site's page.
        let cookies = page.call("Network.getCookies", json!({}))["cookies"].take();
        let expected = if address.ends_with("PORT/") { "name Strict" } else { "" };
        let cookies = cookies.as_array().unwrap().iter();
        let cookies = cookies.map(|it| format!("{} {}", it["name"], it["sameSite"]).replace('"', ""));
        assert_eq!(cookies.collect::<String>(), expected);
        // An inline script is forbidden, and the listener above notices it.
        page.evaluate("document.body.append(Object.assign(document.createElement('script'), { text: '0' }))");
        page.wait_for("violations.join() === 'script-src-elem inline'");
    }
}
