//! The settings: command line and environment in, [`Settings`] out, or a sentence that says what is
//! wrong with them.
//!
//! `--head-bytes 8192`, `--head-bytes=8192` and the environment's `HEAD_BYTES=8192` are the same; the
//! command line wins. `make run PORT=4000` works because make puts it into the environment.
//!
//! All options stand in one table, [`OPTIONS`]: the help, the defaults and both ways of setting an
//! option come from it. To add an option, add a field and a row.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use log::LevelFilter;

use crate::handshake::origin::{AllowedOrigins, Origin};
use crate::http::Authority;
use crate::http::host::HostNames;

/// Everything that can be set. A limit that is switched off has the largest value of its type.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The TCP port; 0 lets the operating system choose.
    pub port: u16,
    /// The folder that is served as files.
    pub www: PathBuf,
    /// Names of this server, besides addresses and `localhost`.
    pub hosts: HostNames,
    /// Other sites whose pages may connect.
    pub origins: AllowedOrigins,
    /// The folder of the history file; without one the history ends with the server.
    pub data: Option<PathBuf>,
    /// What a client has to know to join the chat.
    pub passphrase: Option<String>,
    /// How much is logged.
    pub log: LevelFilter,
    /// Open connections, unfinished ones not counted.
    pub connections: usize,
    /// Connections whose request head is not complete.
    pub unfinished: usize,
    /// The longest request head, in bytes.
    pub head_bytes: usize,
    /// The time for a whole request head.
    pub head_timeout: Duration,
    /// Messages of one client per second.
    pub pace: usize,
    /// Bytes of one client per second.
    pub pace_bytes: usize,
    /// Bytes that may wait for one slow client; one message may always exceed it.
    pub pending: usize,
    /// The longest text in the chat, in characters.
    pub text: usize,
    /// How many messages the chat keeps in memory.
    pub keep: usize,
}

/// One option of the command line.
struct Setting {
    name: &'static str,
    /// What stands for the value in the help.
    value: &'static str,
    /// The value without the option, as it would be typed; empty for none.
    default: &'static str,
    help: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), String>,
}

const fn row(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
    set: fn(&mut Settings, &str) -> Result<(), String>,
) -> Setting {
    Setting { name, value, default, help, set }
}

/// The options, in the order of the help. The first seven are not limits.
#[rustfmt::skip]
const OPTIONS: [Setting; 16] = [
    row("port", "N", "3000", "port to listen on, 0 for any that is free", |s, v| {
        s.port = v.parse().map_err(|_| "a port is a number up to 65535")?;
        Ok(())
    }),
    row("www", "DIR", "www", "folder with the pages", |s, v| { s.www = v.into(); Ok(()) }),
    row("host", "NAME", "", "another name that this server goes by", |s, v| {
        for name in v.split(',') { s.hosts.names.push(parse_host(name)?); }
        Ok(())
    }),
    row("origin", "URL", "", "another site whose pages may connect, or `any`", |s, v| {
        for url in v.split(',') {
            if url == "any" { s.origins.any = true } else { s.origins.origins.push(parse_origin(url)?) }
        }
        Ok(())
    }),
    row("data", "DIR", "", "folder where the chat's history outlives the server", |s, v| {
        s.data = Some(v.into());
        Ok(())
    }),
    row("passphrase", "WORDS", "", "what a client has to know to join the chat", |s, v| {
        // An unset variable of a shell must not open a chat that was meant to be closed.
        if v.is_empty() { return Err("there is nothing in it".to_string()) }
        s.passphrase = Some(v.to_string());
        Ok(())
    }),
    row("log", "LEVEL", "info", "off, error, warn, info, debug or trace", |s, v| {
        s.log = v.parse().map_err(|_| "the levels are off, error, warn, info, debug and trace")?;
        Ok(())
    }),
    row("connections", "N", "2000", "connections at once; one more gets 503", |s, v| limit(v, &mut s.connections)),
    row("unfinished", "N", "512", "requests not complete; beyond it the oldest goes", |s, v| limit(v, &mut s.unfinished)),
    row("head-bytes", "N", "16384", "longest request head, in bytes", |s, v| limit(v, &mut s.head_bytes)),
    row("head-timeout", "N", "10", "time for a whole request head, in seconds", |s, v| {
        let mut seconds = 0;
        limit(v, &mut seconds)?;
        // At most `u32::MAX`, which can still be added to a point in time.
        s.head_timeout = Duration::from_secs(u32::try_from(seconds).unwrap_or(u32::MAX).into());
        Ok(())
    }),
    row("pace", "N", "20", "messages of one client, in a second", |s, v| limit(v, &mut s.pace)),
    row("pace-bytes", "N", "262144", "bytes of one client, in a second", |s, v| limit(v, &mut s.pace_bytes)),
    row("pending", "N", "524288", "bytes that may wait for one slow client", |s, v| limit(v, &mut s.pending)),
    row("text", "N", "4096", "longest text in the chat, in characters", |s, v| limit(v, &mut s.text)),
    row("keep", "N", "10000", "messages that the chat keeps", |s, v| limit(v, &mut s.keep)),
];
/// How many of them come before the limits.
const NOT_LIMITS: usize = 7;

