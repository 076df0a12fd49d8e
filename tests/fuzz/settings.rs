//! Settings at random, and what the system's programs could print about the network.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use partyline::interfaces::{choose, parse};
use partyline::settings::Settings;

use crate::support::corpus::to_bytes;
use crate::support::fuzzing::fuzz;

/// Arguments, one in each line; a line with `$` in front is a word of the environment.
#[rustfmt::skip]
const SETTINGS: [&str; 6] = [
    "--port\n4000\n--passphrase=two words\n--data\nevening",
    "$PARTYLINE_PASSPHRASE=open sesame\n$PORT=80\n$LOG=/var/log/x\n--head-bytes=8192",
    "--host\na.example,b.example\n--origin\nany\n--origin=https://c.example:8443/\n--passphrase\nx",
    "$PARTYLINE_HOST=a.example\n$PARTYLINE_PASSPHRSE=x\n--connections\n0",
    "--data\n--passphrase=secret",
    "--passphrase\n--log\ntrace",
];

#[rustfmt::skip]
const TOKENS: [&[u8]; 30] = [
    b"\n", b"\n$", b"\n--", b"=", b"--port", b"--passphrase", b"--passphrase=", b"--data", b"--www=", b"--log\ninfo", b"--host\n",
    b"--origin\n", b"--text\n1", b"$PARTYLINE_PASSPHRASE=", b"$PARTYLINE_DATA=", b"$PARTYLINE_", b"$PORT=", b"$DATA=x", b"any", b",",
    b" ", b"\xFF", b"\xC2", b"\x1B[2J", b"\xE2\x80\x8B", b"\0", b"-1", b"+1", b"99999999999999999999", b"$partyline_passphrase=x",
];

#[test]
fn random_settings_that_speak_of_a_passphrase_never_leave_the_chat_open() {
    fuzz("settings", &to_bytes(&SETTINGS), &TOKENS, |input, _| {
        let (mut arguments, mut environment, mut is_meant_closed) = (Vec::new(), Vec::new(), false);
        for line in input.split(|byte| *byte == b'\n') {
            let word = |bytes| OsStr::from_bytes(bytes).to_os_string();
            match (line.strip_prefix(b"$"), line.iter().position(|byte| *byte == b'=')) {
                (Some(_), Some(at)) => {
                    is_meant_closed |= line[1..at].to_ascii_uppercase().starts_with(b"PARTYLINE_PASS");
                    environment.push((word(&line[1..at]), word(&line[at + 1..])));
                }
                (Some(_), None) => {} // no environment has such a word
                (None, _) => {
                    is_meant_closed |= line.starts_with(b"--pass");
                    arguments.push(word(line));
                }
            }
        }
        match Settings::read(arguments, environment) {
            Ok(settings) => {
                let is_closed = settings.passphrase.is_some_and(|words| !words.trim().is_empty());
                assert_eq!(is_closed, is_meant_closed);
                assert!(settings.data != Some("".into()) && settings.www != OsString::new());
            }
            Err(why) => assert!(!why.is_empty()),
        }
    });
}

#[test]
fn random_lists_of_interfaces_give_only_addresses_of_others_use() {
    let lists = [
        "2: eth0    inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0\\ valid_lft forever",
        "en0: flags=8863<UP> mtu 1500\n\tinet6 fe80::1%en0 prefixlen 64\n\tinet 192.0.2.8 netmask 0xffffff00",
        "eth0  Link encap:Ethernet\n  inet addr:192.0.2.9  Mask:255.255.255.0\n  inet6 addr: fd00::9/64",
        "Ethernet adapter vEthernet (WSL):\r\n\r\n   IPv4 Address. . . : 172.28.16.1(Preferred)\r\n",
        "192.0.2.10 fd00::10 172.17.0.1 \n",
    ];
    let tokens: [&[u8]; 12] =
        [b"inet ", b"inet6 ", b"addr:", b"/", b"%", b"::", b":", b"\n", b"\n ", b"lo ", b"tun0", b"0.0.0.0"];
    fuzz("interfaces", &to_bytes(&lists), &tokens, |input, _| {
        for address in choose(parse(&String::from_utf8_lossy(input)), &[]) {
            assert!(!address.ip.is_loopback() && !address.ip.is_unspecified(), "{address:?}");
        }
    });
}
