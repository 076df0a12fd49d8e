//! The scenarios: what the clients do, from an ordinary lesson to clients that never read.
//!
//! Read [`all`] first, the list of scenarios with what each does.

use std::io::{Read, Write};
use std::iter;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use partyline::threads::Threads;

use crate::arrivals::{Arrivals, Then, arrive};
use crate::crowd::{AT_A_TIME, Crowd, Measurement, Pacing, Workload};
use crate::process::{DriverTime, ServerProcess, Target};
use crate::support::{read_head, upgrade_request};
use crate::table::Figures;

/// One scenario, which has a row in the table for each of its targets.
pub struct Scenario {
    pub name: String,
    pub targets: Vec<Target>,
    /// Runs the scenario once against a target.
    pub run: Box<dyn Fn(&Target) -> Figures>,
}

impl Scenario {
    fn new(name: &str, targets: &[&[Target]], run: impl Fn(&Target) -> Figures + 'static) -> Scenario {
        Scenario { name: name.to_string(), targets: targets.concat(), run: Box::new(run) }
    }
}

/// All scenarios but those of the curve. `scale` multiplies their durations; `others` are other servers.
pub fn all(scale: f64, others: &[Target]) -> Vec<Scenario> {
    let seconds = move |seconds: f64| Duration::from_secs_f64(seconds * scale);
    let repetitions = move |count: f64| (count * scale) as usize;
    let route = |path: &str| [Target::route(path)];
    let rooms = [&route("/broadcast")[..], &route("/chat"), others].concat();
    let data = [Target::chat_with_history_file()];
    let with_log = |path: &str| [Target::route(path).with_option("--log info")];
    let anywhere = [&with_log("/echo")[..], &with_log("/chat"), others].concat();
    let messages = route("/chat").map(|chat| chat.with_name("/chat, 100 said").with_messages(100));
    let members = route("/chat").map(|chat| chat.with_name("/chat, 130 told").with_members(130));
    let come_and_go =
        move |under_way: usize| move |target: &Target| come_and_go(target, under_way, repetitions(8000.0));
    let each_second = Pacing::Every(Duration::from_secs(1));
    // The first `talkers` of all clients send for `time` seconds.
    let talk = move |clients: usize, talkers: usize, pacing: Pacing, time: f64| {
        move |target: &Target| exchange(target, clients, &Workload::new(talkers, pacing, seconds(time)))
    };
    vec![
        Scenario::new("classroom, 30 at 1/s", &[&rooms, &data], talk(30, 30, each_second, 4.0)),
        Scenario::new("the same with receipts", &[&route("/chat")], move |target| {
            let workload = Workload::new(30, each_second, seconds(4.0));
            exchange(target, 30, &Workload { sends_receipts: true, ..workload })
        }),
        Scenario::new(
            "busy, 100 talk, 1 under way",
            &[&rooms, &data],
            talk(100, 100, Pacing::InFlight(1), 1.2),
        ),
        Scenario::new(
            "busy, 100 talk, 16 under way",
            &[&rooms, &data],
            talk(100, 100, Pacing::InFlight(16), 1.2),
        ),
        Scenario::new("lecture, 1 to 1,000", &[&rooms], talk(1000, 1, Pacing::OneAtATime, 1.2)),
        Scenario::new(
            "big room, 100 of 1,000 talk",
            &[&rooms, &data],
            talk(1000, 100, Pacing::InFlight(1), 1.5),
        ),
        Scenario::new(
            "flood, 50 at 300/s",
            &[&rooms],
            talk(50, 50, Pacing::Every(Duration::from_secs(1) / 300), 1.2),
        ),
        // The socket buffers of the loopback interface hold about 4 MiB for a client that does not read.
        // Texts of 4,000 bytes fill them, so that the server's own queue has to hold the rest.
        Scenario::new("stalled, 20 of 30 never read", &[&rooms], move |target| {
            let pacing = Pacing::Every(Duration::from_millis(10));
            let workload = Workload::new(10, pacing, seconds(2.5));
            exchange(target, 30, &Workload { stalled: 20, text_bytes: 4000, ..workload })
        }),
        Scenario::new("300: 30 talk, 30 never read", &[&rooms], move |target| {
            let workload = Workload::new(30, Pacing::Every(Duration::from_millis(100)), seconds(2.5));
            exchange(target, 300, &Workload { stalled: 30, text_bytes: 2000, ..workload })
        }),
        Scenario::new("arrive and leave, 1 at once", &[&anywhere], come_and_go(1)),
        Scenario::new("arrive and leave, 64 at once", &[&anywhere, &messages, &members], come_and_go(64)),
        Scenario::new("arrive and leave, 300 at once", &[&anywhere], come_and_go(300)),
        Scenario::new("arrive and stay, 200", &[&anywhere], |target| come_and_stay(target, 200)),
        Scenario::new("arrive and stay, 1,000", &[&anywhere], |target| come_and_stay(target, 1000)),
        Scenario::new("arrive and stay, 4,000", &[&anywhere], |target| come_and_stay(target, 4000)),
        Scenario::new("500 come back at once", &[&rooms], |target| come_back(target, 500)),
        Scenario::new("2,000 come back at once", &[&rooms], |target| come_back(target, 2000)),
        Scenario::new("GET /", &[&route("/").map(|page| page.with_name("page")), others], {
            let count = repetitions(20_000.0);
            move |target| get_one_after_the_other(target, count)
        }),
        Scenario::new("idle, 5,000", &[&route("/echo"), &route("/chat")], |target| {
            idle(&target.start(), target, 5000).0
        }),
    ]
}

