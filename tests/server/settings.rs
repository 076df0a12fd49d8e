//! Settings: how they are read, and that whatever is set and cannot be used stops the start.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use partyline::settings::{Settings, help};

use crate::support::folder::{Folder, WwwFolder};
use crate::support::*;

#[test]
fn the_help_fits_a_terminal_of_24_lines() {
    let (code, out, _) = run_to_end(&["--help"], &[]);
    assert_eq!((code, out.trim_end()), (Some(0), help().as_str()));
    assert!(help().lines().count() <= 24, "{} lines", help().lines().count());
    assert!(help().lines().all(|line| line.chars().count() <= 80));
    let (code, out, _) = run_to_end(&["--version"], &[]);
    assert_eq!((code, out.trim_end()), (Some(0), concat!("partyline ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_wrong_setting_ends_the_start_with_one_sentence() {
    for (options, environment, sentence) in [
        (&["--port", "70000"][..], &[][..], "--port 70000: a port is a number up to 65535"),
        (&["--port"], &[], "--port needs a value"),
        (&["--prot", "4000"], &[], "--prot is no option here; --help lists them. Perhaps --port is meant"),
        (&["4000"], &[], "4000 is no option here"),
        (&["--connections", "-1"], &[], "--connections -1: a limit is a whole number, 0 for none"),
        (&["--head-timeout=soon"], &[], "--head-timeout soon: a limit is a whole number"),
        (&["--log", "loud"], &[], "--log loud: the levels are off, error, warn, info, debug"),
        (&["--host", "http://a.example"], &[], "a name is wanted here"),
        (&["--host", "192.0.2.1"], &[], "addresses are let in anyway"),
        (&["--origin", "a.example"], &[], "a scheme, a host and perhaps a port are wanted here"),
        (&["--port", "+80"], &[], "a port is a number"),
        (&["--port="], &[], "--port: there is nothing in it"),
        (&["--text", "+1"], &[], "a limit is a whole number"),
        (&["--text", " 1"], &[], "a limit is a whole number"),
        (&["--text", "１"], &[], "a limit is a whole number"),
        (&["--text", "99999999999999999999"], &[], "a limit is a whole number"),
        (&["--data", ""], &[], "--data: there is nothing in it"),
        (&["--www="], &[], "--www: there is nothing in it"),
        (&["--host", "a.example,"], &[], "a name is wanted here"),
        (&["--host", "a.example, b.example"], &[], "a name is wanted here"),
        (&["--origin", "any,"], &[], "a scheme, a host"),
        (&["--origin", ",http://a.example"], &[], "a scheme, a host"),
        (&[], &[("PORT", "no")], "PORT=no: a port is a number"),
        (&[], &[("PORT", "")], "PORT=: there is nothing in it"),
        (&[], &[("PARTYLINE_PORT", "-1")], "PARTYLINE_PORT=-1: a port is a number"),
        (&[], &[("PARTYLINE_DATA", "")], "PARTYLINE_DATA=: there is nothing in it"),
        (&[], &[("PARTYLINE_HOST", "a.example,,b.example")], "a name is wanted here"),
        (&[], &[("PARTYLINE_LOG", "/var/log/x")], "PARTYLINE_LOG=/var/log/x: the levels are"),
        (&["--log", "a\u{1b}[2Jb\n\u{202e}"], &[], r"--log a\u{1b}[2Jb\u{a}\u{202e}: the levels"),
        (&["--www", "/no\u{1b}[31mwhere"], &[], r"/no\u{1b}[31mwhere"),
        (&[], &[("PARTYLINE_HEAD_BYTES", "1k")], "PARTYLINE_HEAD_BYTES=1k: a limit is a whole number"),
        (&["--no-qr=0"], &[], "--no-qr 0: only 1 switches it on"),
        (&["--no-qr", "1"], &[], "1 is no option here"),
        (&[], &[("PARTYLINE_NO_QR", "")], "PARTYLINE_NO_QR=: there is nothing in it"),
        (&[], &[("PARTYLINE_NO_QR", "yes")], "PARTYLINE_NO_QR=yes: only 1 switches it on"),
        (&["--www", "/nowhere/at/all"], &[], "--www DIR"),
    ] {
        let (code, out, err) = run_to_end(options, environment);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{options:?}");
        assert!(err.starts_with("partyline: ") && err.contains(sentence), "{options:?}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

/// Reads the settings out of these words.
fn read(options: &[&str], environment: &[(&str, &str)]) -> Result<Settings, String> {
    let environment = environment.iter().map(|(word, value)| (word.into(), value.into()));
    Settings::read(options.iter().map(OsString::from), environment)
}

#[test]
fn the_command_line_overrides_the_environment() {
    let environment = [
        ("PORT", "80"),
        ("PARTYLINE_PORT", "4000"),
        ("PARTYLINE_CONNECTIONS", "0"),
        ("PARTYLINE_HOST", "one.example,two.example"),
    ];
    let settings =
        read(&["--port", "5000", "--host=Three.Example.", "--head-bytes=8192"], &environment).unwrap();
    assert_eq!(settings.port, 5000);
    assert_eq!(settings.connections, usize::MAX);
    assert_eq!(settings.head_bytes, 8192);
    assert_eq!(settings.hosts.names, ["one.example", "two.example", "three.example"]);
    assert_eq!(settings.log, log::LevelFilter::Info);
    // Of the two words for the port the clearer one wins, in whatever order the system lists them.
    assert_eq!(read(&[], &environment[..2]).unwrap().port, 4000);
    assert_eq!(read(&[], &[environment[1], environment[0]]).unwrap().port, 4000);
    assert_eq!(read(&[], &[("PORT", "80")]).unwrap().port, 80);
}

#[test]
fn a_switch_needs_no_value_and_takes_none_from_the_next_option() {
    for (options, environment) in [
        (&["--no-qr", "--port", "5000"][..], &[][..]),
        (&["--no-qr=1", "--port=5000"], &[]),
        (&["--port", "5000"], &[("PARTYLINE_NO_QR", "1")]),
    ] {
        let settings = read(options, environment).unwrap();
        assert_eq!((settings.no_qr, settings.port), (true, 5000), "{options:?}");
    }
    assert!(!read(&[], &[]).unwrap().no_qr);
    assert!(read(&["--no-qr", "--no-qr"], &[]).unwrap_err().starts_with("--no-qr is given twice"));
}

#[test]
fn words_of_other_programs_are_no_settings() {
    let words =
        ["LOG", "HOST", "DATA", "PASSPHRASE", "WWW", "TEXT", "KEEP", "HEAD_BYTES", "MY_PARTYLINE_DATA"];
    let environment = words.map(|word| (word, "/var/log/x"));
    assert_eq!(
        format!("{:?}", read(&[], &environment)),
        format!("{:?}", Ok::<_, String>(Settings::default()))
    );
}

#[test]
fn a_misspelled_word_stops_the_start_and_the_right_one_is_named() {
    for (word, meant) in [
        ("PARTYLINE_PASSPHRSE", "PARTYLINE_PASSPHRASE"),
        ("PARTYLINE_PASSWORD", "PARTYLINE_PASSPHRASE"),
        ("PARTYLINE_PASS_PHRASE", "PARTYLINE_PASSPHRASE"),
        ("PARTYLINE_PASSPHRASE ", "PARTYLINE_PASSPHRASE"),
        ("PARTYLINE-PASSPHRASE", "PARTYLINE_PASSPHRASE"),
        ("PARTYLINE_passphrase", "PARTYLINE_PASSPHRASE"),
        ("partyline_data", "PARTYLINE_DATA"),
        ("PARTYLINEDATA", "PARTYLINE_DATA"),
        ("PARTYLINE_HEAD-BYTES", "PARTYLINE_HEAD_BYTES"),
        ("PARTYLINE_ORIGINS", "PARTYLINE_ORIGIN"),
    ] {
        let why = read(&[], &[(word, "secret")]).unwrap_err();
        assert!(why.starts_with(&format!("{word} is no option")), "{why}");
        assert!(why.contains(&format!("Perhaps {meant} is meant")), "{why}");
        assert!(!why.contains("secret"), "{why}");
    }
    let why = read(&["--passphrse=secret"], &[]).unwrap_err();
    assert!(why.contains("Perhaps --passphrase is meant") && !why.contains("secret"), "{why}");
}

#[test]
fn an_option_given_twice_stops_the_start() {
    for name in ["port", "www", "data", "passphrase", "log", "connections"] {
        let option = format!("--{name}");
        let value = if name == "log" { "info" } else { "7" };
        let why = read(&[&option, value, &format!("{option}={value}")], &[]).unwrap_err();
        assert!(why.starts_with(&format!("{option} is given twice")), "{why}");
    }
    let settings = read(&["--host", "a.example", "--host", "b.example", "--origin=any", "--origin=any"], &[]);
    assert_eq!(settings.unwrap().hosts.names, ["a.example", "b.example"]);
}

#[test]
fn the_next_option_is_no_value_of_the_one_before() {
    // `partyline --data $UNSET --passphrase=secret` must not open the chat.
    for name in ["data", "www", "host", "log", "passphrase", "text"] {
        let why = read(&[&format!("--{name}"), "--passphrase=secret"], &[]).unwrap_err();
        assert!(why.starts_with(&format!("--{name} needs a value")) && !why.contains("secret"), "{why}");
    }
    assert_eq!(read(&["--passphrase=--data"], &[]).unwrap().passphrase.as_deref(), Some("--data"));
}

#[test]
fn a_passphrase_that_cannot_be_used_stops_the_start_and_is_not_repeated() {
    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    for (value, sentence) in [
        (bytes(b"open sesame \xFF"), "not text in UTF-8"),
        (bytes(b"\xC3"), "not text in UTF-8"),
        ("".into(), "there is nothing in it"),
        (" ".into(), "only blanks"),
        ("\u{a0}\u{2003}\u{200b}\u{3164}".into(), "only blanks"),
        ("sesame\n".into(), "control character"),
        ("sesame\r".into(), "control character"),
        ("\tsesame".into(), "control character"),
        ("sesame".repeat(1000).into(), "longer than 1024 bytes"),
    ] {
        let word: OsString = "PARTYLINE_PASSPHRASE".into();
        let of_environment = Settings::read([], [(word, value.clone())]).unwrap_err();
        let of_option = Settings::read(["--passphrase".into(), value.clone()], []).unwrap_err();
        let joined = OsString::from_vec([b"--passphrase=", value.as_bytes()].concat());
        let of_joined = Settings::read([joined], []).unwrap_err();
        for why in [of_environment, of_option, of_joined] {
            assert!(why.contains(sentence) && !why.contains("sesame"), "{value:?}: {why}");
        }
    }
    // The program itself reads them without losing what is not text.
    let mut command = program();
    command.args(["--port", "0"]).env("PARTYLINE_PASSPHRASE", OsStr::from_bytes(b"sesame\xFF"));
    let (code, out, err) = end_of(command);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert_eq!(err, "partyline: PARTYLINE_PASSPHRASE=…: this is not text in UTF-8\n");
    let passphrase = read(&[], &[("PARTYLINE_PASSPHRASE", " größe & $x 'a' \"b\" #")]).unwrap().passphrase;
    assert_eq!(passphrase.as_deref(), Some(" größe & $x 'a' \"b\" #"));
}

#[test]
fn a_path_need_not_be_text() {
    let folder = Folder::new();
    let odd = folder.path("").join(OsStr::from_bytes(b"evening \xFF"));
    let path = format!("\"$(printf '%s/evening \\377' {})\"", folder.as_str());
    for shell in [format!("set -- --data {path} \"$@\""), format!("export PARTYLINE_DATA={path}")] {
        let server = Server::start_after(&shell, &[]);
        assert!(odd.join("messages.jsonl").is_file(), "{shell}");
        server.assert_serves();
        drop(server);
        fs::remove_dir_all(&odd).unwrap();
    }
    // Joined with its option it cannot be told from it.
    let joined = OsStr::from_bytes(b"--data=evening \xFF").to_os_string();
    let why = Settings::read([joined], []).unwrap_err();
    assert!(why.starts_with("--data=… is not text in UTF-8"), "{why}");
}

#[test]
fn a_history_that_would_be_served_as_a_page_stops_the_start() {
    let folder = WwwFolder::new();
    let [www, link, beside] = ["www", "link", "data"].map(|name| folder.path(name));
    std::os::unix::fs::symlink(&www, &link).unwrap();
    for data in [www.clone(), www.join("sub"), www.join("new/folder"), link, www.join("../www")] {
        let options = ["--port", "0", "--www", www.to_str().unwrap(), "--data", data.to_str().unwrap()];
        let (code, out, err) = run_to_end(&options, &[]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{data:?}: {err}");
        assert!(err.contains("everyone could read private messages"), "{err}");
    }
    // Beside it, or where no request gets anything.
    for data in [beside, www.join(".data")] {
        let options = ["--www", www.to_str().unwrap(), "--data", data.to_str().unwrap()];
        Server::start(&options).assert_serves();
    }
}
