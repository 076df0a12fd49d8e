//! What the command line and the environment say.

use std::env::{self, VarError};
use std::ffi::OsString;

use partyline::client::{Address, Session};
use partyline::{settings::split, text::visible, tty};

const HELP: &str = "partyline-console [URL] [--name N] [--passphrase P] [--follow]
  URL           ws://HOST:PORT, http://HOST:PORT/PATH or HOST; without one, ws://localhost:3000
  --passphrase  better as PARTYLINE_PASSPHRASE: everyone on this machine can see a command line
  --follow      in a pipe: go on printing what others say\n";

/// Reads them into the session. Returns whether `--follow` is there; `None` if only the help was wanted.
/// Errors: a sentence.
pub fn read(session: &mut Session) -> Result<Option<bool>, String> {
    let mut url = "localhost".to_string();
    session.passphrase = match env::var("PARTYLINE_PASSPHRASE") {
        Err(VarError::NotUnicode(_)) => return Err("PARTYLINE_PASSPHRASE is not text in UTF-8".to_string()),
        passphrase => passphrase.unwrap_or_default(),
    };
    let (mut given, mut words) = (Vec::new(), env::args_os().skip(1));
    while let Some(word) = words.next() {
        let is_option = word.as_encoded_bytes().starts_with(b"-");
        let (option, value) = if is_option { split(&word)? } else { ("URL".to_string(), Some(word)) };
        if given.contains(&option) {
            return Err(format!("{option} is given twice, and only one can be right"));
        }
        given.push(option.clone());
        let text = match option.as_str() {
            "--help" | "-h" if value.is_none() => {
                tty::write(HELP);
                return Ok(None);
            }
            "--follow" if value.is_none() => continue,
            "--name" => &mut session.name,
            "--passphrase" => &mut session.passphrase,
            "URL" => &mut url,
            _ => return Err(format!("{} is no option here: see --help", visible(&option))),
        };
        // Of `--name $UNSET --follow` the second must not become the value of the first.
        let is_value = |value: &OsString| !value.as_encoded_bytes().starts_with(b"--");
        let value = value.or_else(|| words.next().filter(is_value));
        let value = value.ok_or_else(|| format!("{option} needs a value"))?;
        *text = value.into_string().map_err(|_| format!("{option} is not text in UTF-8"))?;
    }
    session.address = Address::parse(&url)?;
    Ok(Some(given.contains(&"--follow".to_string())))
}
