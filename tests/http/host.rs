//! Host: which names are this server's own, against DNS rebinding.

use std::process::Command;

use crate::support::*;

#[test]
fn own_names_and_addresses_are_served_and_others_get_421() {
    let server = Server::start(&["--host", "Lab.Test.", "--host", "one.example,two.example"]);
    let output = Command::new("hostname").output().expect("hostname is installed");
    let name = String::from_utf8(output.stdout).expect("text").trim().to_string();
    let short = name.split('.').next().unwrap().to_string();
    let allowed = format!(
        "localhost LocalHost localhost. localhost:3000 foo.localhost a.b.LOCALHOST.:80 \
         127.0.0.1 127.0.0.1:3000 127.9.9.9 192.168.1.7 192.0.2.1. \
         [::1] [::1]:3000 [2001:DB8::7] [::ffff:192.0.2.1] \
         [fe80::1%25eth0] [fe80::1%25eth0]:3000 [fe80::1%eth0] [FE80::1%en0.1]:3000 [fe80::1%2] [fe80::1%25wlan%2d0] \
         lab.test LAB.test.:3000 one.example two.example \
         {name} {short} {} {short}.local {short}.LOCAL.:3000",
        name.to_uppercase()
    );
    // A browser turns 127.1 and the like into addresses before it sends them, so no honest client sends
    // them as they are.
    let refused = format!(
        "evil.example EVIL.example.:3000 evillocalhost localhost.evil.example \
         localhost.localdomain 127.0.0.1.evil.example \
         127.1 127.0.0.01 127.0.0.256 0x7f000001 0x7f.0.0.1 2130706433 017700000001 \
         lab.testing x.lab.test lab.test.evil.example \
         x{short}.local x.{short}.local {short}.local.evil.example"
    );
    let cases = allowed.split(' ').map(|host| (host, (200, 101)));
    for (host, statuses) in cases.chain(refused.split(' ').map(|host| (host, (421, 421)))) {
        let line = format!("Host: {host}\r\n");
        let page = send_request(&server, host, format!("GET / HTTP/1.1\r\n{line}\r\n"));
        let upgrade =
            send_request(&server, host, changed_upgrade_request("/echo", "Host: localhost\r\n", &line));
        assert_eq!((page.status, upgrade.status), statuses, "{host}: {}", page.text());
    }
    // The refusal says what was compared, and which option allows the name.
    let text = send_request(&server, "421", "GET / HTTP/1.1\r\nHost: Evil.Example.:3000\r\n\r\n").text();
    assert!(text.contains("Host is evil.example,"), "{text}");
    assert!(text.contains("--host evil.example\n"), "{text}");
}
