//! The two outputs: results to standard output, words about the work to standard error.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use indicatif::{ProgressBar, ProgressStyle};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::pager::Pager;
use super::plain::{self, Plain};
use crate::app::{Forecast, Progress};
use crate::model::{Assessment, Coverage, Kind};
use crate::reports::Look;
use crate::text::{columns, join_and, plural, thousands};

/// How to speak to whoever started the program.
#[derive(Debug)]
pub(super) struct Terminal {
    quiet: bool,
    lost: AtomicBool,
    pager: Option<Pager>,
    /// True if results, and if words about the work, go to a terminal that understands ASCII alone.
    plain_results: bool,
    plain_words: bool,
    /// Columns of the terminal that words about the work go to, if they go to one.
    words_width: Option<usize>,
    /// Width and colour of results.
    pub(super) look: Look,
    /// True if errors may be coloured.
    pub(super) colour_errors: bool,
}

impl Terminal {
    /// `paged` says that results which do not fit on the screen may go through a pager.
    pub(super) fn new(quiet: bool, no_color: bool, width: Option<u16>, paged: bool) -> Self {
        let colour = !no_color && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let found = || terminal_size::terminal_size().map(|(width, _)| width.0);
        let words_width = std::io::stderr().is_terminal().then(|| width.or_else(found)).flatten();
        let width = width.or_else(|| std::io::stdout().is_terminal().then(found).flatten()).unwrap_or(80);
        Self {
            words_width: words_width.map(|width| usize::from(width.max(40))),
            quiet,
            lost: AtomicBool::new(false),
            pager: paged.then(Pager::of_terminal).flatten(),
            plain_results: std::io::stdout().is_terminal() && !plain::speaks_utf8(),
            plain_words: std::io::stderr().is_terminal() && !plain::speaks_utf8(),
            look: Look { width: usize::from(width.max(40)), colour: colour && std::io::stdout().is_terminal() },
            colour_errors: colour && std::io::stderr().is_terminal(),
        }
    }

    /// Log lines go to standard error: none by default, structured where nobody watches.
    pub(super) fn start_logging(&self, verbose: u8) {
        let level = match (self.quiet, verbose) {
            (true, _) => tracing::Level::ERROR,
            (false, 0) => tracing::Level::WARN,
            (false, 1) => tracing::Level::INFO,
            (false, _) => tracing::Level::DEBUG,
        };
        // What the queue says of each of its jobs is for whoever looks at requests, too.
        let of_queue = if verbose > 1 { level } else { level.min(tracing::Level::WARN) };
        let wanted = Targets::new().with_default(level).with_target("graphile_worker", of_queue);
        let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false);
        // A second start, as in tests that call the library, keeps the first one's lines.
        if std::io::stderr().is_terminal() {
            drop(lines.with_ansi(self.colour_errors).finish().with(wanted).try_init());
        } else {
            drop(lines.json().flatten_event(true).finish().with(wanted).try_init());
        }
    }

    /// Writes a result. A reader that has gone away (`| head`) is not an error; a result that is cut off is, and
    /// [`Terminal::lost_a_result`] tells.
    pub(super) fn result(&self, text: &str) {
        let end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
        let written = self.result_of(|out| out.write_all(text.as_bytes()).and_then(|()| out.write_all(end)));
        self.check(written);
    }

    /// Lets a result be written that is too long to be held, and gives back what the writing says. What becomes of an error of
    /// standard output, [`Terminal::check`] decides.
    pub(super) fn result_of<E: From<std::io::Error>>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(pager) = &self.pager else {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            if self.plain_results {
                write(&mut Plain::new(&mut out))?;
            } else {
                write(&mut out)?;
            }
            return Ok(out.flush()?);
        };
        let complain = |words: &str| self.note(words);
        let mut paged = pager.begin(&complain);
        let mut out = std::io::BufWriter::new(&mut paged);
        let written = if self.plain_results { write(&mut Plain::new(&mut out)) } else { write(&mut out) };
        let written = written.and_then(|()| Ok(out.flush()?));
        // What could not be written is not tried again: the reader has gone away.
        drop(out.into_parts());
        let read = paged.end();
        written?;
        Ok(read?)
    }

    /// Takes note of a result that was cut off.
    pub(super) fn check(&self, written: std::io::Result<()>) {
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                self.error(&format!("the result could not be written whole: {error}"));
                self.lost.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    /// True if a result could not be written whole.
    pub(super) fn lost_a_result(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// Says something about the work, unless asked to be quiet.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.note(text);
        }
    }

    /// Says something that must be heard. On a terminal, lines are broken between words.
    pub(super) fn note(&self, text: &str) {
        match self.words_width {
            Some(width) => self.write(&folded(text, width)),
            None => self.write(text),
        }
    }

    fn write(&self, text: &str) {
        let text = if self.plain_words { plain::words(text) } else { text.into() };
        drop(writeln!(std::io::stderr().lock(), "{text}"));
    }

    /// Passes on what another process of ours said there.
    pub(super) fn note_of(&self, said: &[u8]) {
        let text = String::from_utf8_lossy(said);
        if !text.trim().is_empty() {
            self.write(text.trim_end());
        }
    }

    /// Tells what went wrong. It may show a place in a file, whose lines stay as they are.
    pub(super) fn error(&self, text: &str) {
        let label = if self.colour_errors { "\u{1b}[1;31merror\u{1b}[0m" } else { "error" };
        self.write(&format!("{label}: {text}"));
    }

    /// Reminds of what a list cannot show.
    pub(super) fn warn_of_gaps(&self, assessment: &Assessment) {
        self.warn_of(assessment.snapshot.ledger.iter().filter(|entry| entry.is_gap()).count());
    }

    /// Reminds of what a list of one kind cannot show.
    pub(super) fn warn_of_gaps_in(&self, assessment: &Assessment, kind: Kind) {
        let ledger = &assessment.snapshot.ledger;
        if ledger.iter().any(|entry| entry.shows.contains(&kind)) {
            self.warn_of(Coverage(ledger).gaps_of(kind).count());
        } else {
            self.note(&format!("No source that was asked shows any {}: this says nothing about them.", kind.plural()));
        }
    }

    /// Reminds that there may be more behind so many gaps.
    pub(super) fn warn_of(&self, gaps: usize) {
        if gaps > 0 {
            let endpoints = plural(gaps, "endpoint was", "endpoints were");
            self.note(&format!("There may be more: {endpoints} not read whole (keyroll coverage)."));
        }
    }

    /// A sign of life while sources are read: a spinner for people, a line for each source otherwise.
    pub(super) fn progress(&self, sources: usize) -> ScanProgress<'_> {
        let bar = (!self.quiet && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
                .unwrap_or_else(|_fixed_template| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.set_message(format!("reading {}", plural(sources, "source", "sources")));
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        ScanProgress { terminal: self, bar, forecast: OnceLock::new(), began: Instant::now() }
    }
}

