//! `keyroll browse` as somebody sees it: the real program on a terminal of tmux's, which is read back after each key.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use keyroll::text::columns;
use tempfile::TempDir;

use crate::support::demo::{NOW, demo};
use crate::support::expected::expect_file;
use crate::support::keyroll::keyroll;

/// How long the screen may take to show something, on a machine with much to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with a shell in a copy of the demo's folder.
struct Screen {
    tmux: PathBuf,
    folder: TempDir,
    /// Looks on, and says so whenever something is written on the screen.
    onlooker: Child,
    written: Receiver<()>,
}

impl Screen {
    /// A screen of that size whose shell has these variables; none where no tmux is named.
    fn open(size: (u16, u16), variables: &[&str]) -> Option<Self> {
        let Some(tmux) = std::env::var_os("KEYROLL_TEST_TMUX").map(PathBuf::from) else {
            crate::support::skipped("KEYROLL_TEST_TMUX names no tmux");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        demo().copy_into(folder.path());
        let program = Path::new(env!("CARGO_BIN_EXE_keyroll")).parent().unwrap().to_str().unwrap();
        let path = format!("PATH={program}:/usr/local/bin:/usr/bin:/bin");
        let (width, height) = (size.0.to_string(), size.1.to_string());
        let mut words = vec!["new-session", "-d", "-s", "it", "-x", &width, "-y", &height, "-c"];
        let inside = folder.path().join("keyroll-demo");
        words.extend([inside.to_str().unwrap(), "env", "-i", &path, "TERM=screen-256color", "PS1=$ "]);
        words.extend(variables);
        words.extend(["bash", "--norc", "--noprofile", "-i"]);
        let begun = asked(&tmux, folder.path(), &words);
        assert!(begun.status.success(), "{begun:?}");
        for option in [["window-size", "manual"], ["escape-time", "0"]] {
            assert!(asked(&tmux, folder.path(), &["set-option", "-g", option[0], option[1]]).status.success());
        }
        let mut onlooker = command(&tmux, folder.path());
        onlooker.args(["-C", "attach-session", "-t", "it"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut onlooker = onlooker.spawn().unwrap();
        let (tell, written) = channel();
        let lines = BufReader::new(onlooker.stdout.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|_line| tell.send(())));
        let screen = Self { tmux, folder, onlooker, written };
        screen.resize(size);
        screen.until("the shell is there", |shown| shown.starts_with('$'));
        Some(screen)
    }

    fn ask(&self, words: &[&str]) -> String {
        let answer = asked(&self.tmux, self.folder.path(), words);
        assert!(answer.status.success(), "{words:?}: {answer:?}");
        String::from_utf8(answer.stdout).unwrap()
    }

    fn resize(&self, (width, height): (u16, u16)) {
        self.ask(&["resize-window", "-t", "it", "-x", &width.to_string(), "-y", &height.to_string()]);
    }

    /// Types letters.
    fn types(&self, letters: &str) {
        self.ask(&["send-keys", "-t", "it", "-l", letters]);
    }

    /// Presses keys by their names.
    fn presses(&self, keys: &[&str]) {
        self.ask(&[&["send-keys", "-t", "it"], keys].concat());
    }

    /// Gives the shell a command.
    fn runs(&self, line: &str) {
        self.types(line);
        self.presses(&["Enter"]);
    }

    /// What the screen shows.
    fn shown(&self) -> String {
        self.ask(&["capture-pane", "-p", "-t", "it"])
    }

    /// Waits until the screen shows something, and gives what it shows then.
    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let shown = self.shown();
            if holds(&shown) {
                return shown;
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let moved = self.written.recv_timeout(left);
            assert!(moved.is_ok() || holds(&self.shown()), "it took too long until {what}:\n{}", self.shown());
        }
    }

    fn until_it_says(&self, words: &str) -> String {
        self.until(&format!("it says `{words}`"), |shown| shown.contains(words))
    }

    /// Waits until a tab tells what a command prints, as much of it as the screen has room for.
    fn until_told(&self, tab: &str, words: &[&str]) -> String {
        let printed = self.prints(words);
        let is_told = |shown: &str| {
            let body = body(shown);
            shown.contains(&format!("[{tab}]")) && body.len() > 5 && printed.starts_with(&body)
        };
        self.until(&format!("`{tab}` tells this:\n{}\n", printed.join("\n")), is_told)
    }

    /// What a command about the same folder prints, as lines for a screen of 80 columns.
    fn prints(&self, words: &[&str]) -> Vec<String> {
        let at = ["--now", NOW, "--width", "80"];
        let run = keyroll(&self.folder.path().join("keyroll-demo"), &[words, &at].concat());
        assert_eq!(run.code, 0, "{words:?}: {}", run.err);
        run.out.lines().map(str::to_owned).collect()
    }

    /// Waits until the shell takes commands again.
    fn until_it_has_ended(&self) -> String {
        self.until("the shell is back", |shown| shown.trim_end().ends_with('$'))
    }

    /// Begins to browse, and waits until the findings are there.
    fn browses(&self, more: &str) -> String {
        self.runs(&format!("keyroll browse --now {NOW} {more}"));
        self.until("findings are listed", |shown| shown.contains("open findings") && shown.contains("? keys"))
    }

    /// The terminal is as a shell leaves it: what is typed is shown, by lines, and the screen is the one of before.
    fn is_as_before(&self) {
        self.runs("stty -a | tr ' ' '\\n' | grep -E '^-?(icanon|echo|isig)[;]?$' | tr '\\n' ' '");
        let shown = self.until_it_says("isig icanon echo");
        assert!(!shown.contains("open findings"), "{shown}");
        let all = self.ask(&["capture-pane", "-p", "-S", "-", "-t", "it"]);
        assert!(!all.contains("proven complete"), "nothing is left of it above: {all}");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        asked(&self.tmux, self.folder.path(), &["kill-server"]);
        self.onlooker.wait().ok();
    }
}

fn command(tmux: &Path, folder: &Path) -> Command {
    let mut command = Command::new(tmux);
    command.arg("-u").arg("-S").arg(folder.join("tmux")).args(["-f", "/dev/null"]);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
    command.env("TERM", "screen-256color");
    command
}

fn asked(tmux: &Path, folder: &Path, words: &[&str]) -> std::process::Output {
    command(tmux, folder).args(words).output().unwrap()
}

/// What stands between the line that says what is shown and the keys; nothing where these are not there.
fn body(shown: &str) -> Vec<String> {
    let lines: Vec<&str> = shown.lines().collect();
    let rule = lines.iter().position(|line| line.starts_with("─ ")).unwrap_or(lines.len());
    let keys = lines.iter().rposition(|line| line.starts_with("? keys")).unwrap_or(0);
    let between = lines.get(rule + 1..keys).unwrap_or_default();
    let mut body: Vec<String> = between.iter().map(|line| line.trim_end().to_owned()).collect();
    while body.last().is_some_and(String::is_empty) {
        body.pop();
    }
    body
}

const UTF8: &str = "LANG=C.UTF-8";

#[test]
fn from_a_finding_to_its_resource_to_the_chain_to_the_history() {
    let Some(screen) = Screen::open((80, 24), &[UTF8]) else { return };
    let shown = screen.browses("");
    expect_file("reports/samples/browse.txt", &shown);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "keyroll · acme · scan s10 of 2026-11-22 02:00 UTC");
    assert_eq!(lines[1], "78 of 80 endpoints proven complete · 1 not read whole · 1 declared blind spot");
    assert_eq!(lines[2], "[1 Findings]  2 Inventory   3 Blind spots (2)");
    assert!(lines[5].starts_with("> critical  open"), "{shown}");
    assert!(lines.iter().all(|line| columns(line) <= 80), "{shown}");

