//! Where one is, what is shown there, and what each key changes about it. No screen and no store: how much room there is, and
//! what a page says, is put in by whoever runs it.

use chrono::{DateTime, Utc};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::text::Line;

use crate::inventory::Inventory;
use crate::model::{Assessment, Finding, Kind, Resource, ResourceId, Status};
use crate::reports::{finding_texts, resource_texts};
use crate::text::{harmless, shorten};

/// The scan that is looked through.
#[derive(Debug)]
pub(super) struct Estate<'a> {
    /// All that is to be said about it.
    pub(super) assessment: &'a Assessment,
    /// What it saw.
    pub(super) inventory: &'a Inventory<'a>,
    /// The moment from which ages are counted.
    pub(super) now: DateTime<Utc>,
    /// True if somebody asked for another scan than the latest.
    pub(super) as_of: bool,
    /// Why there should be a later one than the latest, as clauses; none if there need not be.
    pub(super) late: Vec<String>,
}

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Topic<'a> {
    /// One finding in full.
    Finding(&'a Finding),
    /// A resource: facts, and what nobody told.
    Resource(&'a ResourceId),
    /// What an account or credential may do, by the shortest chains or by all of them.
    Access { of: &'a ResourceId, every_chain: bool },
    /// All that happened to a resource, or to one finding about it.
    History { of: &'a ResourceId, finding: Option<&'a Finding> },
    /// What nobody could see.
    BlindSpots,
    /// The keys.
    Help,
}

/// What a pane holds: a list of things that can be opened, or a page to read.
#[derive(Debug)]
pub(super) enum Content<'a> {
    /// Findings, the worst first.
    Findings(&'a [Finding]),
    /// The kinds of resource.
    Kinds(&'static [Kind]),
    /// The resources of one kind.
    Resources(Kind, Vec<&'a Resource>),
    /// A page, and its lines for a width once they were put in.
    Page { topic: Topic<'a>, lines: Vec<Line<'static>>, laid_out_for: Option<u16> },
}

impl Content<'_> {
    /// True for what has a row to stand on.
    pub(super) fn is_list(&self) -> bool {
        !matches!(self, Self::Page { .. })
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Findings(findings) => findings.len(),
            Self::Kinds(kinds) => kinds.len(),
            Self::Resources(_, resources) => resources.len(),
            Self::Page { lines, .. } => lines.len(),
        }
    }

    /// What a row is found by, in small letters.
    fn text(&self, row: usize, inventory: &Inventory<'_>) -> String {
        let text = match self {
            Self::Findings(findings) => findings.get(row).map(|finding| finding_texts(finding).join("\n")),
            Self::Kinds(kinds) => kinds.get(row).map(|kind| format!("{}\n{}", kind.plural(), kind.name())),
            Self::Resources(_, resources) => {
                resources.get(row).map(|resource| resource_texts(resource, inventory).join("\n"))
            }
            Self::Page { lines, .. } => lines.get(row).map(ToString::to_string),
        };
        text.unwrap_or_default().to_lowercase()
    }
}

/// Which rows of a pane are shown, and where one is among them.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The words that rows must have, as they were typed.
    pub(super) filter: String,
    /// The rows that may be shown; the first so many of them were looked at.
    pool: Vec<u32>,
    looked_at: usize,
    /// The rows that are shown.
    pub(super) shown: Vec<u32>,
    /// Where one is: the row one stands on, or the first line of a page.
    pub(super) at: usize,
    /// The first row on the screen.
    pub(super) top: usize,
    /// The row to stand on once all were looked at.
    back_to: Option<u32>,
}

impl View {
    /// True once every row was looked at.
    pub(super) fn is_settled(&self) -> bool {
        self.looked_at == self.pool.len()
    }

    /// Looks at all rows anew, and stays where one is if that is still shown.
    fn restart(&mut self, rows: usize) {
        self.back_to = self.back_to.or_else(|| self.shown.get(self.at).copied());
        self.pool = (0..u32::try_from(rows).unwrap_or(u32::MAX)).collect();
        self.begin();
    }

    /// Looks only at the rows that are shown: whatever comes to be shown is among them.
    fn narrow(&mut self, rows: usize) {
        if !self.is_settled() {
            return self.restart(rows);
        }
        self.pool = std::mem::take(&mut self.shown);
        self.begin();
    }

    fn begin(&mut self) {
        self.shown.clear();
        (self.looked_at, self.at, self.top) = (0, 0, 0);
    }

    /// Looks at so many more rows.
    fn look(&mut self, most: usize, keep: impl Fn(usize) -> bool) {
        let upcoming = self.pool.iter().skip(self.looked_at).take(most);
        self.shown.extend(upcoming.copied().filter(|row| keep(*row as usize)));
        self.looked_at = self.pool.len().min(self.looked_at.saturating_add(most));
        if let (true, Some(row)) = (self.is_settled(), self.back_to.take()) {
            let place = self.shown.partition_point(|shown| *shown < row);
            self.at = place.min(self.shown.len().saturating_sub(1));
        }
    }
}

/// One of the things that can be looked at side by side.
#[derive(Debug)]
pub(super) struct Pane<'a> {
    /// What stands on its tab.
    pub(super) name: &'static str,
    /// What it holds.
    pub(super) content: Content<'a>,
    /// What is shown of it.
    pub(super) view: View,
}