/// Lines broken between words, so that none has more columns than that if it can be helped. What stands between backquotes is not
/// broken: it may be copied. A line that is indented goes on two columns further in.
fn folded(text: &str, width: usize) -> String {
    let mut out = String::new();
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if columns(line) <= width {
            out.push_str(line);
            continue;
        }
        let words = line.trim_start_matches(' ');
        let indent = line.len() - words.len();
        let further = if indent == 0 { 0 } else { indent + 2 };
        out.push_str(&" ".repeat(indent));
        let mut used = indent;
        let mut is_first = true;
        let mut word = String::new();
        let mut is_quoted = false;
        for letter in words.chars().chain([' ']) {
            is_quoted ^= letter == '`';
            if letter != ' ' || is_quoted {
                word.push(letter);
                continue;
            }
            let wide = columns(&word);
            if !is_first && used + 1 + wide > width {
                out.push('\n');
                out.push_str(&" ".repeat(further));
                used = further;
            } else if !is_first {
                out.push(' ');
                used += 1;
            }
            out.push_str(&word);
            used += wide;
            is_first = false;
            word.clear();
        }
        // A quotation that nobody ended.
        if !word.is_empty() {
            out.push_str(if is_first { "" } else { " " });
            out.push_str(word.trim_end());
        }
    }
    out
}

/// Tells how far a scan is.
pub(super) struct ScanProgress<'a> {
    terminal: &'a Terminal,
    bar: Option<ProgressBar>,
    forecast: OnceLock<Forecast>,
    began: Instant,
}

impl ScanProgress<'_> {
    /// Tells no forecast: for scans that are over in a moment.
    pub(super) fn tell_briefly(&self, progress: &Progress) {
        if !matches!(progress, Progress::Beginning { .. }) {
            self.tell(progress);
        }
    }

    pub(super) fn tell(&self, progress: &Progress) {
        let text = match progress {
            Progress::Beginning { forecast: None } => {
                "How many requests this takes is not known before the first scan.".to_owned()
            }
            Progress::Beginning { forecast: Some(forecast) } => {
                drop(self.forecast.set(forecast.clone()));
                foretold(forecast)
            }
            Progress::Asking { requests, recalled } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(so_far(*requests, *recalled, self.forecast.get(), self.began.elapsed()));
                }
                return;
            }
            Progress::Collected { source, resources, complete, endpoints } => format!(
                "{source}: {} seen, {complete} of {} read whole",
                plural(*resources, "resource", "resources"),
                plural(*endpoints, "endpoint", "endpoints")
            ),
            Progress::Judging { resources } => {
                format!("judging {}", plural(*resources, "resource", "resources"))
            }
            // They take seconds in a large estate, and say nothing to whoever waits.
            Progress::Done(_) => return,
        };
        match &self.bar {
            Some(bar) if matches!(progress, Progress::Judging { .. }) => bar.set_message(text),
            Some(bar) => bar.println(text),
            None => self.terminal.say(&text),
        }
    }
}

