//! The figures of a run, their medians, and the table.

/// How often which latency was seen, in steps of 6 %: it has to cost next to nothing, because there
/// are millions.
pub struct Latencies {
    counts: Vec<u64>,
    max: u64,
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies { counts: vec![0; 64 * STEPS], max: 0 }
    }
}

/// Between a power of two and the next.
const STEPS: usize = 16;

impl Latencies {
    /// One more, in µs.
    pub fn add(&mut self, micros: u64) {
        let micros = micros.max(STEPS as u64);
        let power = micros.ilog2() as usize;
        let step = (micros >> (power - 4)) as usize - STEPS; // the four bits after the first
        self.counts[power * STEPS + step] += 1;
        self.max = self.max.max(micros);
    }

    /// What this share of them stayed below, in ms.
    pub fn quantile(&self, share: f64) -> f64 {
        let total: u64 = self.counts.iter().sum();
        let mut left = (total as f64 * share) as u64;
        let index = self.counts.iter().position(|count| {
            let is_here = *count > left;
            left = left.saturating_sub(*count);
            is_here
        });
        let Some(index) = index else { return self.max() };
        let upper = ((STEPS + index % STEPS + 1) as u64) << (index / STEPS - 4);
        (upper as f64 / 1000.0).min(self.max())
    }

    /// The longest, in ms.
    pub fn max(&self) -> f64 {
        self.max as f64 / 1000.0
    }
}

/// What one run has shown; what was not measured is not there.
#[derive(Clone, Default)]
pub struct Figures {
    /// The server's CPU time, in µs, for one delivery, handshake or request.
    pub cpu: Option<f64>,
    /// How many of them there were in a second.
    pub rate: Option<f64>,
    /// Latencies, in ms: half of them are shorter, 99 of 100 are, all are.
    pub p50: Option<f64>,
    pub p99: Option<f64>,
    pub max: Option<f64>,
    /// Resident memory for one connection, in kB.
    pub memory: Option<f64>,
    /// The share of the time in which the driver ran, and in which it waited for a processor.
    pub driver: [Option<f64>; 2],
    /// Messages that did not come, and those that came twice or in the wrong order.
    pub missing: u64,
    pub wrong: u64,
    pub note: String,
}

impl Figures {
    /// The median of each figure; the sum of all mistakes.
    pub fn medians(runs: &[Figures]) -> Figures {
        let median = |figure: fn(&Figures) -> Option<f64>| {
            let mut values: Vec<f64> = runs.iter().filter_map(figure).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied()
        };
        Figures {
            cpu: median(|run| run.cpu),
            rate: median(|run| run.rate),
            p50: median(|run| run.p50),
            p99: median(|run| run.p99),
            max: median(|run| run.max),
            memory: median(|run| run.memory),
            driver: [median(|run| run.driver[0]), median(|run| run.driver[1])],
            missing: runs.iter().map(|run| run.missing).sum(),
            wrong: runs.iter().map(|run| run.wrong).sum(),
            note: runs.first().map(|run| run.note.clone()).unwrap_or_default(),
        }
    }
}

/// The line above all rows.
pub fn print_heading() {
    println!(
        "{:<28} {:<14} {:>8} {:>9} {:>8} {:>8} {:>8} {:>7} {:>6}  note",
        "scenario", "server", "CPU µs", "each/s", "p50 ms", "p99 ms", "max ms", "missing", "kB"
    );
}

/// One row.
pub fn print_row(scenario: &str, subject: &str, figures: &Figures) {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or("-".to_string(), |value| format!("{value:.digits$}"))
    };
    let mut note = figures.note.clone();
    if figures.wrong > 0 {
        note += &format!(" {} DOUBLED OR OUT OF ORDER", figures.wrong);
    }
    // Then it might be the driver that is measured, and times are longer than a client's would be.
    let [ran, waited] = figures.driver.map(|share| share.unwrap_or(0.0) * 100.0);
    if ran > 90.0 || waited > 10.0 {
        note += &format!(" driver busy {ran:.0} %, kept waiting {waited:.0} %");
    }
    println!(
        "{scenario:<28} {subject:<14} {:>8} {:>9} {:>8} {:>8} {:>8} {:>7} {:>6}  {}",
        number(figures.cpu, 3),
        number(figures.rate, 0),
        number(figures.p50, 2),
        number(figures.p99, 2),
        number(figures.max, 1),
        figures.missing,
        number(figures.memory, 1),
        note.trim()
    );
}
