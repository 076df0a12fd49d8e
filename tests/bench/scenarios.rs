//! The scenarios: what is asked of the server, from an ordinary lesson to a crowd that does not read.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::crowd::{Crowd, Load, Outcome, Pace};
use crate::process::{Driver, Process, Subject};
use crate::support::{client_frame, read_head, upgrade_request};
use crate::table::Figures;

/// One line of the table for each subject.
pub struct Scenario {
    pub name: String,
    pub subjects: Vec<Subject>,
    pub run: Box<dyn Fn(&Subject) -> Figures>,
}

impl Scenario {
    fn new(
        name: &str,
        subjects: &[&[Subject]],
        run: impl Fn(&Subject) -> Figures + 'static,
    ) -> Scenario {
        Scenario { name: name.to_string(), subjects: subjects.concat(), run: Box::new(run) }
    }
}

/// All of them. What takes time takes `scale` times as long as it usually would.
pub fn all(scale: f64, peers: &[Subject]) -> Vec<Scenario> {
    let seconds = move |seconds: f64| Duration::from_secs_f64(seconds * scale);
    let often = |count: f64| (count * scale) as usize;
    let own = |path: &str| [Subject::own(path)];
    let rooms = [&own("/broadcast")[..], &own("/chat"), peers].concat();
    let data = [Subject::with_data()];
    let each_second = Pace::Every(Duration::from_secs(1));
    let talk = move |clients: usize, load: fn(Duration) -> Load, time: f64| {
        move |subject: &Subject| chat(subject, clients, &load(seconds(time)))
    };
    vec![
        Scenario::new("classroom, 30 at 1/s", &[&rooms, &data], move |subject| {
            chat(subject, 30, &Load::new(30, each_second, seconds(4.0)))
        }),
        Scenario::new("the same with receipts", &[&own("/chat")], move |subject| {
            let load = Load::new(30, each_second, seconds(4.0));
            chat(subject, 30, &Load { receipts: true, ..load })
        }),
        Scenario::new(
            "busy, 100 talk, 1 under way",
            &[&rooms, &data],
            talk(100, |time| Load::new(100, Pace::UnderWay(1), time), 1.2),
        ),
        Scenario::new(
            "busy, 100 talk, 16 under way",
            &[&rooms, &data],
            talk(100, |time| Load::new(100, Pace::UnderWay(16), time), 1.2),
        ),
        Scenario::new(
            "lecture, 1 to 1,000",
            &[&rooms],
            talk(1000, |time| Load::new(1, Pace::AllHaveIt, time), 1.2),
        ),
        Scenario::new(
            "big room, 100 of 1,000 talk",
            &[&rooms, &data],
            talk(1000, |time| Load::new(100, Pace::UnderWay(1), time), 1.5),
        ),
        Scenario::new("flood, 50 at 300/s", &[&rooms], move |subject| {
            let pace = Pace::Every(Duration::from_secs(1) / 300);
            chat(subject, 50, &Load::new(50, pace, seconds(1.2)))
        }),
        // Loopback swallows some 4 MiB for a client that does not read, so it takes long texts.
        Scenario::new("stalled, 20 of 30 never read", &[&rooms], move |subject| {
            let load = Load::new(10, Pace::Every(Duration::from_millis(10)), seconds(2.5));
            chat(subject, 30, &Load { stalled: 20, text: 4000, ..load })
        }),
        Scenario::new("handshake and close", &[&own("/echo"), &own("/chat"), peers], {
            let count = often(20_000.0);
            move |subject| one_after_the_other(subject, count, shake_hands)
        }),
        Scenario::new("GET /", &[&own("/").map(|page| page.called("page")), peers], {
            let count = often(20_000.0);
            move |subject| one_after_the_other(subject, count, get)
        }),
        Scenario::new("idle, 5,000", &[&own("/echo"), &own("/chat")], |subject| {
            idle(&subject.start(), subject, 5000).0
        }),
    ]
}