    // The filter narrows with each letter.
    screen.types("/");
    screen.types("bulk");
    screen.until_it_says("with “bulk”");
    screen.types(" projects");
    let shown = screen.until("all is typed", |shown| shown.trim_end().ends_with("/bulk projects"));
    assert!(shown.contains("with “bulk projects” ") && shown.contains("1 of 1"), "{shown}");
    screen.presses(&["Enter", "Enter"]);

    // Each page says what the command says.
    let shown = screen.until_it_says("─ line 1 of ");
    let id = shown.lines().find_map(|line| line.split(" F-").nth(1)).unwrap();
    let id = format!("F-{}", id.chars().take(6).collect::<String>());
    screen.until_told("1 Finding", &["findings", "show", &id]);

    screen.types("2");
    screen.until_told("2 Resource", &["explain", "bulk edits"]);

    screen.types("3");
    screen.until_told("3 Access", &["access", "bulk edits"]);
    screen.types("c");
    screen.until_told("3 Access", &["access", "bulk edits", "--why", "--all"]);

    screen.presses(&["Tab"]);
    screen.until_told("4 History", &["history", &id]);

    // And back to the row that one came from, with the filter that was set.
    screen.types("q");
    let shown = screen.until_it_says("with “bulk projects”");
    assert!(shown.contains("> high"), "{shown}");
    screen.presses(&["Escape"]);
    screen.until("the filter is gone", |shown| shown.contains("open findings ─"));
}

