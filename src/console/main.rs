//! The chat in a terminal: `make client`, or `partyline-console [URL]`.
//!
//! Three threads: one reads the keys, one reads the connection (the library's `client/connection.rs`), and
//! the main thread owns all the rest: what is known of the chat, the text being typed, the screen. The
//! other two send it [`Event`]s. Where there is no terminal that can be drawn on, the first reads lines, and
//! lines are printed: so it works in a pipe.

mod chat; // what is shown of the chat, and what a typed line means
mod screen; // the one writer

use std::io::{self, BufRead, IsTerminal, Read};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};
use std::{env, mem::take, thread};

use partyline::client::{self, connection, session::Link};
use partyline::text::visible_lines;
use partyline::tty::{self, Raw, editor::Editor, keys::Keys};

use chat::Chat;
use screen::Screen;

const HELP: &str = "partyline-console [URL] [--name N] [--passphrase P] [--follow]
  URL           ws://HOST:PORT, http://HOST:PORT or HOST; without one, ws://localhost:3000
  --passphrase  better as PARTYLINE_PASSPHRASE: everyone on this machine can see a command line
  --follow      in a pipe: go on printing what others say\n";

/// At most this many lines of a pipe wait for their `ack`.
const UNDER_WAY: usize = 64;
/// After this many failed attempts, about a minute, a pipe that has lines to send gives up.
const ATTEMPTS: u32 = 7;

/// What the other threads tell the main thread.
enum Event {
    Server(client::Event),
    /// Bytes from the terminal, and when they came.
    Keys(Vec<u8>, Instant),
    /// A line of a pipe.
    Line(String),
    InputEnded,
}

/// What the main thread owns.
struct Console {
    url: String,
    passphrase: String,
    follow: bool,
    chat: Chat,
    /// `None` if lines are read and printed.
    raw: Option<Raw>,
    keys: Keys,
    editor: Editor,
    screen: Screen,
    /// What is drawn above the text, and when to draw, if anything has changed.
    above: Vec<String>,
    draw_at: Option<Instant>,
    sender: Sender<Event>,
    /// Tells the thread that reads a pipe that a line is done.
    done: Option<Sender<()>>,
    input_ended: bool,
    quits: bool,
}

fn main() -> ExitCode {
    let (sender, events) = mpsc::channel();
    let mut console = Console {
        url: "localhost".to_string(),
        passphrase: env::var("PARTYLINE_PASSPHRASE").unwrap_or_default(),
        follow: false,
        chat: Chat::default(),
        raw: None,
        keys: Keys::default(),
        editor: Editor::default(),
        screen: Screen::default(),
        above: Vec::new(),
        draw_at: None,
        sender,
        done: None,
        input_ended: false,
        quits: false,
    };
    console.screen.is_plain = env::var("NO_COLOR").is_ok_and(|value| !value.is_empty());
    let result = console.read_options().and_then(|()| console.run(&events));
    console.goodbye(&events);
    let is_person = console.raw.take().is_some(); // restores the terminal
    let mut why: Vec<String> = result.err().into_iter().collect();
    let unsent = console.chat.session.unsent.iter().take(if is_person { usize::MAX } else { 1 });
    why.extend(unsent.map(|unsent| format!("not acknowledged: {}", unsent.text)));
    if why.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("partyline-console: {}", visible_lines(&why.join("; ")));
    ExitCode::FAILURE
}

