//! The settings: command line and environment in, [`Settings`] out, or a sentence that says what is
//! wrong with them.
//!
//! `--head-bytes 8192`, `--head-bytes=8192` and the environment's `PARTYLINE_HEAD_BYTES=8192` are the
//! same; the command line wins. Hosting services and tutorials set the port with `PORT`, so that word is
//! read too. Words without `PARTYLINE_` may be another program's.
//!
//! Settings that protect *fail closed*: whatever is set and cannot be used, a misspelled word and a value
//! that an unset variable of a shell left empty among it, stops the start. Otherwise a chat that was meant
//! to be closed would be open.
//!
//! To add an option, add a field, its default in [`Settings::default`], and a row to `OPTIONS` or
//! `LIMITS`: the help and both ways of setting it come from there. README.md lists them too.

use std::ffi::{OsStr, OsString};
use std::{path::PathBuf, time::Duration};

use log::LevelFilter;

mod values; // the values, checked; the sentences about wrong ones

use self::Set::{Flag, Path, Text};
use self::values::{complaint, host, origin, passphrase, unknown};
use crate::{handshake::origin::AllowedOrigins, http::host::HostNames, text::number};

/// Everything that can be set; the tables below say what each field is.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "said once, in the tables")]
pub struct Settings {
    pub port: u16,
    pub www: PathBuf,
    pub hosts: HostNames,
    pub origins: AllowedOrigins,
    pub data: Option<PathBuf>,
    pub passphrase: Option<String>,
    pub log: LevelFilter,
    pub no_qr: bool,
    /// Whether `/source/` is switched off.
    pub no_source: bool,
    // The limits. One that is switched off is `usize::MAX`.
    pub connections: usize,
    pub per_address: usize,
    pub unfinished: usize,
    pub head_bytes: usize,
    pub head_timeout: usize,
    pub pace: usize,
    pub pace_bytes: usize,
    pub pending: usize,
    pub text: usize,
    pub keep: usize,
    pub photo: usize,
}

/// An option that is no limit: its name, the word for its value, its default as the help prints it, its
/// help, and how a value is set.
type Setting = (&'static str, &'static str, &'static str, &'static str, Set);

/// How a value is set. It is never empty.
enum Set {
    /// A value that has to be text.
    Text(fn(&mut Settings, &str) -> Result<(), String>),
    /// A path, which may be more than text can say.
    Path(fn(&mut Settings, PathBuf)),
    /// A switch: `--no-qr`, or `PARTYLINE_NO_QR=1` in the environment.
    Flag(fn(&mut Settings)),
}

#[rustfmt::skip]
const OPTIONS: &[Setting] = &[
    ("port", "N", "(3000)", "port to listen on, 0 for any that is free", Text(|s, v| {
        s.port = number(v).ok_or("a port is a number up to 65535")?;
        Ok(())
    })),
    ("www", "DIR", "(www)", "folder with the pages", Path(|s, v| s.www = v)),
    ("host", "NAME", "", "another name that this server goes by", Text(|s, v| {
        for name in v.split(',') { s.hosts.names.push(host(name)?); }
        Ok(())
    })),
    ("origin", "URL", "", "another site whose pages may connect, or `any`", Text(|s, v| {
        for url in v.split(',') {
            if url == "any" { s.origins.any = true } else { s.origins.origins.push(origin(url)?) }
        }
        Ok(())
    })),
    ("data", "DIR", "", "folder where the chat's history outlives the server", Path(|s, v| s.data = Some(v))),
    ("passphrase", "WORDS", "", "what a client has to know to join the chat", Text(|s, v| {
        s.passphrase = Some(passphrase(v)?);
        Ok(())
    })),
    ("photo", "BYTES", "(1 MiB)", "largest photo in the chat, 0 for no photos", Text(|s, v| {
        s.photo = number(v).filter(|max| *max <= 16 << 20).ok_or("a photo has at most 16777216 bytes")?;
        Ok(())
    })),
    ("log", "LEVEL", "(info)", "off, error, warn, info, debug or trace", Text(|s, v| {
        s.log = v.parse().map_err(|_| "the levels are off, error, warn, info, debug and trace")?;
        Ok(())
    })),
    ("no-qr", "", "", "print no QR code at the start", Flag(|s| s.no_qr = true)),
    ("no-source", "", "", "do not serve this program's source", Flag(|s| s.no_source = true)),
];

/// The options that may be given several times.
const LISTS: [&str; 2] = ["host", "origin"];

/// A limit: its name, its help, and its field. 0 switches it off.
type Limit = (&'static str, &'static str, fn(&mut Settings) -> &mut usize);

const LIMITS: &[Limit] = &[
    ("connections", "connections at once; one more gets 503", |s| &mut s.connections),
    ("per-address", "connections of one address; behind a proxy 0", |s| &mut s.per_address),
    ("unfinished", "requests not complete; beyond it the oldest goes", |s| &mut s.unfinished),
    ("head-bytes", "longest request head, in bytes", |s| &mut s.head_bytes),
    ("head-timeout", "time for a whole request head, in seconds", |s| &mut s.head_timeout),
    ("pace", "messages of one client, in a second", |s| &mut s.pace),
    ("pace-bytes", "bytes of one client, in a second", |s| &mut s.pace_bytes),
    ("pending", "bytes that may wait for one slow client", |s| &mut s.pending),
    ("text", "longest text in the chat, in characters", |s| &mut s.text),
    ("keep", "messages that the chat keeps", |s| &mut s.keep),
];