#[test]
fn what_was_seen_and_what_was_not() {
    let Some(screen) = Screen::open((80, 24), &[UTF8]) else { return };
    screen.browses("");
    screen.presses(&["Tab"]);
    let shown = screen.until_it_says("what the scan saw");
    assert!(shown.contains("credentials   124") && shown.contains("There may be more"), "{shown}");
    screen.presses(&["Enter"]);
    screen.until_it_says("─ accounts ─");
    screen.types("/svc-");
    screen.until_it_says("with “svc-”");
    screen.presses(&["Down", "Enter", "Enter"]);
    screen.until_it_says("[1 Resource]");
    screen.types("qq3");
    let shown = screen.until_it_says("There may be more: 2 endpoints could not be read whole");
    assert!(shown.contains("COULD NOT SEE (2)"), "{shown}");
    screen.types("G");
    screen.until("the end is shown", |shown| shown.contains("COULD NOT TELL"));
    screen.types("?");
    let shown = screen.until_it_says("as you type");
    assert!(shown.contains("Nothing here is changed or sent"), "{shown}");
}

#[test]
fn it_fits_the_screen_whatever_size_that_gets() {
    let Some(screen) = Screen::open((40, 24), &[UTF8]) else { return };
    let shown = screen.browses("");
    assert!(shown.contains("> critical  open"), "{shown}");
    screen.presses(&["Enter"]);
    let shown = screen.until("the finding is told", |shown| shown.contains("[1 Finding]") && shown.contains("Rule"));
    assert!(shown.lines().all(|line| columns(line) <= 40), "{shown}");
    screen.resize((100, 30));
    let shown = screen.until("the finding is told in wide lines", |shown| shown.lines().any(|line| columns(line) > 60));
    assert!(shown.contains("[1 Finding]") && shown.lines().count() == 30, "{shown}");
    screen.resize((30, 5));
    screen.until_it_says("Too small");
    screen.resize((80, 24));
    screen.until_it_says("[1 Finding]");
    screen.types("q");
    screen.until_it_says("open findings");
}

#[test]
fn without_colours_and_without_utf_8_it_says_the_same() {
    let Some(screen) = Screen::open((80, 24), &["LANG=C", "NO_COLOR=1"]) else { return };
    let shown = screen.browses("");
    assert!(shown.is_ascii() && shown.contains("keyroll - acme - scan s10 of 2026-11-22"), "{shown}");
    assert!(shown.contains("> critical  open") && shown.contains("- open findings ---"), "{shown}");
    let is_colour = |code: &str| matches!(code.parse::<u8>(), Ok(30..=38 | 40..=48));
    let sets_colour = |codes: &str| codes.split('m').next().is_some_and(|codes| codes.split(';').any(is_colour));
    let coloured = |painted: &str| painted.split("\u{1b}[").skip(1).any(sets_colour);
    let painted = || screen.ask(&["capture-pane", "-p", "-e", "-t", "it"]);
    assert!(!coloured(&painted()), "{}", painted());
    screen.presses(&["Enter"]);
    let shown = screen.until("the finding is told", |shown| shown.contains("[1 Finding]") && shown.contains("Rule"));
    assert!(shown.is_ascii() && !coloured(&painted()), "{shown}");
    screen.types("qq");
    screen.until_it_has_ended();
    screen.runs("unset NO_COLOR; export LC_ALL=C.UTF-8; clear");
    screen.browses("");
    assert!(coloured(&painted()), "{}", painted());
    screen.types("q");
    screen.until_it_has_ended();
    screen.browses("--no-color");
    assert!(!coloured(&painted()), "{}", painted());
}

