//! Exercises 7 and 10: a program of the student's, which is started with a port as its last argument.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::frame::{BINARY, CLOSE, Frame, PING, PONG, TEXT};
use super::queues;
use super::relay::Relay;
use super::socket::{PATIENCE, Socket};
use super::table::{Exercise, Random};
use super::{Check, Failure, Outcome};

/// How long a program may take to start and to connect.
const START: Duration = Duration::from_secs(8);
/// What exercise 10 sends: more than the kernels' buffers hold.
const FLOOD: (usize, usize) = (384, 64 << 10);
/// The server gives a client up that takes no bytes for 10 seconds (`PIECE_TIMEOUT` in `src/tcp.rs`).
const GIVEN_UP: Duration = Duration::from_secs(25);

/// The student's program. Dropping it ends the process.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

/// What starts the program in this folder: of one in Python and one for Node, the newer.
pub fn command(exercise: &Exercise, folder: &Path) -> Option<String> {
    let name = exercise.program.as_deref()?;
    let files = [("python3", format!("{name}.py")), ("node", format!("{name}.mjs"))].into_iter();
    let found = files.filter_map(|(runs, file)| {
        let changed = folder.join(&file).metadata().ok()?.modified().ok()?;
        Some((changed, format!("{runs} {file}")))
    });
    Some(found.max()?.1)
}

/// Starts the program.
/// Errors: there is none.
fn start(check: &Check, exercise: &Exercise, port: u16) -> Result<Program, Failure> {
    let Some(run) = check.run.clone().or_else(|| command(exercise, &check.build.folder)) else {
        let name = exercise.program.as_deref().unwrap_or_default();
        let other =
            format!("or say how yours is started: make lab N={} RUN=\"node mine.js\"", exercise.number);
        return Err(vec![
            format!("there is no {name}.py or {name}.mjs beside the Makefile: write it,"),
            other,
        ]);
    };
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec {run} {port}")]).current_dir(&check.build.folder);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().map(Program).map_err(|error| vec![format!("{run}: {error}")])
}

/// A result for each expectation: those before the failure hold, those behind it are not looked at.
fn results(count: usize, done: usize, failure: Failure) -> Vec<Outcome> {
    let result = |at| match at {
        at if at < done => Ok(Vec::new()),
        at if at == done => Err(failure.clone()),
        _ => Err(vec!["not looked at, because of the one above".to_string()]),
    };
    (0..count).map(result).collect()
}

/// Exercise 7: calls the student's client, and looks at the bytes that it sends.
pub fn check_client(check: &mut Check, exercise: &Exercise) -> Vec<Outcome> {
    let mut done = 0;
    match client_keeps(check, exercise, &mut done) {
        Ok(()) => exercise.expectations.iter().map(|_| Ok(Vec::new())).collect(),
        Err(failure) => results(exercise.expectations.len(), done, failure),
    }
}

fn client_keeps(check: &Check, exercise: &Exercise, done: &mut usize) -> Result<(), Failure> {
    let one = |line: String| vec![line];
    let relay = Relay::start(check.server.port);
    let mut program = start(check, exercise, relay.port)?;
    let came = |line: &str| line.contains("came to /broadcast");
    if check.server.wait_for_log(START, came).is_none() {
        return Err([one("no client came to /broadcast".to_string()), relay.describe()].concat());
    }
    *done = 1;
    let words = &check.words;
    let mut masks = Random::new(u32::from_be_bytes(words.mask));
    let mut socket = Socket::open(check.server.port, "/broadcast", &words.key).map_err(one)?;
    let mut say = |socket: &mut Socket, text: &str| {
        socket.send(&Frame { first: TEXT, key: Some(masks.bytes()), payload: text.into() })
    };
    let noise = words.fill("{1} is no call");
    let mut lines = Vec::new();
    // A client that takes each read for a frame fails always: once two come in a piece, once one in two.
    for (word, also, in_two) in [("{2}", Some(&noise), false), ("{3}", None, false), ("{long}", None, true)] {
        let (call, here) = (words.fill(&format!("call {word}")), words.fill(&format!("here {word}")));
        relay.hold();
        for text in also.into_iter().chain([&call]) {
            say(&mut socket, text).map_err(one)?;
            lines.push(format!("sent     {}", Frame::of_server(TEXT, text.as_str())));
        }
        relay.deliver(&call, in_two);
        let how = if in_two { "this frame came in two pieces" } else { "both frames came in one piece" };
        lines.extend((in_two || also.is_some()).then(|| format!("         {how}, as TCP may pass them on")));
        let expected = Frame::of_server(TEXT, here);
        let received = loop {
            match socket.read() {
                Ok(frame) if frame.payload == call.as_bytes() || frame.payload == noise.as_bytes() => {}
                received => break received,
            }
        };
        lines.push(format!("expected {expected}"));
        match received {
            Err(problem) => {
                let long = "From 126 bytes on, the length stands in the next two bytes.".to_string();
                lines.push(format!("received {problem}"));
                lines.extend(in_two.then_some(long));
                return Err([lines, relay.describe()].concat());
            }
            Ok(received) => {
                lines.push(format!("received {received}"));
                if let Some(field) = expected.difference(&received) {
                    return Err([lines, vec![field]].concat());
                }
            }
        }
        *done = if in_two { 3 } else { 1 + usize::from(also.is_none()) };
    }
    let ping = Frame::of_server(PING, words.fill("{4}"));
    relay.send(&ping);
    if !relay.wait_for_frame(|frame| frame.first == PONG && frame.payload == ping.payload) {
        let pong = Frame::of_server(PONG, ping.payload.as_slice());
        let lines = vec![format!("sent     {ping}"), format!("expected {pong}, but masked")];
        return Err([lines, relay.describe()].concat());
    }
    *done = 4;
    let frames = relay.frames();
    let keys: Vec<_> = frames.iter().map(|frame| frame.key).collect();
    let is_fresh = |at: usize| keys[at].is_some() && !keys[..at].contains(&keys[at]);
    if let Some(at) = (0..keys.len()).find(|at| !is_fresh(*at)) {
        let why = "Masking-Key: expected four new random bytes for each frame (RFC 6455, 5.3)";
        return Err(vec![format!("received {}", frames[at]), why.to_string()]);
    }
    *done = 5;
    say(&mut socket, "bye").map_err(one)?;
    let deadline = Instant::now() + START;
    let status = loop {
        match program.0.try_wait() {
            Ok(Some(status)) => break status,
            _ if Instant::now() > deadline => {
                let line = "sent “bye”; your client has not ended".to_string();
                return Err([one(line), relay.describe()].concat());
            }
            _ => thread::sleep(Duration::from_millis(10)),
        }
    };
    let expected = Frame { first: CLOSE, key: None, payload: vec![0x03, 0xE8] };
    let closed =
        relay.frames().last().is_some_and(|last| last.first == CLOSE && last.payload == expected.payload);
    if !closed {
        return Err([
            vec![format!("sent “bye”; expected a Close with 1000, masked: {expected}")],
            vec!["your client ended".to_string()],
            relay.describe(),
        ]
        .concat());
    }
    if !status.success() {
        return Err(vec![format!("your client ended with an error: {status}")]);
    }
    Ok(())
}

