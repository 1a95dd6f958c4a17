//! Results that do not fit on the screen go through a pager, as git and man do it. What fits is printed, and so is everything
//! where nobody watches: nothing is paged unless standard output is a terminal.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};

use super::signals;
use crate::text;

/// Ours, before the one that is meant for every program.
const VARIABLES: [&str; 2] = ["KEYROLL_PAGER", "PAGER"];
/// What pages where nobody says otherwise.
const DEFAULT: &str = "less";
/// How less behaves unless its own variable says otherwise: it ends by itself if all fits, keeps colours, and leaves on the screen
/// what was read.
const LESS: &str = "FRX";

/// What pages, and the screen it is for.
#[derive(Debug)]
pub(super) struct Pager {
    command: String,
    columns: usize,
    lines: usize,
}

impl Pager {
    /// The pager of this terminal; `None` if standard output is none, or whoever watches wants none.
    pub(super) fn of_terminal() -> Option<Self> {
        let out = io::stdout();
        if !out.is_terminal() {
            return None;
        }
        let command = chosen(VARIABLES.map(std::env::var_os))?;
        let size = terminal_size::terminal_size_of(out);
        let (columns, lines) = size.map_or((80, 24), |(width, height)| (width.0.into(), height.0.into()));
        Some(Self { command, columns, lines })
    }

    /// Where a result is written: nothing of it is shown before it is known whether it fits. What cannot be shown as it was
    /// meant to be, `complain` says.
    pub(super) fn begin<'p>(&'p self, complain: &'p dyn Fn(&str)) -> Paged<'p> {
        Paged { pager: self, complain, state: State::Held(Vec::new()) }
    }

    /// True if so much text can be seen at once, with a line left for what comes behind it.
    fn fits(&self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        let lines = text.lines().map(|line| columns(line).div_ceil(self.columns.max(1)).max(1));
        lines.sum::<usize>() < self.lines
    }

    fn start(&self) -> io::Result<Child> {
        let mut words = self.command.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or(DEFAULT));
        command.args(words).stdin(Stdio::piped());
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", LESS);
        }
        command.spawn()
    }
}

/// The first of these that is set; `None` if it says that nothing is to page.
fn chosen(variables: [Option<OsString>; 2]) -> Option<String> {
    let set = variables.into_iter().flatten().next().unwrap_or_else(|| DEFAULT.into());
    let command = set.to_string_lossy().trim().to_owned();
    (!command.is_empty() && command != "cat").then_some(command)
}

/// Columns of a line: what sets its colours takes none.
fn columns(line: &str) -> usize {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().map_or(0, text::columns);
    let rest = parts.filter_map(|part| part.split_once('m')).map(|(_, shown)| text::columns(shown));
    first + rest.sum::<usize>()
}

/// A result on its way to whoever reads it.
pub(super) struct Paged<'p> {
    pager: &'p Pager,
    complain: &'p dyn Fn(&str),
    state: State,
}

enum State {
    /// It fits so far.
    Held(Vec<u8>),
    /// It goes through the pager.
    Paged(Child),
    /// It goes straight to the terminal.
    Plain,
}

impl Paged<'_> {
    /// Hands on what was held, through a pager if one can be started.
    fn let_go(&mut self) -> io::Result<()> {
        let held = match &mut self.state {
            State::Held(held) => std::mem::take(held),
            State::Paged(_) | State::Plain => return Ok(()),
        };
        // Whoever presses Ctrl-C speaks to the pager: it must not be left alone with the terminal.
        signals::leave_interrupts_to_others();
        match self.pager.start() {
            Ok(child) => self.state = State::Paged(child),
            Err(error) => {
                let command = &self.pager.command;
                (self.complain)(&format!(
                    "The pager `{command}` could not be started ({error}); name another with KEYROLL_PAGER, or none with --no-pager."
                ));
                self.state = State::Plain;
            }
        }
        self.write_all(&held)
    }

    /// Ends the result, and waits until it is read.
    pub(super) fn end(mut self) -> io::Result<()> {
        match &mut self.state {
            State::Held(held) => {
                let mut out = io::stdout().lock();
                out.write_all(held)?;
                out.flush()
            }
            State::Plain => io::stdout().flush(),
            State::Paged(child) => {
                drop(child.stdin.take());
                // How the pager fared is not how the command did.
                child.wait().map(|_status| ())
            }
        }
    }
}

impl Write for Paged<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.state {
            State::Held(held) => {
                held.extend_from_slice(bytes);
                if !self.pager.fits(held) {
                    self.let_go()?;
                }
                Ok(bytes.len())
            }
            State::Paged(Child { stdin: Some(stdin), .. }) => stdin.write(bytes),
            State::Paged(_) => Err(io::ErrorKind::BrokenPipe.into()),
            State::Plain => io::stdout().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Paged(Child { stdin: Some(stdin), .. }) => stdin.flush(),
            State::Held(_) | State::Paged(_) => Ok(()),
            State::Plain => io::stdout().flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_counts_before_the_common_one_and_both_can_say_no() {
        let told = |own: Option<&str>, common: Option<&str>| chosen([own.map(Into::into), common.map(Into::into)]);
        assert_eq!(told(None, None).as_deref(), Some("less"));
        assert_eq!(told(None, Some("more -e")).as_deref(), Some("more -e"));
        assert_eq!(told(Some("most"), Some("more")).as_deref(), Some("most"));
        assert_eq!(told(Some(""), Some("more")), None);
        assert_eq!(told(None, Some(" cat ")), None);
        assert_eq!(told(Some("most"), Some("")).as_deref(), Some("most"));
    }

    #[test]
    fn a_long_line_takes_several_and_colours_take_none() {
        let pager = Pager { command: String::new(), columns: 10, lines: 4 };
        assert!(pager.fits(b"one\ntwo\nthree\n"));
        assert!(!pager.fits(b"one\ntwo\nthree\nfour\n"));
        assert!(pager.fits("\u{1b}[1;31mone two ab\u{1b}[0m\ntwo\nthree\n".as_bytes()));
        assert!(!pager.fits(b"one two abc\ntwo\nthree\n"));
        assert!(!pager.fits("日本語テキスト\n\n\n".as_bytes()), "wide letters count double");
    }
}