/// The scenarios of `--curve`: one client of the chat sends to ever more others, and clients join and
/// leave among them.
pub fn curve() -> Vec<Scenario> {
    let most = Threads::of_this_system().open_max(); // the server may have as many clients as that
    let chat = [Target::route("/chat")];
    let one_to = |count: usize| {
        Scenario::new(&format!("1 talks to {count}"), &[&chat], move |target| {
            let process = target.start();
            let (mut figures, _crowd) = idle(&process, target, count);
            if count == most {
                figures.note = format!("one too many gets {}", upgrade_status(&process, &target.path));
            }
            figures
        })
    };
    let join = |count: usize| {
        let chat = chat.clone().map(|chat| chat.with_members(count));
        Scenario::new(&format!("join among {count}"), &[&chat], |target| come_and_go(target, 1, 2000))
    };
    let counts = [10, 100, 1000, 5000, 10_000, most];
    // A client that has left may keep its place for a moment, so the last row leaves some places free.
    counts.map(one_to).into_iter().chain([200, 1000, 5000, 10_000, most - 100].map(join)).collect()
}

/// Clients exchange messages under this workload, after one message to warm up.
fn exchange(target: &Target, clients: usize, workload: &Workload) -> Figures {
    let process = target.start();
    let mut crowd = Crowd::open(&process, target, clients);
    let first = crowd.send_one_message(&process);
    let mut figures = figures(crowd.run(&process, workload));
    figures.missing += first.missing;
    figures
}

/// The figures of a run, for one delivery each.
fn figures(measurement: Measurement) -> Figures {
    let Measurement { deliveries, missing, out_of_sequence, cpu_time, driver_shares, seconds, latencies } =
        measurement;
    Figures {
        cpu: Some(cpu_time / deliveries as f64),
        rate: Some(deliveries as f64 / seconds),
        p50: Some(latencies.quantile(0.5)),
        p99: Some(latencies.quantile(0.99)),
        p999: Some(latencies.quantile(0.999)),
        max: Some(latencies.max()),
        driver_shares: driver_shares.map(Some),
        missing,
        out_of_sequence,
        ..Figures::default()
    }
}

/// Opens connections that send nothing, and measures the memory for each. In the chat one client then
/// sends for 0.3 s, one message after the other; the longest latency is the time until the last client
/// has a message. The connections stay open until the returned [`Crowd`] is dropped.
fn idle(process: &ServerProcess, target: &Target, count: usize) -> (Figures, Crowd) {
    let before = process.resident_memory();
    let mut crowd = Crowd::open(process, target, count);
    let memory = || Some((process.resident_memory() - before) / count as f64);
    if target.path == "/echo" {
        process.wait_until_idle();
        return (Figures { memory: memory(), ..Figures::default() }, crowd);
    }
    let first = crowd.send_one_message(process);
    let memory = memory();
    let time = Duration::from_millis(300);
    let mut figures = figures(crowd.run(process, &Workload::new(1, Pacing::OneAtATime, time)));
    figures.missing += first.missing;
    (Figures { memory, ..figures }, crowd)
}