/// Exercise 10: sends a flood to all, and looks at what the server does with the client that does not read.
pub fn check_stopped_reader(check: &mut Check, exercise: &Exercise) -> Vec<Outcome> {
    let mut done = 0;
    match reader_is_given_up(check, exercise, &mut done) {
        Ok([others, given_up]) => vec![Ok(Vec::new()), Ok(others), Ok(given_up)],
        Err(failure) => results(exercise.expectations.len(), done, failure),
    }
}

/// Returns what was measured: where the bytes wait, and what the log says of the end.
fn reader_is_given_up(check: &Check, exercise: &Exercise, done: &mut usize) -> Result<[Failure; 2], Failure> {
    let server = &check.server;
    let _program = start(check, exercise, server.port)?;
    let Some(came) = server.wait_for_log(START, |line| line.contains("came to /broadcast")) else {
        return Err(vec!["no client came to /broadcast".to_string()]);
    };
    *done = 1;
    // `client 1 (`, to tell it from the others.
    let client = came
        .split_inclusive('(')
        .next()
        .and_then(|line| Some(&line[line.find("client ")?..]))
        .unwrap_or_default();
    let peer = came.split_once(") came").and_then(|(start, _)| start.rsplit(':').next()?.parse().ok());
    let one = |line: String| vec![line];
    let mut other = Socket::open(server.port, "/broadcast", &check.words.key).map_err(one)?;
    let mut sender = Socket::open(server.port, "/broadcast", &check.words.key).map_err(one)?;
    let (count, size) = FLOOD;
    // Its own messages come back to the sender too.
    let own = sender.stream.try_clone().map_err(|error| one(error.to_string()))?;
    thread::spawn(move || std::io::copy(&mut &own, &mut std::io::sink()));
    // At most 8 messages are under way, so that the other client keeps up.
    let (arrived, arrivals) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(frame) = other.read()
            && arrived.send(frame.payload.len()).is_ok()
        {}
    });
    let frame = Frame { first: BINARY, key: Some(check.words.mask), payload: vec![b'x'; size] };
    let mut read = 0;
    for sent in 0..count + 8 {
        if sent < count {
            sender.send(&frame).map_err(one)?;
        }
        if sent >= 8 {
            read += arrivals.recv_timeout(PATIENCE).unwrap_or(0);
        }
    }
    if read != count * size {
        return Err(vec![format!("sent {} bytes to everyone; another client received {read}", count * size)]);
    }
    *done = 2;
    let waiting = queues::describe(server.port, peer);
    match server.wait_for_log(GIVEN_UP, |line| line.contains(client) && line.contains("left /broadcast")) {
        Some(line) if ["read too slowly", "did not read"].iter().any(|why| line.contains(why)) => {
            Ok([waiting, vec![format!("the server’s log: {line}")]])
        }
        Some(line) => {
            Err(vec!["expected: read too slowly, or did not read".to_string(), format!("received: {line}")])
        }
        None => Err(vec![
            "expected: the server’s log says that a client left /broadcast, because it read too slowly"
                .to_string(),
            format!("received: nothing in {} seconds, so your client reads", GIVEN_UP.as_secs()),
        ]),
    }
}
