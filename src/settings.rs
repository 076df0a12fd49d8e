//! The settings: command line and environment in, [`Settings`] out, or a sentence that says what is
//! wrong with them.
//!
//! `--head-bytes 8192`, `--head-bytes=8192` and the environment's `HEAD_BYTES=8192` are the same; the
//! command line wins. `make run PORT=4000` works because make puts it into the environment.
//!
//! To add an option, add a field, its default in [`Settings::default`], and a row to `OPTIONS` or
//! `LIMITS`: the help and both ways of setting it come from there. README.md lists them too.

use std::process::{Command, Stdio};
use std::{path::PathBuf, time::Duration};

use log::LevelFilter;

use crate::handshake::origin::{AllowedOrigins, Origin};
use crate::{http::Authority, http::host::HostNames};

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
}

/// An option that is no limit: its name, the word for its value, its default as the help prints it, its
/// help, and how a value is set.
type Setting = (&'static str, &'static str, &'static str, &'static str, Set);
type Set = fn(&mut Settings, &str) -> Result<(), String>;

#[rustfmt::skip]
const OPTIONS: &[Setting] = &[
    ("port", "N", "(3000)", "port to listen on, 0 for any that is free", |s, v| {
        s.port = v.parse().map_err(|_| "a port is a number up to 65535")?;
        Ok(())
    }),
    ("www", "DIR", "(www)", "folder with the pages", |s, v| {
        s.www = v.into();
        Ok(())
    }),
    ("host", "NAME", "", "another name that this server goes by", |s, v| {
        for name in v.split(',') { s.hosts.names.push(parse_host(name)?); }
        Ok(())
    }),
    ("origin", "URL", "", "another site whose pages may connect, or `any`", |s, v| {
        for url in v.split(',') {
            if url == "any" { s.origins.any = true } else { s.origins.origins.push(parse_origin(url)?) }
        }
        Ok(())
    }),
    ("data", "DIR", "", "folder where the chat's history outlives the server", |s, v| {
        s.data = Some(v.into());
        Ok(())
    }),
    ("passphrase", "WORDS", "", "what a client has to know to join the chat", |s, v| {
        // An unset variable of a shell must not open a chat that was meant to be closed.
        if v.is_empty() { return Err("there is nothing in it".to_string()) }
        s.passphrase = Some(v.to_string());
        Ok(())
    }),
    ("log", "LEVEL", "(info)", "off, error, warn, info, debug or trace", |s, v| {
        s.log = v.parse().map_err(|_| "the levels are off, error, warn, info, debug and trace")?;
        Ok(())
    }),
];

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
    let mut text = "partyline: a group chat over WebSockets, one thread per connection\n\n".to_string();
    for (name, value, default, help, _) in OPTIONS {
        text += &line(name, value, default, help);
    }
    text += "\nLimits; 0 switches one off:\n";
    for (name, help, field) in LIMITS {
        text += &line(name, "N", &format!("({})", field(&mut Settings::default())), help);
    }
    text + "  --help, --version\n\
            --host and --origin may be given several times. The environment knows each\n\
            option by the same word in capitals: HEAD_BYTES=8192, HOST=one,two."
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
        }
    }
}

impl Settings {
    /// Reads the environment first, then the command line (without the program's name).
    /// Errors: a sentence for the person who started the program.
    pub fn read(
        arguments: impl IntoIterator<Item = String>, environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Settings, String> {
        let mut settings = Settings::default();
        let names = OPTIONS.iter().map(|option| option.0).chain(LIMITS.iter().map(|limit| limit.0));
        for name in names.clone() {
            let word = name.to_uppercase().replace('-', "_");
            // `make run PORT=` and an exported but empty word mean: not set.
            if let Some(value) = environment(&word).filter(|value| !value.is_empty()) {
                settings.set(name, &value).map_err(|why| format!("{word}={value}: {why}"))?;
            }
        }
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let unknown = || format!("{argument} is no option here; --help lists them");
            let option = argument.strip_prefix("--").ok_or_else(unknown)?;
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (option, None),
            };
            if !names.clone().any(|known| known == name) {
                return Err(unknown());
            }
            let missing = || format!("--{name} needs a value; --help says which");
            let value = value.or_else(|| arguments.next()).ok_or_else(missing)?;
            settings.set(name, &value).map_err(|why| format!("--{name} {value}: {why}"))?;
        }
        Ok(settings)
    }

    /// Sets the option of this name, which is one of the tables'.
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if let Some((.., set)) = OPTIONS.iter().find(|option| option.0 == name) {
            return set(self, value);
        }
        if let Some((.., field)) = LIMITS.iter().find(|limit| limit.0 == name) {
            let number = value.parse().map_err(|_| "a limit is a whole number, 0 for none")?;
            *field(self) = if number == 0 { usize::MAX } else { number };
        }
        Ok(())
    }

    /// The time for a whole request head. At most `u32::MAX` seconds, which can still be added to a
    /// point in time.
    pub fn head_timeout(&self) -> Duration {
        Duration::from_secs(u32::try_from(self.head_timeout).unwrap_or(u32::MAX).into())
    }
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
    let wanted = "a scheme, a host and perhaps a port are wanted here, such as https://chat.example";
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    Origin::parse(&url).ok_or_else(|| wanted.to_string())
}

/// The name of this machine, as the program `hostname` says it, or nothing: std cannot ask for it.
pub fn machine_name() -> String {
    let output = Command::new("hostname").stdin(Stdio::null()).output();
    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}