/// What `--help` prints. It fits a screen of 80 columns and 24 lines.
pub fn help() -> String {
    let mut text =
        "partyline: a group chat over WebSockets, one thread per connection\n\n".to_string();
    for (index, option) in OPTIONS.iter().enumerate() {
        if index == NOT_LIMITS {
            text += "\nLimits; 0 switches one off:\n";
        }
        let left = format!("  --{} {}", option.name, option.value);
        let default = if option.default.is_empty() { "" } else { &format!("({})", option.default) };
        text += format!("{left:<23}{:<49}{default:>8}", option.help).trim_end();
        text.push('\n');
    }
    text + "\n  --help, --version\n\
            --host and --origin may be given several times. The environment knows each\n\
            option by the same word in capitals: HEAD_BYTES=8192, HOST=one,two."
}

impl Default for Settings {
    fn default() -> Settings {
        let mut settings = Settings {
            port: 0,
            www: PathBuf::new(),
            hosts: HostNames::default(),
            origins: AllowedOrigins::default(),
            data: None,
            passphrase: None,
            log: LevelFilter::Off,
            connections: 0,
            unfinished: 0,
            head_bytes: 0,
            head_timeout: Duration::ZERO,
            pace: 0,
            pace_bytes: 0,
            pending: 0,
            text: 0,
            keep: 0,
        };
        for option in OPTIONS.iter().filter(|option| !option.default.is_empty()) {
            (option.set)(&mut settings, option.default).expect("a default of the table is valid");
        }
        settings
    }
}

impl Settings {
    /// Reads the environment first, then the command line (without the program's name).
    ///
    /// # Errors
    /// A sentence for the person who started the program.
    pub fn read(
        arguments: impl IntoIterator<Item = String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Settings, String> {
        let mut settings = Settings::default();
        for option in &OPTIONS {
            let word = option.name.to_uppercase().replace('-', "_");
            // `make run PORT=` and an exported but empty word mean: not set.
            if let Some(value) = environment(&word).filter(|value| !value.is_empty()) {
                (option.set)(&mut settings, &value)
                    .map_err(|why| format!("{word}={value}: {why}"))?;
            }
        }
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (argument.as_str(), None),
            };
            let option = OPTIONS.iter().find(|option| Some(option.name) == name.strip_prefix("--"));
            let unknown = || format!("{argument} is no option here; --help lists them");
            let option = option.ok_or_else(unknown)?;
            let missing = || format!("{name} needs a value; --help says which");
            let value = value.or_else(|| arguments.next()).ok_or_else(missing)?;
            (option.set)(&mut settings, &value).map_err(|why| format!("{name} {value}: {why}"))?;
        }
        Ok(settings)
    }
}

fn limit(value: &str, field: &mut usize) -> Result<(), String> {
    *field = match value.parse() {
        Ok(0) => usize::MAX,
        Ok(number) => number,
        Err(_) => return Err("a limit is a whole number, 0 for none".to_string()),
    };
    Ok(())
}

fn parse_host(name: &str) -> Result<String, String> {
    match Authority::parse(name) {
        Some(Authority { host, is_address: false, port: None }) => Ok(host),
        Some(Authority { is_address: true, .. }) => {
            Err("addresses are let in anyway; a name is wanted here".to_string())
        }
        _ => Err("a name is wanted here, such as chat.example, without port or path".to_string()),
    }
}

fn parse_origin(url: &str) -> Result<Origin, String> {
    let wanted =
        "a scheme, a host and perhaps a port are wanted here, such as https://chat.example";
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    Origin::parse(&url).ok_or_else(|| wanted.to_string())
}

/// The name of this machine, as the program `hostname` says it, or nothing: std cannot ask for it.
pub fn machine_name() -> String {
    let output = Command::new("hostname").stdin(Stdio::null()).output();
    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}