impl Console {
    fn read_options(&mut self) -> Result<(), String> {
        let mut words = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--help" | "-h" => self.quits = tty::write(HELP).is_ok(),
                "--name" => self.chat.session.name = value()?,
                "--passphrase" => self.passphrase = value()?,
                "--follow" => self.follow = true,
                _ if word.starts_with('-') => return Err(format!("{word} is no option here: see --help")),
                _ => self.url = word,
            }
        }
        Ok(())
    }

    /// Runs until the end. Errors: a sentence.
    fn run(&mut self, events: &Receiver<Event>) -> Result<(), String> {
        while !self.quits {
            let wake = self.work()?;
            let wait = wake.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
            let mut event = if self.quits { None } else { events.recv_timeout(wait).ok() };
            while let Some(next) = event {
                let before = self.chat.session.unsent.len() + usize::from(matches!(next, Event::Line(_)));
                self.handle(next)?;
                for _ in self.chat.session.unsent.len()..before {
                    self.done.as_ref().map(|done| done.send(()));
                }
                event = events.try_recv().ok();
            }
        }
        Ok(())
    }

    /// Does what is due, and returns when something will be.
    fn work(&mut self) -> Result<Option<Instant>, String> {
        if self.chat.session.is_due() {
            let (target, headers) = self.chat.session.connecting(&self.passphrase);
            let sender = self.sender.clone();
            let tell = move |event| drop(sender.send(Event::Server(event)));
            connection::start(connection::parse_url(&self.url)?, target, headers, tell);
        }
        match self.raw {
            Some(_) => self.draw().map_err(|error| error.to_string())?,
            None => self.print(),
        }
        let times = [self.chat.session.report(), self.chat.changes_at(), self.keys.pause_at(), self.draw_at];
        Ok(times.into_iter().flatten().min())
    }

    fn draw(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if let Some(key) = self.keys.pause(now) {
            self.press(&key)?;
        }
        let above = self.chat.above();
        if above != self.above || !self.chat.lines.is_empty() {
            self.above = above;
            self.draw_at = self.draw_at.or(Some(self.screen.may_draw_at()));
        }
        if self.draw_at.take_if(|at| *at <= now).is_some() {
            let (lines, text) = (take(&mut self.chat.lines), self.editor.text());
            self.screen.draw(&lines, &self.above, text, self.editor.cursor())?;
        }
        Ok(())
    }

    /// Prints what has come: on a terminal all of it, for --follow what others say.
    fn print(&mut self) {
        let is_typed = io::stdin().is_terminal();
        for line in self.chat.lines.drain(..) {
            let is_others = !line.name.1.is_empty() && line.name.0 != self.chat.session.id;
            if is_typed || (self.follow && is_others) {
                let line = line.text.replace('\n', "\\n") + "\n";
                self.quits |= tty::write(&line).is_err(); // the reader of the pipe has gone
            }
        }
        self.quits |= self.input_ended && self.chat.session.unsent.is_empty() && !self.follow;
    }

    fn handle(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Server(event) => {
                let was_in = self.chat.session.id > 0;
                self.chat.handle(event)?;
                if !was_in && self.chat.session.id > 0 {
                    self.start_input();
                }
            }
            Event::Keys(bytes, at) => {
                let mut keys = self.keys.feed(&bytes, at).into_iter();
                keys.try_for_each(|key| self.press(&key)).map_err(|error| error.to_string())?;
            }
            Event::Line(line) => self.quits |= self.chat.enter(&line),
            Event::InputEnded => {
                self.input_ended = true;
                self.quits |= self.raw.is_some();
            }
        }
        let Some(why) = self.chat.problem.take() else { return Ok(()) };
        if !io::stdin().is_terminal() {
            return Err(why);
        }
        self.chat.notice(why); // a person can try again
        Ok(())
    }

    fn press(&mut self, key: &str) -> io::Result<()> {
        let draw_at = self.draw_at.replace(Instant::now());
        match key {
            "\x03" => self.quits = true,                                  // Ctrl-C
            "\x04" if self.editor.text().is_empty() => self.quits = true, // Ctrl-D
            "\x0c" => tty::write("\x1b[H\x1b[2J").map(|()| drop(self.screen.erase()))?, // Ctrl-L
            "\x1a" => tty::write(&self.screen.erase()).map(|()| self.raw.iter().for_each(Raw::suspend))?, // Ctrl-Z
            "\r" => {
                self.quits |= self.chat.enter(self.editor.text());
                match self.chat.problem.take() {
                    Some(why) => self.chat.notice(why), // and the text stays
                    None => self.editor.finish(),
                }
            }
            _ => {
                self.editor.press(key, |before| self.chat.completions(before));
                self.chat.show_typing(self.editor.text());
                let is_end = self.editor.cursor() == self.editor.text().len();
                // Unless earlier keys are still to be drawn.
                if is_end && draw_at.is_none_or(|at| at > Instant::now()) && self.screen.append(key)? {
                    self.draw_at = draw_at;
                }
            }
        }
        Ok(())
    }

    /// Starts the thread that reads the keys, or the lines.
    fn start_input(&mut self) {
        self.raw = Raw::start();
        let reads_keys = self.raw.is_some();
        let gives_up = !self.follow && !io::stdin().is_terminal();
        self.chat.session.attempts = if gives_up { ATTEMPTS } else { u32::MAX };
        let sender = self.sender.clone();
        let (done, lines_done) = mpsc::channel();
        self.done = (!reads_keys).then_some(done);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while reads_keys && let Ok(count @ 1..) = io::stdin().read(&mut bytes) {
                let _ = sender.send(Event::Keys(bytes[..count].to_vec(), Instant::now()));
            }
            // `split` and not `lines`, which would end at the first line that is not UTF-8.
            for (number, line) in io::stdin().lock().split(b'\n').map_while(Result::ok).enumerate() {
                if number >= UNDER_WAY {
                    let _ = lines_done.recv();
                }
                let _ = sender.send(Event::Line(String::from_utf8_lossy(&line).into_owned()));
            }
            let _ = sender.send(Event::InputEnded);
        });
    }

    fn goodbye(&mut self, events: &Receiver<Event>) {
        if let Link::Open(writer, _) = &self.chat.session.link {
            writer.close();
            let until = Instant::now() + Duration::from_secs(1);
            let left = || until.saturating_duration_since(Instant::now());
            while let Ok(event) = events.recv_timeout(left()) {
                let Event::Server(event) = event else { continue };
                let is_end = matches!(event, client::Event::Lost(_));
                let _ = self.chat.handle(event); // the last acks come before the server's Close
                if is_end {
                    break;
                }
            }
        }
        if self.raw.is_some() {
            let _ = self.screen.draw(&self.chat.lines, &[], "", 0);
            let _ = tty::write(&self.screen.erase());
        }
    }
}
