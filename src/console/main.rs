//! The chat in a terminal: `make client`, or `partyline-console [URL]`.
//!
//! Three threads: one reads the keys, one reads the connection (the library's `client/connection.rs`), and
//! the main thread owns all the rest: what is known of the chat, the text being typed, the screen. The
//! other two send it [`Event`]s. Where there is no terminal that can be drawn on, the first reads lines, and
//! lines are printed: so it works in a pipe.

mod options; // command line and environment -> Options
mod chat; // what is shown of the chat
mod commands; // what a typed line means
mod terminal; // what each key does, and when to draw

use std::io::{self, BufRead, ErrorKind, IsTerminal, Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use partyline::client::{self, Link};
use partyline::{text::visible_lines, tty};

use chat::Chat;
use terminal::Terminal;

/// At most this many lines of a pipe wait for their `ack`.
const UNDER_WAY: usize = 64;
/// After this many failed attempts, about a minute, a pipe that has lines to send gives up.
const ATTEMPTS: u32 = 8;
/// The clock of what has no event: the countdown to the next attempt, the end of a `typing`.
const TICK: Duration = Duration::from_millis(500);

/// What the other threads tell the main thread.
enum Event {
    Server(client::Event),
    /// Bytes from the terminal, and when they came.
    Keys(Vec<u8>, Instant),
    /// A line of a pipe. Its thread waits for an answer before it reads the next one.
    Line(String, Sender<()>),
    InputEnded,
}

/// What the main thread owns.
struct Console {
    follow: bool,
    chat: Chat,
    /// `None` if lines are read and printed.
    terminal: Option<Terminal>,
    /// Whether a person types, who can try again after a mistake.
    is_person: bool,
    /// The thread that reads a pipe waits for this.
    reader: Option<Sender<()>>,
    input_ended: bool,
    sender: Sender<Event>,
}

fn main() -> ExitCode {
    let mut chat = Chat::default();
    let options = options::read(&mut chat.session);
    let result = options.and_then(|follow| follow.map_or(Ok(()), |follow| run(chat, follow)));
    let Err(why) = result else { return ExitCode::SUCCESS };
    eprintln!("partyline-console: {}", visible_lines(&why));
    ExitCode::FAILURE
}

/// Runs the chat until its end. Errors: a sentence.
fn run(chat: Chat, follow: bool) -> Result<(), String> {
    let (sender, events) = mpsc::channel();
    let mut console =
        Console { chat, follow, terminal: None, is_person: false, reader: None, input_ended: false, sender };
    let result = console.take_part(&events);
    console.leave(&events);
    tty::restore();
    let mut why: Vec<String> = result.err().into_iter().collect();
    let unsent = console.chat.session.unsent.iter().filter_map(|unsent| unsent["text"].as_str());
    let shown = if console.is_person { usize::MAX } else { 1 };
    why.extend(unsent.take(shown).map(|text| format!("not acknowledged: {text}")));
    if why.is_empty() { Ok(()) } else { Err(why.join("; ")) }
}

impl Console {
    fn take_part(&mut self, events: &Receiver<Event>) -> Result<(), String> {
        let mut wait = Duration::ZERO;
        while !self.chat.quits {
            if let Ok(event) = events.recv_timeout(wait) {
                self.handle(event)?;
            }
            wait = self.work()?;
        }
        Ok(())
    }

    /// Does what is due, and returns how long to wait for the next event.
    fn work(&mut self) -> Result<Duration, String> {
        let sender = self.sender.clone();
        self.chat.session.connect_if_due(move |event| drop(sender.send(Event::Server(event))));
        self.chat.session.report();
        if self.chat.session.unsent.len() < UNDER_WAY {
            self.reader.take().map(|reader| reader.send(()));
        }
        let Some(terminal) = &mut self.terminal else { return self.print().map(|()| TICK) };
        let draw_at = terminal.work(&mut self.chat);
        Ok(draw_at.map_or(TICK, |at| at.saturating_duration_since(Instant::now()).min(TICK)))
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
                self.terminal.iter_mut().for_each(|terminal| terminal.feed(&bytes, at, &mut self.chat));
            }
            Event::Line(line, reader) => {
                self.reader = Some(reader);
                self.chat.problem = self.chat.enter(&line).err();
            }
            Event::InputEnded => self.input_ended = true,
        }
        match self.chat.problem.take() {
            Some(why) if !self.is_person => return Err(why),
            Some(why) => self.chat.notice(why),
            None => {}
        }
        let is_done = self.terminal.is_some() || self.chat.session.unsent.is_empty() && !self.follow;
        self.chat.quits |= self.input_ended && is_done;
        Ok(())
    }

    /// Prints what has come: for a person all of it, for --follow what others say.
    fn print(&mut self) -> Result<(), String> {
        for line in self.chat.lines.drain(..) {
            let is_others = !line.name.is_empty() && line.author != self.chat.session.id;
            if self.is_person || (self.follow && is_others) {
                match writeln!(io::stdout(), "{}", line.text.replace('\n', "\\n")) {
                    Err(error) if error.kind() != ErrorKind::BrokenPipe => return Err(error.to_string()),
                    Err(_) => self.chat.quits = true, // the reader of the pipe has gone
                    Ok(()) => {}
                }
            }
        }
        Ok(())
    }

    /// Starts the thread that reads the keys, or the lines.
    fn start_input(&mut self) {
        let reads_keys = tty::start();
        self.terminal = reads_keys.then(Terminal::default);
        self.is_person = reads_keys || (io::stdin().is_terminal() && !self.follow);
        self.chat.session.attempts = if self.is_person || self.follow { u32::MAX } else { ATTEMPTS };
        let sender = self.sender.clone();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while reads_keys && let Ok(count @ 1..) = io::stdin().read(&mut bytes) {
                let _ = sender.send(Event::Keys(bytes[..count].to_vec(), Instant::now()));
            }
            let (go_on, answers) = mpsc::channel();
            // `split` and not `lines`, which would end at the first line that is not UTF-8.
            for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                let _ = sender.send(Event::Line(line, go_on.clone()));
                let _ = answers.recv();
            }
            let _ = sender.send(Event::InputEnded);
        });
    }

    /// Says goodbye. The last acks come before the server's Close.
    fn leave(&mut self, events: &Receiver<Event>) {
        if let Link::Open(connection, _) = &self.chat.session.link {
            connection.close();
        }
        let until = Instant::now() + Duration::from_secs(1);
        while matches!(self.chat.session.link, Link::Open(..))
            && let Ok(event) = events.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            if let Event::Server(event) = event {
                let _ = self.chat.handle(event);
            }
        }
        if let Some(terminal) = &mut self.terminal {
            terminal.end(&self.chat);
        }
    }
}
