//! Output with everything taken out that differs from run to run.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

/// An instant counts as now when it is this near.
const NEAR: SignedDuration = SignedDuration::from_hours(1);
/// Hexadecimal digits from which on a run of them is a digest.
const LONG: usize = 12;
/// The same for a run without letters: longer than any number of ours.
const LONGER: usize = 16;

/// Replaces the emulator's address, the directory, instants near now, and digests.
pub(crate) fn scrub(text: &str, base_url: &str, root: &Path) -> String {
    let host = base_url.trim_start_matches("http://");
    let text = text.replace(&root.display().to_string(), "DIRECTORY");
    let text = text.replace(host, "127.0.0.1:8400");
    digests(&clocks(&distances(&minutes(&instants(&text)))))
}

#[expect(clippy::disallowed_methods, reason = "tests are where the wall clock is looked at")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// Instants near now become `NOW`.
fn instants(text: &str) -> String {
    let now = now();
    replace_runs(
        text,
        |character| character.is_ascii_digit() || "-:.TZ".contains(character),
        |run| {
            let instant: Timestamp = run.parse().ok()?;
            (now.duration_since(instant).abs() < NEAR).then_some("NOW")
        },
    )
}

/// Instants near now, as people are told them, become `NOW`.
fn minutes(text: &str) -> String {
    let now = now();
    let near = |minutes: i64| now + SignedDuration::from_mins(minutes);
    let shown = |instant: Timestamp| instant.strftime("%Y-%m-%d %H:%M UTC").to_string();
    // Whatever was printed was printed within the last few minutes.
    (-5..=1).fold(text.to_owned(), |text, minutes| text.replace(&shown(near(minutes)), "NOW"))
}

/// How far away from now something is becomes `DISTANCE`.
fn distances(text: &str) -> String {
    let scrubbed = text.lines().map(|line| {
        if let Some((before, rest)) = line.split_once("NOW, ")
            && let Some((_, after)) = rest.split_once(" ago")
        {
            return format!("{before}NOW, DISTANCE{after}");
        }
        if line.contains("another instant than now")
            && let Some((before, rest)) = line.split_once('(')
            && let Some((_, after)) = rest.split_once(')')
        {
            return format!("{before}(DISTANCE){after}");
        }
        line.to_owned()
    });
    scrubbed.map(|line| line + "\n").collect()
}

/// Times of day, which are told where something is to be waited for, become `TIME`, and the days until
/// something expires `DISTANCE`.
fn clocks(text: &str) -> String {
    let mut scrubbed = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" UTC") {
        let is_time = |word: &str| {
            word.len() == 5
                && word.split(':').all(|part| part.len() == 2 && part.parse::<u8>().is_ok())
        };
        let (head, last) = before.rsplit_once([' ', '\n']).unwrap_or(("", before));
        let is_dated =
            head.trim_end().rsplit([' ', '\n']).next().is_some_and(|word| word.contains("20"));
        if is_time(last) && !is_dated {
            let until = before.len() - last.len();
            scrubbed.push_str(before.split_at(until).0);
            scrubbed.push_str("TIME");
        } else {
            scrubbed.push_str(before);
        }
        scrubbed.push_str(" UTC");
        rest = after;
    }
    scrubbed.push_str(rest);
    let lines = scrubbed.lines().map(|line| match line.split_once("expires ") {
        Some((before, after)) if after.contains(" (in ") && after.ends_with(" days)") => {
            let (when, _) = after.split_once(" (in ").unwrap_or((after, ""));
            format!("{before}expires {when} (DISTANCE)\n")
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// Digests become `DIGEST`: what is named as one, and long runs of hexadecimal digits that are no
/// decimal number of ours.
fn digests(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let mut scrubbed = long_runs(parts.next().unwrap_or_default());
    for part in parts {
        let rest = part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
        scrubbed.push_str("sha256:DIGEST");
        scrubbed.push_str(&long_runs(rest));
    }
    scrubbed
}

fn long_runs(text: &str) -> String {
    replace_runs(
        text,
        |character| character.is_ascii_hexdigit(),
        |run| {
            let has_letter = run.contains(|digit: char| digit.is_ascii_alphabetic());
            (run.len() >= LONG && (has_letter || run.len() >= LONGER)).then_some("DIGEST")
        },
    )
}

/// Replaces runs of some characters.
fn replace_runs(
    text: &str,
    belongs: impl Fn(char) -> bool,
    replacement: impl Fn(&str) -> Option<&'static str>,
) -> String {
    let mut scrubbed = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(&belongs) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|character| !belongs(character)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        scrubbed.push_str(before);
        scrubbed.push_str(replacement(run).unwrap_or(run));
        rest = after;
    }
    scrubbed.push_str(rest);
    scrubbed
}

#[test]
fn what_differs_from_run_to_run_goes_and_the_rest_stays() {
    let now = now();
    let minute = now.strftime("%Y-%m-%d %H:%M UTC");
    let text = format!(
        "made {now} for 2020-01-01T00:00:00Z\n\
         at http://127.0.0.1:4242, in /t/x: 123456789012 abcdef012345 sha256:900151831381\n\
         made {minute}, 2 seconds ago, by hand\n\
         ! another instant than now: 2020-01-01 00:00 UTC (7 years ago).\n\
         next: 2020-01-03 00:00 UTC (in 2 days)\n\
         2 left, next at 14:05 UTC, expires 2027-04-01 00:00 UTC (in 129 days)\n"
    );
    assert_eq!(
        scrub(&text, "http://127.0.0.1:4242", Path::new("/t")),
        "made NOW for 2020-01-01T00:00:00Z\n\
         at http://127.0.0.1:8400, in DIRECTORY/x: 123456789012 DIGEST sha256:DIGEST\n\
         made NOW, DISTANCE, by hand\n\
         ! another instant than now: 2020-01-01 00:00 UTC (DISTANCE).\n\
         next: 2020-01-03 00:00 UTC (in 2 days)\n\
         2 left, next at TIME UTC, expires 2027-04-01 00:00 UTC (DISTANCE)\n"
    );
}
