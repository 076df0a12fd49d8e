//! The address of a chat, as people type it.

use partyline::client::Address;

#[test]
fn an_address_is_understood_in_the_forms_that_people_type_and_paste() {
    for (url, server, folder) in [
        ("teacher", "teacher:3000", "/"),
        ("teacher:4000", "teacher:4000", "/"),
        ("Teacher.LOCAL.:4000/", "teacher.local:4000", "/"),
        ("192.0.2.7", "192.0.2.7:3000", "/"),
        ("[::1]:4000", "[::1]:4000", "/"),
        ("[::1]", "[::1]:3000", "/"),
        ("::1", "[::1]:3000", "/"),
        ("2001:db8::7/", "[2001:db8::7]:3000", "/"),
        ("ws://teacher:4000", "teacher:4000", "/"),
        ("WS://teacher/chat", "teacher:80", "/"),
        ("http://teacher:4000/index.html?x=/y/#z", "teacher:4000", "/"),
        ("http://chat.example/lab/", "chat.example:80", "/lab/"),
        ("http://chat.example/lab/echo.html", "chat.example:80", "/lab/"),
        ("teacher?x", "teacher:3000", "/"),
    ] {
        let address = Address::parse(url).unwrap_or_else(|why| panic!("{url}: {why}"));
        assert_eq!((address.server.as_str(), address.folder.as_str()), (server, folder), "{url}");
        assert_eq!(address.page("photo/1"), format!("http://{server}{folder}photo/1"));
    }
}

#[test]
fn what_is_no_address_is_refused_with_a_sentence() {
    for (url, why) in [
        ("", "“” is no host and port"),
        ("http://", "is no host and port"),
        ("a b", "without blanks"),
        ("teacher/a b", "without blanks"),
        ("teacher/\r\nHost: x", "without blanks"),
        ("bücher.example", "xn--"),
        ("teacher:99999", "is no host and port"),
        ("me@teacher", "is no host and port"),
        ("wss://teacher", "there is no TLS here: use ws://HOST:PORT"),
        ("https://teacher/", "there is no TLS here"),
        ("ftp://x", "is no address of a chat"),
        ("\u{1b}[2J://x", "“\\u{1b}[2J://x” is no address"),
    ] {
        let refused = Address::parse(url).err().unwrap_or_else(|| panic!("{url} is taken"));
        assert!(refused.contains(why), "{url}: {refused}");
    }
}
