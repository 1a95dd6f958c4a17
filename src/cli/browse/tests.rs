//! What the screen shows after which keys, on a terminal in memory.

use std::collections::BTreeMap;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Color, Modifier};
use ratatui::text::Line;

use super::draw::{self, Marks};
use super::painted;
use super::state::{Estate, Flow, State, Topic};
use crate::digest::Digest;
use crate::inventory::Inventory;
use crate::model::{
    Assessment, Collection, Coverage, EndpointState, Finding, FindingId, Kind, LedgerEntry, Resolution, Resource,
    RuleId, Severity, Snapshot, SnapshotHead, SnapshotId, Status, Unconfirmed, sample,
};
use crate::text::columns;

const PLAIN: Marks = Marks { colour: false, unicode: true };
const NOW: &str = "2026-11-22T02:00:00Z";

fn finding(severity: Severity, message: &str, status: Status, since: &str) -> Finding {
    let (rule, resource) = (RuleId::from(message.to_lowercase().replace(' ', "-").as_str()), sample::principal());
    Finding {
        id: FindingId::of(&rule, &resource.id),
        rule,
        rule_version: 1,
        title: "A title".to_owned(),
        resource: resource.id,
        resource_name: resource.name,
        seen_by: Vec::new(),
        severity,
        message: message.to_owned(),
        remedy: "Take it away.".to_owned(),
        owner: Some("Ada Muster".to_owned()),
        controls: Vec::new(),
        status,
        first_seen: since.parse().unwrap(),
        since: since.parse().unwrap(),
        last_seen: NOW.parse().unwrap(),
        unconfirmed: None,
    }
}

/// One of each status, and one that could not be looked at again.
fn findings() -> Vec<Finding> {
    let since = "2026-11-13T02:00:00Z";
    let mut unconfirmed = finding(Severity::Medium, "Zapier runs on the token of Straße", Status::Open, since);
    unconfirmed.unconfirmed = Some(Unconfirmed { since: NOW.parse().unwrap(), reason: "refused".to_owned() });
    vec![
        finding(Severity::Critical, "Zoe Lindqvist was made an administrator", Status::Open, NOW),
        finding(Severity::High, "日本語 of Ada never ends", Status::Open, since),
        unconfirmed,
        finding(Severity::Low, "A token is idle", Status::Waived("w-1".into()), since),
        finding(Severity::Low, "A webhook has no secret", Status::Resolved(Resolution::ResourceGone), since),
    ]
}

/// Two endpoints, of which one was read whole.
fn ledger() -> Vec<LedgerEntry> {
    let now = NOW.parse().unwrap();
    let entry = |endpoint: &str, kind| {
        LedgerEntry::not_asked("acme-org".into(), endpoint.into(), String::new(), vec![kind], String::new(), now)
    };
    let accounts = LedgerEntry { state: EndpointState::Complete, ..entry("accounts", Kind::Principal) };
    let tokens =
        LedgerEntry { state: EndpointState::Denied, reason: "refused".to_owned(), ..entry("tokens", Kind::Credential) };
    vec![accounts, tokens]
}

fn assessment(findings: Vec<Finding>, resources: Vec<Resource>) -> Assessment {
    let snapshot = Snapshot::seal(vec![Collection { authority: 0, resources, ledger: ledger() }]);
    let head = SnapshotHead {
        id: SnapshotId(10),
        estate: "acme".to_owned(),
        started_at: NOW.parse().unwrap(),
        ended_at: NOW.parse().unwrap(),
        digest: snapshot.digest,
        rules_digest: Digest::of_bytes(b"rules"),
        complete: Coverage(&snapshot.ledger).is_complete(),
        tool_version: "0.1.0".to_owned(),
        sources: vec!["acme-org".into()],
        compared_with: None,
        counts: snapshot.counts(),
        rules_off: Vec::new(),
    };
    Assessment {
        head,
        previous: None,
        baseline: None,
        snapshot,
        findings,
        transitions: Vec::new(),
        changes: Vec::new(),
        rules: Vec::new(),
        tallies: BTreeMap::new(),
        waivers: Vec::new(),
        acknowledgements: Vec::new(),
        undelivered: Vec::new(),
        postures: Vec::new(),
        trend: Vec::new(),
        flapping: Vec::new(),
        flapping_findings: BTreeMap::new(),
        reviewed: None,
        set_aside: None,
    }
}