impl<'a> Pane<'a> {
    fn new(name: &'static str, content: Content<'a>) -> Self {
        let mut view = View::default();
        view.restart(content.len());
        Self { name, content, view }
    }

    fn page(name: &'static str, topic: Topic<'a>) -> Self {
        Self::new(name, Content::Page { topic, lines: Vec::new(), laid_out_for: None })
    }
}

/// A place one can be in: what is open side by side.
#[derive(Debug)]
pub(super) struct Room<'a> {
    /// What it is about.
    pub(super) title: String,
    /// What is open.
    pub(super) panes: Vec<Pane<'a>>,
    /// Which of them is looked at.
    pub(super) at: usize,
}

/// What whoever runs it has to do after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Go on.
    Stay,
    /// End.
    Quit,
    /// Give the terminal back until somebody wants to go on.
    Suspend,
}

/// Rows whose words are looked at before the next key is waited for.
const SLICE: usize = 20_000;
/// The longest filter, in letters.
const LONGEST_FILTER: usize = 200;

/// Where one is.
#[derive(Debug)]
pub(super) struct State<'a> {
    /// What is looked through.
    pub(super) estate: &'a Estate<'a>,
    /// The places that one came through, the one where one is last; there is always one.
    rooms: Vec<Room<'a>>,
    /// True while a filter is typed.
    pub(super) typing: bool,
    /// True if waived findings are listed.
    pub(super) waived: bool,
    /// True if resolved findings are listed.
    pub(super) resolved: bool,
    /// Columns and rows for what is shown.
    room: (u16, u16),
}

impl<'a> State<'a> {
    /// At the open findings.
    pub(super) fn new(estate: &'a Estate<'a>) -> Self {
        let panes = vec![
            Pane::new("Findings", Content::Findings(&estate.assessment.findings)),
            Pane::new("Inventory", Content::Kinds(&Kind::ALL)),
            Pane::page("Blind spots", Topic::BlindSpots),
        ];
        let begin = Room { title: String::new(), panes, at: 0 };
        let mut state =
            Self { estate, rooms: vec![begin], typing: false, waived: false, resolved: false, room: (80, 20) };
        state.work();
        state
    }