#[test]
fn whoever_quits_finds_the_terminal_as_it_was() {
    let Some(screen) = Screen::open((80, 24), &[UTF8]) else { return };
    screen.runs("echo it was so before");
    screen.browses("");
    screen.types("q");
    screen.until_it_says("it was so before");
    screen.runs("echo code $?");
    screen.until_it_says("code 0");
    screen.is_as_before();
    screen.runs("clear");
    screen.browses("");
    screen.presses(&["C-c"]);
    screen.until_it_has_ended();
    screen.is_as_before();
}

#[test]
fn whoever_is_told_to_end_leaves_the_terminal_as_it_was() {
    let Some(screen) = Screen::open((80, 24), &[UTF8]) else { return };
    screen.runs(&format!("sh -c 'echo $$ > process; exec keyroll browse --now {NOW}'; echo code $?"));
    screen.until_it_says("open findings");
    let process = fs::read_to_string(screen.folder.path().join("keyroll-demo/process")).unwrap();
    let process = rustix::process::Pid::from_raw(process.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    screen.until_it_says("code 0");
    screen.is_as_before();
}

#[test]
fn it_can_be_suspended_and_goes_on_where_it_was() {
    let Some(screen) = Screen::open((80, 24), &[UTF8]) else { return };
    screen.browses("");
    screen.types("/never expires");
    screen.presses(&["Enter"]);
    screen.until_it_says("with “never expires”");
    screen.presses(&["C-z"]);
    screen.until_it_says("Stopped");
    screen.is_as_before();
    screen.runs("fg");
    screen.until_it_says("with “never expires”");
    screen.types("q");
    screen.until_it_says("Stopped");
    screen.is_as_before();
}

#[test]
fn the_past_is_looked_through_as_it_was() {
    let Some(screen) = Screen::open((80, 24), &[UTF8]) else { return };
    let shown = screen.browses("--as-of s3");
    assert!(shown.starts_with("keyroll · acme · as of scan s3 of 2026-11-15 02:00 UTC"), "{shown}");
    let open = screen.prints(&["findings", "--as-of", "s3", "--format", "csv"]).len() - 1;
    assert!(shown.contains(&format!(" 1 of {open}\n")), "{shown}");
}

#[test]
fn where_a_newer_scan_should_be_there_it_says_so() {
    let Some(screen) = Screen::open((100, 24), &[UTF8]) else { return };
    let file = screen.folder.path().join("keyroll-demo/keyroll.yaml");
    let schedules = "schedules:\n  - { name: nightly, cron: \"30 2 * * *\", late_after: 1h }\n";
    fs::write(&file, format!("{}{schedules}", fs::read_to_string(&file).unwrap())).unwrap();
    let shown = screen.browses("");
    let told = "There should be a newer scan: no daemon has ever looked at its schedule `nightly`";
    assert!(shown.lines().any(|line| line.trim_end() == told), "{shown}");
    screen.types("q");
    screen.until_it_has_ended();
    let shown = screen.browses("--as-of s3");
    assert!(!shown.contains("newer scan"), "{shown}");
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    let folder = tempfile::tempdir().unwrap();
    let run = keyroll(folder.path(), &["browse"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{}", run.err);
    assert!(run.err.contains("needs a terminal") && run.err.contains("`keyroll findings`"), "{}", run.err);
}
