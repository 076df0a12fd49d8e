//! The settings: command line and environment in, [`Settings`] out, or a sentence that says what is
//! wrong with them.
//!
//! `--head-bytes 8192`, `--head-bytes=8192` and the environment's `HEAD_BYTES=8192` are the same; the
//! command line counts more. `make run PORT=4000` works because make puts it into the environment.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use log::LevelFilter;

use crate::access::{Access, Origin};
use crate::http::Authority;

/// What `--help` prints. It fits a screen of 80 columns and 24 lines.
pub const HELP: &str = "\
partyline: a group chat over WebSockets, one thread per connection

  --port N             port to listen on, 0 for any that is free       (3000)
  --www DIR            folder with the pages                            (www)
  --host NAME          another name that this server goes by
  --origin URL         another site whose pages may connect, or `any`
  --data DIR           folder where the chat's history outlives the server
  --passphrase WORDS   what one has to know to come into the chat
  --log LEVEL          off, error, warn, info, debug or trace          (info)

Limits; 0 switches one off:
  --connections N      connections at once; one more gets 503          (2000)
  --unfinished N       requests not complete; beyond it the oldest goes (512)
  --head-bytes N       longest request head, in bytes                 (16384)
  --head-timeout N     time for a whole request head, in seconds         (10)
  --pace N             messages of one client, in a second               (20)
  --pace-bytes N       bytes of one client, in a second              (262144)
  --pending N          bytes that may wait for one slow client       (524288)
  --text N             longest text in the chat, in characters         (4096)
  --keep N             messages that the chat keeps                   (10000)

  --help, --version
--host and --origin may be given several times. The environment knows each
option by the same word in capitals: HEAD_BYTES=8192, HOST=one,two.";

/// The options that take a value, in the order in which they are looked up in the environment.
const OPTIONS: [&str; 16] = [
    "port",
    "www",
    "host",
    "origin",
    "data",
    "passphrase",
    "log",
    "connections",
    "unfinished",
    "head-bytes",
    "head-timeout",
    "pace",
    "pace-bytes",
    "pending",
    "text",
    "keep",
];

/// Everything that can be set. A limit that is switched off has the largest value of its type.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The TCP port; 0 lets the operating system choose.
    pub port: u16,
    /// The folder that is served as files.
    pub www: PathBuf,
    /// Who may connect: hosts, origins, the passphrase.
    pub access: Access,
    /// The folder of the history file; none, and what is said ends with the server.
    pub data: Option<PathBuf>,
    /// How much is logged.
    pub log: LevelFilter,
    /// Connections at once, those whose request is not complete yet aside.
    pub connections: usize,
    /// Connections whose request is not complete yet.
    pub unfinished: usize,
    /// The longest request head, in bytes.
    pub head_bytes: usize,
    /// The time for a whole request head.
    pub head_timeout: Duration,
    /// Messages of one client in a second.
    pub pace: usize,
    /// Bytes of one client in a second.
    pub pace_bytes: usize,
    /// What may wait for one client, in bytes; one message may always exceed it.
    pub pending: usize,
    /// The longest text in the chat, in characters.
    pub text: usize,
    /// How many messages of the chat are kept.
    pub keep: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            port: 3000,
            www: PathBuf::from("www"),
            access: Access::default(),
            data: None,
            log: LevelFilter::Info,
            connections: 2000,
            unfinished: 512,
            head_bytes: 16 * 1024,
            head_timeout: Duration::from_secs(10),
            pace: 20,
            pace_bytes: 256 * 1024,
            pending: 512 * 1024,
            text: 4096,
            keep: 10_000,
        }
    }
}

impl Settings {
    /// Reads the environment first and the command line (without the program's name) after it.
    ///
    /// # Errors
    /// A sentence for the person who started the program.
    pub fn read(
        arguments: impl IntoIterator<Item = String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Settings, String> {
        let mut settings = Settings::default();
        for option in OPTIONS {
            let word = option.to_uppercase().replace('-', "_");
            // `make run PORT=` and an exported but empty word mean: not set.
            if let Some(value) = environment(&word).filter(|value| !value.is_empty()) {
                settings.set(option, &value).map_err(|why| format!("{word}={value}: {why}"))?;
            }
        }
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let unknown = || format!("{argument} is no option here; --help lists them");
            let option = argument.strip_prefix("--").ok_or_else(unknown)?;
            let (option, value) = match option.split_once('=') {
                Some((option, value)) => (option, Some(value.to_string())),
                None => (option, None),
            };
            if !OPTIONS.contains(&option) {
                return Err(unknown());
            }
            let missing = || format!("--{option} needs a value; --help says which");
            let value = value.or_else(|| arguments.next()).ok_or_else(missing)?;
            settings.set(option, &value).map_err(|why| format!("--{option} {value}: {why}"))?;
        }
        Ok(settings)
    }

    fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        match option {
            "port" => self.port = value.parse().map_err(|_| "a port is a number up to 65535")?,
            "www" => self.www = PathBuf::from(value),
            "host" => {
                for name in value.split(',') {
                    self.access.hosts.push(parse_host(name)?);
                }
            }
            "origin" => {
                for url in value.split(',') {
                    match url {
                        "any" => self.access.any_origin = true,
                        _ => self.access.origins.push(parse_origin(url)?),
                    }
                }
            }
            "data" => self.data = Some(PathBuf::from(value)),
            // An unset variable of a shell must not open what somebody meant to close.
            "passphrase" if value.is_empty() => return Err("there is nothing in it".to_string()),
            "passphrase" => self.access.passphrase = Some(value.to_string()),
            "log" => {
                let levels = "the levels are off, error, warn, info, debug and trace";
                self.log = value.parse().map_err(|_| levels)?;
            }
            "connections" => self.connections = limit(value)?,
            "unfinished" => self.unfinished = limit(value)?,
            "head-bytes" => self.head_bytes = limit(value)?,
            "head-timeout" => {
                // u32: so many seconds can still be added to a point in time.
                let seconds = u32::try_from(limit(value)?).unwrap_or(u32::MAX);
                self.head_timeout = Duration::from_secs(seconds.into());
            }
            "pace" => self.pace = limit(value)?,
            "pace-bytes" => self.pace_bytes = limit(value)?,
            "pending" => self.pending = limit(value)?,
            "text" => self.text = limit(value)?,
            "keep" => self.keep = limit(value)?,
            _ => unreachable!("OPTIONS has a name that `set` does not know: {option}"),
        }
        Ok(())
    }
}

fn limit(value: &str) -> Result<usize, String> {
    match value.parse() {
        Ok(0) => Ok(usize::MAX),
        Ok(number) => Ok(number),
        Err(_) => Err("a limit is a whole number, 0 for none".to_string()),
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
    let wanted =
        "a scheme, a host and perhaps a port are wanted here, such as https://chat.example";
    let url = url.trim_end_matches('/').to_ascii_lowercase();
    Origin::parse(&url).ok_or_else(|| wanted.to_string())
}

/// What `hostname` says this machine is called, or nothing: std cannot ask.
pub fn machine_name() -> String {
    let output = Command::new("hostname").stdin(Stdio::null()).output();
    output.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
}