impl Drop for ScanProgress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// What a scan will take, in words.
fn foretold(forecast: &Forecast) -> String {
    let requests = plural(small(forecast.requests), "request", "requests");
    let time = forecast.time.map(|time| format!(" and {}", span(time))).unwrap_or_default();
    let when = forecast.of.format("%Y-%m-%d %H:%M UTC");
    let unknown = match forecast.unknown.as_slice() {
        [] => String::new(),
        sources => {
            let names: Vec<String> = sources.iter().map(ToString::to_string).collect();
            format!("; {} on top, of which nothing is known yet", join_and(&names))
        }
    };
    format!("This will take about {requests}{time}, like the scan of {when}{unknown}.")
}

/// How far a scan is. How long it still takes is told only while it is known: from what the scan before asked, and the pace
/// so far.
fn so_far(requests: u64, recalled: u64, forecast: Option<&Forecast>, elapsed: Duration) -> String {
    let done = thousands(small(requests + recalled));
    let Some(expected) = forecast.map(|forecast| forecast.requests) else { return format!("{done} requests") };
    let left = expected.saturating_sub(requests + recalled);
    if left == 0 {
        return format!("{done} requests, more than the scan before");
    }
    let of = format!("{done} of about {} requests", thousands(small(expected)));
    if elapsed < Duration::from_secs(5) || requests < 20 {
        return of;
    }
    let seconds = elapsed.as_secs().saturating_mul(left) / requests;
    format!("{of}, about {} left", span(TimeDelta::seconds(i64::try_from(seconds).unwrap_or(i64::MAX / 1000))))
}

/// A span in the one unit that says enough.
fn span(time: TimeDelta) -> String {
    match time.num_seconds() {
        seconds if seconds < 90 => plural(small(seconds.max(1).unsigned_abs()), "second", "seconds"),
        seconds if seconds < 90 * 60 => plural(small((seconds.unsigned_abs() + 30) / 60), "minute", "minutes"),
        seconds => {
            let minutes = (seconds.unsigned_abs() + 30) / 60;
            format!("{} h {:02} min", minutes / 60, minutes % 60)
        }
    }
}

fn small(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast(requests: u64) -> Forecast {
        let of = "2026-11-22T02:00:00Z".parse().unwrap();
        Forecast { requests, time: Some(TimeDelta::seconds(400)), of, unknown: vec!["align".into()] }
    }

    #[test]
    fn lines_are_broken_between_words_and_not_within_what_may_be_copied() {
        assert_eq!(folded("short\n\n  as it is  ", 20), "short\n\n  as it is  ");
        assert_eq!(folded("one two three four", 9), "one two\nthree\nfour");
        assert_eq!(folded("  a: one two three", 10), "  a: one\n    two\n    three");
        assert_eq!(folded("say `cp one two` twice", 9), "say\n`cp one two`\ntwice");
        assert_eq!(folded("a `quotation without an end", 9), "a `quotation without an end");
        assert_eq!(folded("unbreakable-as-it-is", 9), "unbreakable-as-it-is");
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_where_lines_are_broken(text in "[a-z` \\n\u{4e00}é]{0,80}", width in 4_usize..40) {
            let bare = |text: &str| text.replace([' ', '\n'], "");
            let broken = folded(&text, width);
            proptest::prop_assert_eq!(bare(&broken), bare(&text));
            proptest::prop_assert!(broken.lines().all(|line| columns(line) <= width || !line.trim().contains(' ') || line.contains('`')));
        }
    }

    #[test]
    fn a_forecast_says_what_it_comes_from_and_what_it_does_not_know() {
        assert_eq!(
            foretold(&forecast(12_345)),
            "This will take about 12,345 requests and 7 minutes, like the scan of 2026-11-22 02:00 UTC; align on top, of \
             which nothing is known yet."
        );
    }

    #[test]
    fn the_time_that_is_left_is_told_only_while_it_is_known() {
        let told = |requests, seconds| so_far(requests, 100, Some(&forecast(1_100)), Duration::from_secs(seconds));
        assert_eq!(told(10, 60), "110 of about 1,100 requests");
        assert_eq!(told(100, 2), "200 of about 1,100 requests");
        assert_eq!(told(100, 60), "200 of about 1,100 requests, about 9 minutes left");
        assert_eq!(told(990, 60), "1,090 of about 1,100 requests, about 1 second left");
        assert_eq!(told(1_000, 60), "1,100 requests, more than the scan before");
        assert_eq!(so_far(5, 0, None, Duration::from_secs(60)), "5 requests");
        assert_eq!(span(TimeDelta::minutes(200)), "3 h 20 min");
    }
}