    /// The place where one is.
    pub(super) fn here(&self) -> &Room<'a> {
        self.rooms.last().expect("internal: there is a room from the start")
    }

    /// What is looked at.
    pub(super) fn pane(&self) -> &Pane<'a> {
        let room = self.here();
        room.panes.get(room.at).expect("internal: a room has the pane that is looked at")
    }

    fn pane_mut(&mut self) -> &mut Pane<'a> {
        let room = self.rooms.last_mut().expect("internal: there is a room from the start");
        room.panes.get_mut(room.at).expect("internal: a room has the pane that is looked at")
    }

    /// True where there is no way back.
    pub(super) fn is_at_the_beginning(&self) -> bool {
        self.rooms.len() == 1
    }

    /// Takes note of the columns and rows for what is shown.
    pub(super) fn fit(&mut self, room: (u16, u16)) {
        self.room = room;
        self.scroll();
    }

    /// The page that has to be put in before it can be read, and the columns to lay it out for.
    pub(super) fn wanted(&self) -> Option<(Topic<'a>, u16)> {
        match &self.pane().content {
            Content::Page { topic, laid_out_for, .. } if *laid_out_for != Some(self.room.0) => {
                Some((*topic, self.room.0))
            }
            _ => None,
        }
    }

    /// Puts in what the page says that was wanted.
    pub(super) fn put(&mut self, told: Vec<Line<'static>>) {
        let width = self.room.0;
        let pane = self.pane_mut();
        if let Content::Page { lines, laid_out_for, .. } = &mut pane.content {
            (*lines, *laid_out_for) = (told, Some(width));
            pane.view.restart(pane.content.len());
            self.work();
        }
    }

    /// Looks at some more rows. True if there is more to look at.
    pub(super) fn work(&mut self) -> bool {
        let (waived, resolved, inventory) = (self.waived, self.resolved, self.estate.inventory);
        let Pane { content, view, .. } = self.pane_mut();
        let words: Vec<String> = view.filter.split_whitespace().map(str::to_lowercase).collect();
        let listed = |row: usize| match &*content {
            Content::Findings(findings) => findings.get(row).is_some_and(|finding| match finding.status {
                Status::Open => true,
                Status::Waived(_) => waived,
                Status::Resolved(_) => resolved,
            }),
            _ => true,
        };
        if words.is_empty() {
            view.look(usize::MAX, listed);
        } else {
            let has_all = |text: String| words.iter().all(|word| text.contains(word));
            view.look(SLICE, |row| listed(row) && has_all(content.text(row, inventory)));
        }
        let more = !view.is_settled();
        self.scroll();
        more
    }

    /// Keeps the row one stands on in sight.
    fn scroll(&mut self) {
        let height = usize::from(self.room.1).max(1);
        let Pane { content, view, .. } = self.pane_mut();
        if content.is_list() {
            view.at = view.at.min(view.shown.len().saturating_sub(1));
            view.top = view.top.clamp((view.at + 1).saturating_sub(height), view.at);
        } else {
            view.at = view.at.min(view.shown.len().saturating_sub(height));
            view.top = view.at;
        }
    }

    /// What a key does.
    pub(super) fn update(&mut self, key: KeyEvent) -> Flow {
        match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
            (KeyCode::Char('c'), true) => return Flow::Quit,
            (KeyCode::Char('z'), true) => return Flow::Suspend,
            _ if self.moved(key) => {}
            _ if self.typing => self.type_on(key),
            (KeyCode::Char('q'), false) if self.is_at_the_beginning() => return Flow::Quit,
            (KeyCode::Esc, _) if !self.pane().view.filter.is_empty() => self.filter(String::new()),
            (KeyCode::Char('q'), false) | (KeyCode::Esc | KeyCode::Backspace, _) => self.back(),
            (KeyCode::Char('/'), _) => self.typing = true,
            (KeyCode::Char('?') | KeyCode::F(1), _) => self.help(),
            (KeyCode::Enter, _) => self.open(),
            (KeyCode::Tab, _) => self.turn(1),
            (KeyCode::BackTab, _) => self.turn(self.here().panes.len() - 1),
            (KeyCode::Char(digit @ '1'..='9'), false) => self.turn_to(digit),
            (KeyCode::Char(letter), false) => self.toggle(letter),
            _ => {}
        }
        Flow::Stay
    }

    /// Moves, if that is what the key is for: letters do so only where none is typed.
    fn moved(&mut self, key: KeyEvent) -> bool {
        let page = usize::from(self.room.1).saturating_sub(1).max(1);
        let typing = self.typing;
        let view = &mut self.pane_mut().view;
        view.at = match key.code {
            KeyCode::Up => view.at.saturating_sub(1),
            KeyCode::Down => view.at + 1,
            KeyCode::PageUp => view.at.saturating_sub(page),
            KeyCode::PageDown => view.at + page,
            KeyCode::Home => 0,
            KeyCode::End => view.shown.len(),
            KeyCode::Char('k') if !typing => view.at.saturating_sub(1),
            KeyCode::Char('j') if !typing => view.at + 1,
            KeyCode::Char(' ') if !typing => view.at + page,
            KeyCode::Char('g') if !typing => 0,
            KeyCode::Char('G') if !typing => view.shown.len(),
            _ => return false,
        };
        self.scroll();
        true
    }

    /// A key while a filter is typed.
    fn type_on(&mut self, key: KeyEvent) {
        let mut filter = self.pane().view.filter.clone();
        match (key.code, key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)) {
            (KeyCode::Enter, _) => self.typing = false,
            (KeyCode::Esc, _) => {
                self.typing = false;
                self.filter(String::new());
            }
            (KeyCode::Backspace, _) => match filter.pop() {
                Some(_) => self.filter(filter),
                None => self.typing = false,
            },
            (KeyCode::Char('u'), true) => self.filter(String::new()),
            (KeyCode::Char(letter), false) if filter.chars().count() < LONGEST_FILTER => {
                filter.push(letter);
                self.filter(filter);
            }
            _ => {}
        }
    }

    /// Shows the rows that have all words of a filter.
    fn filter(&mut self, filter: String) {
        let Pane { content, view, .. } = self.pane_mut();
        let longer = filter.starts_with(&view.filter);
        view.filter = filter;
        // What a longer filter shows, the shorter one showed as well.
        if longer {
            view.narrow(content.len())
        } else {
            view.restart(content.len())
        }
        if !view.filter.is_empty() {
            view.back_to = None;
        }
        self.work();
    }

    /// Where one came from.
    fn back(&mut self) {
        if !self.is_at_the_beginning() {
            self.rooms.pop();
        }
        self.scroll();
    }

    fn enter(&mut self, title: String, panes: Vec<Pane<'a>>) {
        self.rooms.push(Room { title, panes, at: 0 });
        self.work();
    }

    fn help(&mut self) {
        if !matches!(self.pane().content, Content::Page { topic: Topic::Help, .. }) {
            self.enter("keys".to_owned(), vec![Pane::page("Keys", Topic::Help)]);
        }
    }

    /// Opens what one stands on.
    fn open(&mut self) {
        let Pane { content, view, .. } = self.pane();
        let Some(row) = view.shown.get(view.at).map(|row| *row as usize) else { return };
        match content {
            Content::Findings(findings) => {
                let Some(finding) = findings.get(row) else { return };
                let mut panes = vec![Pane::page("Finding", Topic::Finding(finding))];
                panes.extend(about(&finding.resource, Some(finding)));
                self.enter(format!("{} · {}", finding.id.short(), harmless(&finding.message)), panes);
            }
            Content::Kinds(kinds) => {
                let Some(kind) = kinds.get(row).copied() else { return };
                let resources = self.estate.inventory.of_kind(kind).collect();
                let pane = Pane::new("Resources", Content::Resources(kind, resources));
                self.enter(kind.plural().to_owned(), vec![pane]);
            }
            Content::Resources(kind, resources) => {
                let Some(resource) = resources.get(row).copied() else { return };
                let title = format!("{} “{}”", kind.name(), shorten(&harmless(resource.title()), 60));
                self.enter(title, about(&resource.id, None).into());
            }
            Content::Page { .. } => {}
        }
    }

    /// Looks at another pane: so many to the right, and round.
    fn turn(&mut self, by: usize) {
        let room = self.rooms.last_mut().expect("internal: there is a room from the start");
        room.at = (room.at + by) % room.panes.len();
        self.work();
    }

    /// Looks at the pane with that number, if there is one.
    fn turn_to(&mut self, digit: char) {
        let wanted = digit.to_digit(10).map_or(usize::MAX, |number| number as usize - 1);
        let room = self.here();
        if wanted < room.panes.len() {
            self.turn(room.panes.len() + wanted - room.at);
        }
    }

    /// Switches what is listed or told.
    fn toggle(&mut self, letter: char) {
        let pane = self.pane_mut();
        match (&mut pane.content, letter) {
            (Content::Findings(_), 'w' | 'r') => {
                let rows = pane.content.len();
                pane.view.restart(rows);
                let switch = if letter == 'w' { &mut self.waived } else { &mut self.resolved };
                *switch = !*switch;
                self.work();
            }
            (Content::Page { topic: Topic::Access { every_chain, .. }, laid_out_for, .. }, 'c') => {
                (*every_chain, *laid_out_for) = (!*every_chain, None);
            }
            _ => {}
        }
    }
}

/// What can be told of a resource, beside what a finding says of it.
fn about<'a>(id: &'a ResourceId, finding: Option<&'a Finding>) -> [Pane<'a>; 3] {
    [
        Pane::page("Resource", Topic::Resource(id)),
        Pane::page("Access", Topic::Access { of: id, every_chain: false }),
        Pane::page("History", Topic::History { of: id, finding }),
    ]
}