/// Clients arrive and leave, `under_way` at once and `count` in all, while the members stay that the target
/// asks for.
///
/// `count` has to be in the thousands: the server's threads end with their connections, so the CPU time
/// is counted in ticks of 10 ms (see [`ServerProcess::cpu_time_since`]).
fn come_and_go(target: &Target, under_way: usize, count: usize) -> Figures {
    let process = target.start();
    let mut crowd = Crowd::open(&process, target, target.members);
    if target.messages > 0 {
        let mut speaker = Crowd::open(&process, target, 1);
        let pacing = Pacing::Every(Duration::from_millis(1));
        speaker.run(&process, &Workload::new(1, pacing, Duration::from_millis(target.messages as u64)));
    }
    let mut next_drain = Instant::now();
    let mut drain = move || {
        if Instant::now() >= next_drain {
            crowd.drain();
            next_drain = Instant::now() + Duration::from_millis(2);
        }
    };
    let paths = |count| iter::repeat_n(target.path.clone(), count);
    arrive(&process, target.protocol, paths(under_way), under_way, Then::Leave, &mut drain);
    process.wait_until_idle();
    measure_arrivals(&process, || {
        let paths = paths(count);
        arrive(&process, target.protocol, paths, under_way, Then::Leave, &mut drain)
    })
    .0
}

/// Clients arrive, 64 at once, and stay.
fn come_and_stay(target: &Target, count: usize) -> Figures {
    let process = target.start();
    let paths = iter::repeat_n(target.path.clone(), count);
    let arrive = || arrive(&process, target.protocol, paths, 64, Then::Stay, || {});
    measure_arrivals(&process, arrive).0
}

/// `count` members lose their connections in one moment, and come back as fast as they can: the longest
/// latency is that of one of them, and the note says when the last is back.
fn come_back(target: &Target, count: usize) -> Figures {
    let process = target.start();
    let paths = iter::repeat_n(target.path.clone(), count);
    let before = arrive(&process, target.protocol, paths, 64, Then::Stay, || {});
    process.wait_until_idle();
    let paths = before.stayed.iter().map(|(_, path)| path.clone());
    let paths: Vec<String> =
        paths.map(|path| if path.is_empty() { target.path.clone() } else { path }).collect();
    let (mut figures, seconds) = measure_arrivals(&process, || {
        drop(before);
        arrive(&process, target.protocol, paths, AT_A_TIME, Then::Stay, || {})
    });
    figures.note = format!("all after {:.0} ms", seconds * 1000.0);
    figures
}

/// The figures of these arrivals, for one each, and how long they took in seconds.
fn measure_arrivals(process: &ServerProcess, arrive: impl FnOnce() -> Arrivals) -> (Figures, f64) {
    let (cpu_before, driver_before) = (process.cpu_time(), DriverTime::now());
    let Arrivals { latencies, seconds, stayed } = arrive();
    let driver_shares = DriverTime::shares_since(driver_before);
    process.wait_until_idle(); // a server's thread ends a moment after the client has seen the end
    let count = latencies.count() as f64;
    let figures = Figures {
        cpu: Some(process.cpu_time_since(cpu_before) / count),
        rate: Some(count / seconds),
        p50: Some(latencies.quantile(0.5)),
        p99: Some(latencies.quantile(0.99)),
        p999: Some(latencies.quantile(0.999)),
        max: Some(latencies.max()),
        driver_shares: driver_shares.map(Some),
        ..Figures::default()
    };
    drop(stayed);
    (figures, seconds)
}

/// Requests a page `count` times, each over a connection of its own, which the server closes.
fn get_one_after_the_other(target: &Target, count: usize) -> Figures {
    let process = target.start();
    get(process.connect(), &target.path);
    let (cpu_before, driver_before) = (process.cpu_time(), DriverTime::now());
    let began = Instant::now();
    for _ in 0..count {
        get(process.connect(), &target.path);
    }
    let seconds = began.elapsed().as_secs_f64();
    let driver_shares = DriverTime::shares_since(driver_before);
    process.wait_until_idle();
    Figures {
        cpu: Some(process.cpu_time_since(cpu_before) / count as f64),
        rate: Some(count as f64 / seconds),
        driver_shares: driver_shares.map(Some),
        ..Figures::default()
    }
}

/// Requests a page over a connection that the server closes after its response.
fn get(mut stream: TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the server takes the request");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("the end of the stream");
    assert!(response.starts_with(b"HTTP/1.1 200 "), "{:?}", String::from_utf8_lossy(&response));
}

/// The status of the response to a request to upgrade.
fn upgrade_status(process: &ServerProcess, path: &str) -> String {
    let mut stream = process.connect();
    stream.write_all(upgrade_request(path, "").as_bytes()).expect("the server takes the request");
    let (head, _) = read_head(&mut stream);
    head.split(' ').nth(1).unwrap_or_default().to_string()
}
