//! The time of day, for people: it stands in messages, in the wire view, in `Date` headers and in the log.
//!
//! Intervals (timeouts, rates, grace times) are measured with [`std::time::Instant`] instead, because
//! the time of day jumps when an administrator or NTP sets the clock.

use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

/// The time since 1970-01-01 00:00 UTC. A clock that is set before 1970 counts as 1970.
pub fn since_1970() -> Duration {
    UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// The date format of HTTP (RFC 9110, 5.6.7), such as `Sun, 06 Nov 1994 08:49:37 GMT`. std has no
/// calendar.
pub fn http_date(since_1970: Duration) -> String {
    let (mut day, second) = (since_1970.as_secs() / 86_400, since_1970.as_secs() % 86_400);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(day % 7) as usize];
    let is_leap = |y: u64| (y.is_multiple_of(4) && !y.is_multiple_of(100)) || y.is_multiple_of(400);
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    let month = &"JanFebMarAprMayJunJulAugSepOctNovDec"[month * 3..month * 3 + 3];
    format!("{weekday}, {:02} {month} {year} {} GMT", day + 1, time_of_day(second))
}

/// The time of day in UTC, such as `08:49:37`.
pub fn time_of_day(seconds_since_1970: u64) -> String {
    let second = seconds_since_1970 % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// Milliseconds from UTC to the local time. std does not know them; the program `date` does, where there is
/// one. Elsewhere they are 0.
pub fn local_offset() -> i64 {
    let output = Command::new("date").arg("+%z").output().map(|output| output.stdout).unwrap_or_default();
    let hours_minutes: i64 = String::from_utf8_lossy(&output).trim().parse().unwrap_or(0); // such as -0330
    (hours_minutes / 100 * 60 + hours_minutes % 100) * 60_000
}