/// Looks through an estate with these findings and one resource of each kind.
fn with(findings: Vec<Finding>, look: impl FnOnce(&mut State<'_>)) {
    with_resources(findings, sample::resources(), look);
}

fn with_resources(findings: Vec<Finding>, resources: Vec<Resource>, look: impl FnOnce(&mut State<'_>)) {
    let assessment = assessment(findings, resources);
    let inventory = Inventory::new(&assessment.snapshot);
    let now = NOW.parse().unwrap();
    let estate = Estate { assessment: &assessment, inventory: &inventory, now, as_of: false, late: Vec::new() };
    look(&mut State::new(&estate));
}

#[test]
fn that_there_should_be_a_newer_scan_stands_above_everything() {
    let assessment = assessment(findings(), sample::resources());
    let inventory = Inventory::new(&assessment.snapshot);
    let late = vec!["the scan of today has not begun".to_owned(), "that of yesterday stored nothing".to_owned()];
    let estate =
        Estate { assessment: &assessment, inventory: &inventory, now: NOW.parse().unwrap(), as_of: false, late };
    for (width, told) in [
        (120, "There should be a newer scan: the scan of today has not begun; that of yesterday stored nothing"),
        (40, "There should be a newer scan: the scan …"),
    ] {
        let found = screen(&mut State::new(&estate), (width, 12));
        assert!(found.iter().take(5).any(|line| line == told), "{found:#?}");
        assert!(found.iter().any(|line| line.contains("> critical")), "{found:#?}");
    }
}

fn press(state: &mut State<'_>, code: KeyCode) -> Flow {
    state.update(KeyEvent::new(code, KeyModifiers::NONE))
}

fn control(state: &mut State<'_>, letter: char) -> Flow {
    state.update(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL))
}

fn keys(state: &mut State<'_>, letters: &str) {
    for letter in letters.chars() {
        assert_eq!(press(state, KeyCode::Char(letter)), Flow::Stay, "{letter}");
    }
}

fn drawn(state: &mut State<'_>, (width, height): (u16, u16), marks: Marks) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    state.fit(draw::room(state, (width, height)));
    terminal.draw(|frame| draw::draw(state, marks, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The lines of a screen, without the spaces at their ends.
fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width);
    let line = |cells: &[ratatui::buffer::Cell]| {
        let (mut text, mut skip) = (String::new(), 0);
        for cell in cells {
            if skip == 0 {
                text.push_str(cell.symbol());
            }
            skip = if skip > 0 { skip - 1 } else { columns(cell.symbol()).saturating_sub(1) };
        }
        text.trim_end().to_owned()
    };
    buffer.content.chunks(width).map(line).collect()
}

fn screen(state: &mut State<'_>, size: (u16, u16)) -> Vec<String> {
    lines(&drawn(state, size, PLAIN))
}

#[test]
fn the_open_findings_come_first_under_what_the_scan_saw() {
    with(findings(), |state| {
        let expected = [
            "keyroll · acme · scan s10 of 2026-11-22 02:00 UTC",
            "1 of 2 endpoints proven complete · 1 not read whole",
            "[1 Findings]  2 Inventory   3 Blind spots (1)",
            "─ open findings ──────────────────────────────────────────────────────── 1 of 3",
            "  SEVERITY  STATUS        AGE     ID        FINDING",
            "> critical  open          today   F-9V7M0H  Zoe Lindqvist was made an administr…",
            "  high      open          9 days  F-9V7M0H  日本語 of Ada never ends",
            "  medium    open, uncon…  9 days  F-9V7M0H  Zapier runs on the token of Straße",
            "",
            "? keys · q quits · / filters · Enter opens · w waived · r resolved",
        ];
        let found = without_ids(&screen(state, (80, 10)));
        assert_eq!(found, without_ids(&expected.map(str::to_owned)), "{found:#?}");
    });
}

/// Ids are digests: which ones does not matter here.
fn without_ids(lines: &[String]) -> Vec<String> {
    let without = |line: &String| match line.split_once("F-") {
        Some((before, after)) => format!("{before}F-{}", after.chars().skip(6).collect::<String>()),
        None => line.clone(),
    };
    lines.iter().map(without).collect()
}

#[test]
fn forty_columns_are_enough_and_ascii_is_too() {
    with(findings(), |state| {
        let expected = [
            "keyroll - acme - scan s10 of 2026-11-22",
            "02:00 UTC",
            "1 of 2 endpoints proven complete - 1 not",
            "read whole",
            "[1 Findings]  2 Inventory",
            " 3 Blind spots (1)",
            "- open findings ---------------- 1 of 3",
            "  SEVERITY  STATUS        FINDING",
            "> critical  open          Zoe Lindqvist~",
            "  high      open          ? ? ?  of Ada~",
            "  medium    open, uncon~  Zapier runs o~",
            "? keys - q quits - / filters - w waived",
        ];
        assert_eq!(lines(&drawn(state, (40, 12), Marks { colour: false, unicode: false })), expected);
    });
}

#[test]
fn a_screen_that_is_too_small_says_so_and_comes_back() {
    with(findings(), |state| {
        assert_eq!(screen(state, (30, 4))[..2], ["Too small: 40 columns and 10", "lines are the least (q quits)."]);
        assert!(screen(state, (1, 1)).len() == 1 && screen(state, (200, 60)).len() == 60);
        assert!(screen(state, (80, 24)).concat().contains("Zoe Lindqvist"));
    });
}

#[test]
fn the_filter_works_as_it_is_typed_and_goes_again() {
    with(findings(), |state| {
        keys(state, "/");
        keys(state, "ZAPIER");
        let found = screen(state, (80, 10));
        assert!(found[3].contains("open findings with “ZAPIER”") && found[3].ends_with("1 of 1"), "{found:#?}");
        assert!(found[5].contains("Zapier") && found[9] == "/ZAPIER", "{found:#?}");
        // Both words, in any order, in any column.
        press(state, KeyCode::Backspace);
        keys(state, " medium");
        assert!(screen(state, (80, 10))[3].ends_with("1 of 1"));
        keys(state, " high");
        let found = screen(state, (80, 10));
        assert!(found[4].starts_with("Nothing here has “ZAPIE medium high”"), "{found:#?}");
        press(state, KeyCode::Enter);
        assert_eq!(press(state, KeyCode::Esc), Flow::Stay);
        assert!(screen(state, (80, 10))[3].ends_with("1 of 3"));
        // Esc while it is typed clears it as well; letters are no keys meanwhile.
        keys(state, "/zoeq");
        press(state, KeyCode::Esc);
        assert!(screen(state, (80, 10))[3].ends_with("1 of 3"));
        control(state, 'u');
    });
}

#[test]
fn one_stays_where_one_is_when_the_filter_goes() {
    with(findings(), |state| {
        keys(state, "/zapier");
        press(state, KeyCode::Enter);
        press(state, KeyCode::Esc);
        let found = screen(state, (80, 10));
        assert!(found[3].ends_with("3 of 3") && found[7].starts_with("> medium"), "{found:#?}");
        keys(state, "w");
        assert!(screen(state, (80, 12))[3].ends_with("3 of 4"));
    });
}

#[test]
fn waived_and_resolved_findings_are_listed_when_they_are_asked_for() {
    with(findings(), |state| {
        keys(state, "w");
        assert!(screen(state, (80, 12))[3].starts_with("─ open and waived findings ─"));
        keys(state, "r");
        let found = screen(state, (80, 12));
        assert!(found[3].starts_with("─ all findings ─") && found[3].ends_with("1 of 5"), "{found:#?}");
        assert!(found[8].contains("waived") && found[9].contains("resolved"), "{found:#?}");
    });
}

#[test]
fn an_empty_list_says_what_may_be_hidden() {
    with(findings().split_off(3), |state| {
        let found = screen(state, (80, 12)).join(" ");
        for said in
            ["No open findings.", "1 is waived and not listed", "There may be more: 1 endpoint could not be read whole"]
        {
            assert!(found.contains(said), "{said}: {found}");
        }
    });
    with_resources(Vec::new(), vec![sample::principal()], |state| {
        keys(state, "2");
        let found = screen(state, (80, 20));
        assert!(found.iter().any(|line| line.contains("accounts      1")), "{found:#?}");
        let there_may_be =
            |line: &&String| line.contains("credentials   0     There may be more: 1 endpoint was not read");
        assert!(found.iter().any(|line| there_may_be(&line)), "{found:#?}");
        assert!(found.iter().any(|line| line.contains("webhooks") && line.contains("No source that was asked")));
        keys(state, "jj");
        press(state, KeyCode::Enter);
        let found = screen(state, (80, 20)).join(" ");
        assert!(found.contains("Nothing of this kind was seen. There may be more: 1 endpoint"), "{found}");
    });
}

#[test]
fn a_finding_leads_to_its_resource_its_chains_and_its_history_and_back() {
    with(findings(), |state| {
        keys(state, "j");
        press(state, KeyCode::Enter);
        screen(state, (80, 24));
        assert!(matches!(state.wanted(), Some((Topic::Finding(_), 80))));
        state.put(painted::lines("\u{1b}[1mtold\u{1b}[0m here\nand more", 80));
        assert!(state.wanted().is_none());
        let found = screen(state, (80, 24));
        assert_eq!(found[2], "[1 Finding]  2 Resource   3 Access   4 History");
        assert!(found[3].contains("日本語 of Ada never ends") && found[3].ends_with("line 1 of 2"), "{found:#?}");
        assert_eq!(found[4..6], ["told here", "and more"]);
        // What is filtered on a page are its lines.
        keys(state, "/more");
        assert_eq!(screen(state, (80, 24))[4..6], ["and more", ""]);
        press(state, KeyCode::Esc);

        press(state, KeyCode::Tab);
        assert!(matches!(state.wanted(), Some((Topic::Resource(_), 80))));
        keys(state, "3c");
        assert!(matches!(state.wanted(), Some((Topic::Access { every_chain: true, .. }, 80))));
        press(state, KeyCode::Tab);
        assert!(matches!(state.wanted(), Some((Topic::History { finding: Some(_), .. }, 80))));
        press(state, KeyCode::BackTab);
        keys(state, "q");
        let found = screen(state, (80, 24));
        assert!(found[6].starts_with("> high"), "one is back at the row one came from: {found:#?}");
        // A page is laid out anew for another width.
        press(state, KeyCode::Enter);
        state.put(vec![Line::raw("told")]);
        screen(state, (60, 24));
        assert!(matches!(state.wanted(), Some((Topic::Finding(_), 60))));
    });
}

#[test]
fn what_was_seen_is_found_by_kind() {
    with(Vec::new(), |state| {
        press(state, KeyCode::Tab);
        screen(state, (80, 24));
        press(state, KeyCode::End);
        press(state, KeyCode::Home);
        press(state, KeyCode::Enter);
        let found = screen(state, (80, 24));
        assert!(found[3].starts_with("─ accounts ─") && found[5].starts_with("> Ada Muster"), "{found:#?}");
        press(state, KeyCode::Enter);
        screen(state, (80, 24));
        assert!(matches!(state.wanted(), Some((Topic::Resource(_), 80))));
        for _ in 0..5 {
            press(state, KeyCode::Backspace);
        }
        assert!(state.is_at_the_beginning());
    });
}

#[test]
fn only_q_at_the_beginning_and_control_c_quit() {
    with(findings(), |state| {
        assert_eq!(press(state, KeyCode::Esc), Flow::Stay);
        assert_eq!(press(state, KeyCode::Char('q')), Flow::Quit);
        keys(state, "?");
        assert_eq!(press(state, KeyCode::Char('q')), Flow::Stay);
        assert_eq!(control(state, 'z'), Flow::Suspend);
        keys(state, "/q");
        assert_eq!(control(state, 'c'), Flow::Quit);
    });
}

#[test]
fn names_that_would_do_harm_are_shown_as_what_they_are() {
    let hostile = "\u{1b}[2J\u{202e}evil\u{7}\n\u{9b}31m";
    let resource = Resource { name: hostile.to_owned(), ..sample::principal() };
    let mut found_one = finding(Severity::High, hostile, Status::Open, NOW);
    found_one.owner = Some(hostile.to_owned());
    with_resources(vec![found_one], vec![resource], |state| {
        let mut seen = screen(state, (200, 24));
        press(state, KeyCode::Enter);
        seen.extend(screen(state, (200, 24)));
        keys(state, "q2");
        press(state, KeyCode::Enter);
        seen.extend(screen(state, (200, 24)));
        press(state, KeyCode::Enter);
        seen.extend(screen(state, (200, 24)));
        keys(state, "/\u{202e}");
        seen.extend(screen(state, (200, 24)));
        let seen = seen.join("\n");
        assert!(seen.matches("evil").count() >= 4, "{seen}");
        assert!(!seen.chars().any(|letter| letter != '\n' && letter.is_control() || letter == '\u{202e}'), "{seen:?}");
    });
}

#[test]
fn colours_say_nothing_that_words_do_not_and_go_when_they_are_not_wanted() {
    with(findings(), |state| {
        let buffer = drawn(state, (80, 10), Marks { colour: true, unicode: true });
        assert!(buffer.content.iter().any(|cell| cell.fg == Color::Red));
        let plain = drawn(state, (80, 10), PLAIN);
        let styled =
            |cell: &ratatui::buffer::Cell| cell.fg != Color::Reset || !(cell.modifier - Modifier::REVERSED).is_empty();
        assert!(!plain.content.iter().any(styled));
        assert_eq!(lines(&buffer), lines(&plain));
    });
}

#[test]
fn of_a_hundred_thousand_findings_a_part_is_looked_at_between_two_keys() {
    let one = finding(Severity::High, "A token is idle", Status::Open, NOW);
    let many: Vec<Finding> = (0..100_000)
        .map(|number| Finding { message: format!("Token {number} of {}", number % 7), ..one.clone() })
        .collect();
    with(many, |state| {
        press(state, KeyCode::End);
        assert!(screen(state, (80, 24))[3].ends_with("100,000 of 100,000"));
        keys(state, "/token 9999");
        assert!(state.work(), "there is more to look at");
        let found = screen(state, (80, 24));
        assert!(found[3].ends_with(" so far"), "{found:#?}");
        while state.work() {}
        let found = screen(state, (80, 24));
        assert!(found[3].ends_with("1 of 19"), "nine that end so and ten that begin so: {found:#?}");
        // One letter more looks only at what is left.
        keys(state, "7");
        assert!(!state.work());
        assert!(screen(state, (80, 24))[3].ends_with("1 of 1"));
        press(state, KeyCode::Esc);
        let found = screen(state, (80, 24));
        assert!(found[3].ends_with("99,998 of 100,000"), "{found:#?}");
        assert!(found.iter().any(|line| line.starts_with('>') && line.contains("Token 99997 of")), "{found:#?}");
        press(state, KeyCode::PageUp);
        press(state, KeyCode::Up);
        let found = screen(state, (80, 24));
        assert!(found.iter().any(|line| line.starts_with('>')), "{found:#?}");
    });
}