/// How it grows: one talks to more and more.
pub fn curve() -> Vec<Scenario> {
    let most = 10_000;
    let chat = [Subject::own("/chat").with(&format!("--connections {most}"))];
    let one_of = |count: usize| {
        Scenario::new(&format!("1 talks to {count}"), &[&chat], move |subject| {
            let process = subject.start();
            let (mut figures, _crowd) = idle(&process, subject, count);
            if count == most {
                figures.note = format!("one too many gets {}", status(&process, &subject.path));
            }
            figures
        })
    };
    [10, 100, 1000, 5000, most].map(one_of).into()
}

/// Clients that talk and listen.
fn chat(subject: &Subject, clients: usize, load: &Load) -> Figures {
    let process = subject.start();
    let mut crowd = Crowd::open(&process, subject, clients);
    let first = crowd.say_one_thing(&process);
    let mut figures = figures(crowd.run(&process, load));
    figures.missing += first.missing;
    figures
}

fn figures(outcome: Outcome) -> Figures {
    let Outcome { deliveries, missing, wrong, cpu, driver, seconds, latencies } = outcome;
    Figures {
        cpu: Some(cpu / deliveries as f64),
        rate: Some(deliveries as f64 / seconds),
        p50: Some(latencies.quantile(0.5)),
        p99: Some(latencies.quantile(0.99)),
        max: Some(latencies.max()),
        driver: driver.map(Some),
        missing,
        wrong,
        ..Figures::default()
    }
}

/// Connections that are there and say nothing: the memory that each takes. Then, in the chat, one says
/// something, a few times; p50 and max are those of all deliveries, so max is the longest time until
/// the last one has it. They stay there as long as what is returned.
fn idle(process: &Process, subject: &Subject, count: usize) -> (Figures, Crowd) {
    let before = process.resident();
    let mut crowd = Crowd::open(process, subject, count);
    let memory = |process: &Process| Some((process.resident() - before) / count as f64);
    if subject.path == "/echo" {
        process.settle();
        return (Figures { memory: memory(process), ..Figures::default() }, crowd);
    }
    let first = crowd.say_one_thing(process);
    let memory = memory(process);
    let time = Duration::from_millis(300);
    let mut figures = figures(crowd.run(process, &Load::new(1, Pace::AllHaveIt, time)));
    figures.missing += first.missing;
    (Figures { memory, ..figures }, crowd)
}

/// Connections one after the other, each of which does something and is over. There have to be
/// thousands, see [`Process::cpu_since`].
fn one_after_the_other(subject: &Subject, count: usize, act: fn(TcpStream, &str)) -> Figures {
    let process = subject.start();
    act(process.connect(), &subject.path);
    let (cpu, driver, began) = (process.cpu(), Driver::now(), Instant::now());
    for _ in 0..count {
        act(process.connect(), &subject.path);
    }
    let seconds = began.elapsed().as_secs_f64();
    let driver = Driver::shares_since(driver);
    process.settle(); // the last threads end a moment after their clients have seen the end
    Figures {
        cpu: Some(process.cpu_since(cpu) / count as f64),
        rate: Some(count as f64 / seconds),
        driver: driver.map(Some),
        ..Figures::default()
    }
}

/// A WebSocket, from the request to the reply to our Close.
fn shake_hands(mut stream: TcpStream, path: &str) {
    stream.write_all(upgrade_request(path, "").as_bytes()).expect("it takes the request");
    let (head, mut rest) = read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    stream.write_all(&client_frame(0x88, b"\x03\xE8")).expect("it takes the Close");
    stream.read_to_end(&mut rest).expect("the end of the stream");
    assert!(rest.ends_with(b"\x88\x02\x03\xE8"), "no reply to the Close: {rest:?}");
}

fn get(mut stream: TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it takes the request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the end of the stream");
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{:?}", String::from_utf8_lossy(&answer));
}

/// What a request to upgrade is answered with.
fn status(process: &Process, path: &str) -> String {
    let mut stream = process.connect();
    stream.write_all(upgrade_request(path, "").as_bytes()).expect("it takes the request");
    let (head, _) = read_head(&mut stream);
    head.split(' ').nth(1).unwrap_or_default().to_string()
}