/// What `--help` prints. It fits a screen of 80 columns and 24 lines.
pub fn help() -> String {
    let line = |name: &str, value: &str, default: &str, help: &str| {
        let option = format!("  --{name} {value}");
        format!("{option:<23}{help:<49}{default:>8}").trim_end().to_string() + "\n"
    };
    let mut text = "partyline: a group chat over WebSockets, one thread per connection\n".to_string();
    for (name, value, default, help, _) in OPTIONS {
        text += &line(name, value, default, help);
    }
    text += "Limits; 0 switches one off:\n";
    for (name, help, field) in LIMITS {
        text += &line(name, "N", &format!("({})", field(&mut Settings::default())), help);
    }
    text + "--host and --origin may be given several times. Also: --help, --version\n\
            In the environment --head-bytes is PARTYLINE_HEAD_BYTES. PORT is read as well."
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            port: 3000,
            www: PathBuf::from("www"),
            hosts: HostNames::default(),
            origins: AllowedOrigins::default(),
            data: None,
            passphrase: None,
            log: LevelFilter::Info,
            no_qr: false,
            no_source: false,
            connections: 2000,
            per_address: 200,
            unfinished: 512,
            head_bytes: 16 * 1024,
            head_timeout: 10,
            pace: 20,
            pace_bytes: 256 * 1024,
            pending: 512 * 1024,
            text: 4096,
            keep: 10_000,
            photo: 1 << 20,
        }
    }
}

impl Settings {
    /// Reads the environment first, then the command line (without the program's name), which wins.
    /// `PARTYLINE_PORT` wins over `PORT`.
    /// Errors: a sentence for the person who started the program.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Settings, String> {
        let mut settings = Settings::default();
        settings.read_environment(environment)?;
        settings.read_arguments(arguments)?;
        Ok(settings)
    }

    fn read_environment(
        &mut self, environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(), String> {
        let words = environment.into_iter().map(|(word, value)| (word.to_string_lossy().into_owned(), value));
        // A misspelled word of ours is not another program's.
        let words = words.filter(|(word, _)| word == "PORT" || word.to_uppercase().starts_with("PARTYLINE"));
        let (port, others): (Vec<_>, Vec<_>) = words.partition(|(word, _)| word == "PORT");
        for (word, value) in port.into_iter().chain(others) {
            let is_meant = |name: &&str| word == word_for(name) || word == "PORT" && *name == "port";
            let name = names().find(is_meant).ok_or_else(|| unknown(&word, names().map(word_for)))?;
            self.set(name, &value).map_err(|why| complaint(name, &format!("{word}="), &value, &why))?;
        }
        Ok(())
    }

    fn read_arguments(&mut self, arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
        let mut given = Vec::new();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (option, value) = split(&argument)?;
            let options = || names().map(|name| format!("--{name}"));
            let is_meant = |name: &&str| option.strip_prefix("--") == Some(*name);
            let name = names().find(is_meant).ok_or_else(|| unknown(&option, options()))?;
            // Of `--data $UNSET --passphrase=x` the second must not become the value of the first.
            let is_value = |value: &OsString| !value.as_encoded_bytes().starts_with(b"--");
            let missing = || format!("{option} needs a value; if it begins with --, write {option}=VALUE");
            let is_flag = OPTIONS.iter().any(|option| option.0 == name && matches!(option.4, Flag(_)));
            let value =
                value.or_else(|| if is_flag { Some("1".into()) } else { arguments.next().filter(is_value) });
            let value = value.ok_or_else(missing)?;
            if given.contains(&name) && !LISTS.contains(&name) {
                return Err(format!("{option} is given twice, and only one value can be right"));
            }
            given.push(name);
            self.set(name, &value).map_err(|why| complaint(name, &format!("{option} "), &value, &why))?;
        }
        Ok(())
    }

    /// Sets the option of this name, which is one of the tables'.
    fn set(&mut self, name: &str, value: &OsStr) -> Result<(), String> {
        if value.is_empty() {
            return Err("there is nothing in it; give it a value, or leave it out".to_string());
        }
        let option = OPTIONS.iter().find(|option| option.0 == name);
        if let Some((.., Path(set))) = option {
            set(self, value.into());
            return Ok(());
        }
        let value = value.to_str().ok_or("this is not text in UTF-8")?;
        match option {
            Some((.., Text(set))) => return set(self, value),
            Some((.., Flag(_))) if value != "1" => return Err("only 1 switches it on".to_string()),
            Some((.., Flag(set))) => set(self),
            _ => {}
        }
        if let Some((.., field)) = LIMITS.iter().find(|limit| limit.0 == name) {
            let limit = number(value).ok_or("a limit is a whole number, 0 for none")?;
            *field(self) = if limit == 0 { usize::MAX } else { limit };
        }
        Ok(())
    }

    /// The time for a whole request head. At most `u32::MAX` seconds, which can still be added to a
    /// point in time.
    pub fn head_timeout(&self) -> Duration {
        Duration::from_secs(u32::try_from(self.head_timeout).unwrap_or(u32::MAX).into())
    }
}

/// The names of all options.
fn names() -> impl Iterator<Item = &'static str> {
    OPTIONS.iter().map(|option| option.0).chain(LIMITS.iter().map(|limit| limit.0))
}

/// The word of the environment for an option.
fn word_for(name: &str) -> String {
    format!("PARTYLINE_{}", name.to_uppercase().replace('-', "_"))
}

/// Splits `--name=value`.
/// Errors: a sentence, if it is not UTF-8: std splits only text.
pub fn split(argument: &OsStr) -> Result<(String, Option<OsString>), String> {
    match (argument.to_string_lossy().split_once('='), argument.to_str()) {
        (Some((option, _)), None) => {
            Err(format!("{option}=… is not text in UTF-8; a path may be that if it is given as {option} DIR"))
        }
        (Some((option, value)), _) => Ok((option.to_string(), Some(value.into()))),
        (None, _) => Ok((argument.to_string_lossy().into_owned(), None)),
    }
}
