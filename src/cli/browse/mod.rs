//! `keyroll browse`: a stored scan to look through on a terminal. It reads the store and changes nothing.
//!
//! A key changes the [`State`], which knows neither screen nor store; what is in sight is drawn from that. What a page says is
//! put in between the two.

mod draw;
mod pages;
mod painted;
mod state;
#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, IsTerminal, Stdout};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

use super::complain::Complaint;
use super::{Context, exit, plain, rules, signals};
use crate::app::{AsOf, assess, assess_after, scan_as_of};
use crate::inventory::{Inventory, Revocations};
use crate::store::Store;
use draw::Marks;
use pages::Pages;
use state::{Estate, Flow, State};

const HELP: &str = "`?` shows the keys, `/` filters as you type, `q` quits. Without colours (NO_COLOR) and in a locale without \
                    UTF-8 it says the same.";

#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct BrowseArgs {
    /// As it stood then: after a scan (`s12`), on a day (`2026-11-20`) or at a moment.
    #[arg(long, value_name = "WHEN")]
    as_of: Option<AsOf>,
}

pub(super) fn run(context: &Context, args: &BrowseArgs) -> Result<ExitCode, Complaint> {
    if !can_be_drawn_on() {
        let complaint = Complaint::usage("`keyroll browse` needs a terminal to draw on and to read keys from");
        return Err(
            complaint.help("`keyroll findings`, `keyroll explain` and `keyroll inventory` write the same as text")
        );
    }
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let (assessment, late) = match args.as_of {
        Some(as_of) => (assess_after(&store, scan_as_of(&store, as_of)?)?, Vec::new()),
        None => {
            let assessment = assess(&store)?;
            let late = context.newer_expected(&config, &store, &assessment.head)?;
            (assessment, late)
        }
    };
    let (rules, knowledge) = (rules::load(context)?, rules::knowledge(context)?);
    let revocations = Revocations::of(store.decided_access(assessment.head.started_at)?);
    let inventory = Inventory::knowing(&assessment.snapshot, &knowledge).after_reviews(&revocations);
    let now = args.as_of.map_or_else(|| context.clock.now(), |_then| assessment.head.ended_at);
    let estate = Estate { assessment: &assessment, inventory: &inventory, now, as_of: args.as_of.is_some(), late };
    let pages = Pages { store: &store, estate: &estate, rules: &rules, knowledge: &knowledge };
    let marks = Marks { colour: context.terminal.look.colour, unicode: plain::speaks_utf8() };

    let unusable = |error: io::Error| Complaint::failed(format!("the terminal cannot be used: {error}"));
    let ended = signals::watch_for_end().map_err(unusable)?;
    // Lines of the log would be written across the screen.
    let _silence = tracing::subscriber::set_default(tracing::subscriber::NoSubscriber::default());
    let mut screen = Screen::enter().map_err(unusable)?;
    let looked = look_around(&mut screen, &mut State::new(&estate), &pages, marks, &ended);
    drop(screen);
    looked.map_err(unusable)?;
    Ok(ExitCode::from(exit::COMPLETE))
}

/// True if somebody sits at the other end who sees what is drawn.
fn can_be_drawn_on() -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}

/// How long nobody may press a key before it is looked whether the process is to end.
const PATIENCE: Duration = Duration::from_millis(100);

/// Draws, waits for a key, and does what it says, until one says to quit or the system does.
fn look_around(
    screen: &mut Screen,
    state: &mut State<'_>,
    pages: &Pages<'_>,
    marks: Marks,
    ended: &AtomicBool,
) -> io::Result<()> {
    loop {
        let size = screen.terminal.size()?;
        state.fit(draw::room(state, (size.width, size.height)));
        screen.terminal.draw(|frame| draw::draw(state, marks, frame))?;
        if let Some((topic, columns)) = state.wanted() {
            state.put(painted::lines(&pages.tell(topic, columns), usize::from(columns)));
            continue;
        }
        let is_busy = state.work();
        while !event::poll(if is_busy { Duration::ZERO } else { PATIENCE })? {
            if ended.load(Ordering::Relaxed) {
                return Ok(());
            }
            // That the size is another is not always told: what waits for keys forgets it when one comes at the same moment.
            if is_busy || screen.terminal.size()? != size {
                break;
            }
        }
        // Keys that come faster than the screen can be drawn are not drawn one by one.
        while event::poll(Duration::ZERO)? {
            let Event::Key(key) = event::read()? else { continue };
            if key.kind == KeyEventKind::Release {
                continue;
            }
            match state.update(key) {
                Flow::Stay => {}
                Flow::Quit => return Ok(()),
                Flow::Suspend => screen.suspend()?,
            }
        }
    }
}

/// The most bytes that it takes to draw everything.
const LARGEST_SCREEN: usize = 1 << 16;

/// A terminal that is drawn on, and is as it was before once this is gone: also after an error or a panic.
struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Screen {
    fn enter() -> io::Result<Self> {
        // What a panic says would be lost with the screen it is written on.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        // A screen is written in one piece: nobody sees half of it.
        let out = BufWriter::with_capacity(LARGEST_SCREEN, io::stdout());
        let screen = Self { terminal: Terminal::new(CrosstermBackend::new(out))? };
        take()?;
        Ok(screen)
    }

    /// Gives the terminal back, lets the process be stopped, and takes it again when somebody wants to go on.
    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signals::stop_for_now();
        take()?;
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// True while the terminal is ours: it is given back once, for what is written after that must stay where it is.
static TAKEN: AtomicBool = AtomicBool::new(false);

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::Relaxed);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen)
}

/// What cannot be given back is gone: then there is nobody to tell.
fn give_back() {
    if TAKEN.swap(false, Ordering::Relaxed) {
        drop(execute!(io::stdout(), LeaveAlternateScreen, Show));
        drop(disable_raw_mode());
    }
}
