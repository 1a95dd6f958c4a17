//! The questions, each with the answer that is usual. They go to standard error, as all words about the work do.

use std::io::IsTerminal;

use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Input, MultiSelect, Select};

use super::draft::{Draft, DraftSource, in_words, kinds, read_address, reference_of};
use super::found_at;
use crate::cli::complain::Complaint;
use crate::cli::plain;
use crate::http::Factory;
use crate::secret::SecretRef;
use crate::sources::SourceKind;
use crate::text::shorten;

/// True if somebody is there to answer.
pub(super) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Columns that a question may take for more than it has to say.
const ROOMY: usize = 72;

/// Whoever asks.
pub(super) struct Asker<'a> {
    /// What finds out what a product is; `None` if nobody is to be asked.
    pub(super) factory: Option<&'a Factory>,
    /// Tells what comes between the questions.
    pub(super) say: &'a dyn Fn(&str),
    /// Columns of the terminal. A question is a line: what wraps would be drawn twice.
    pub(super) columns: usize,
}

/// Asks for what the options do not say.
pub(super) fn complete(draft: &mut Draft, asker: &Asker<'_>) -> Result<(), Complaint> {
    if draft.sources.is_empty() {
        for kind in which_products(asker)? {
            add(draft, kind, asker)?;
        }
    }
    if draft.needs_user() && draft.user.is_none() {
        let question = asker.brief("Mail address of the account", " that reads the cloud");
        let mail = text(&question, None, |answer| {
            if answer.contains('@') { Ok(()) } else { Err("a mail address has an `@`".to_owned()) }
        })?;
        draft.user = Some(mail.trim().to_owned());
    }
    if draft.estate.is_none() {
        let usual = draft.usual_estate();
        let question = asker.brief("Name of the estate", ", as reports show it");
        draft.estate = Some(text(&question, Some(usual), |_| Ok(()))?);
    }
    for at in 0..draft.sources.len() {
        let Some(source) = draft.sources.get(at).filter(|source| source.secret.is_none()).cloned() else { continue };
        let secret = place_of_secret(draft, &source, asker)?;
        if let Some(source) = draft.sources.get_mut(at) {
            source.secret = Some(secret);
        }
    }
    Ok(())
}

/// Whether the first scan is to begin.
pub(super) fn wants_scan() -> Result<bool, Complaint> {
    let question = Confirm::with_theme(&SimpleTheme).with_prompt("Scan now?").default(true);
    question.interact().map_err(left)
}

impl Asker<'_> {
    /// A question, with more about it where there is room.
    fn brief(&self, question: &str, more: &str) -> String {
        if self.columns < ROOMY { question.to_owned() } else { format!("{question}{more}") }
    }

    /// One of several answers, as far as the line goes behind the mark before it.
    fn item(&self, text: &str) -> String {
        let line = shorten(text, self.columns.saturating_sub(8));
        if plain::speaks_utf8() { line } else { plain::words(&line).into_owned() }
    }
}

fn which_products(asker: &Asker<'_>) -> Result<Vec<&'static SourceKind>, Complaint> {
    let kinds = kinds();
    let item = |kind: &SourceKind| asker.item(&format!("{}: {}", kind.name, brief(kind.summary)));
    let items: Vec<String> = kinds.iter().map(|(kind, _)| item(kind)).collect();
    if asker.columns < ROOMY {
        (asker.say)("Space chooses, enter goes on.");
    }
    loop {
        let question = MultiSelect::with_theme(&SimpleTheme)
            .with_prompt(asker.brief("Which products?", " (space chooses, enter goes on)"))
            .items(&items);
        let chosen = question.interact().map_err(left)?;
        if !chosen.is_empty() {
            return Ok(chosen.into_iter().filter_map(|at| kinds.get(at)).map(|(kind, _)| *kind).collect());
        }
    }
}

/// A summary up to its list.
fn brief(summary: &str) -> &str {
    summary.split([':', ',']).next().unwrap_or(summary)
}

/// Asks where a product is, and asks the product what it is.
fn add(draft: &mut Draft, kind: &'static SourceKind, asker: &Asker<'_>) -> Result<(), Complaint> {
    let Asker { factory, say, .. } = *asker;
    if kind.name == "atlassian-org" {
        draft.add(kind, String::new(), None);
        return Ok(());
    }
    // Jira and Confluence of the cloud mostly share a site.
    let usual = draft.sources.iter().find(|known| kind.name.ends_with("-cloud") && known.kind.name.ends_with("-cloud"));
    let usual = usual.map(|known| known.address.clone()).filter(|address| address.contains("://") == wants_url(kind));
    let question = match kind.name {
        "bitbucket-cloud" => asker.brief("Short name of the workspace", " in Bitbucket, or an address in it"),
        name => asker.brief(&format!("Address of {name}"), " (any page of it will do)"),
    };
    loop {
        let written = text(&question, usual.clone(), |answer| read_address(kind, answer).map(drop))?;
        let Ok(Some(address)) = read_address(kind, &written) else { continue };
        address.changes.iter().for_each(|change| say(&format!("  {change}")));
        let found = match factory.filter(|_| wants_url(kind) && kind.name != "jira-align") {
            Some(factory) => found_at(factory, &address.address),
            None => Ok(Vec::new()),
        };
        match found {
            Ok(found) => {
                let own = found.iter().find(|one| one.kind == kind.name);
                if let Some(own) = own {
                    say(&format!("  {}", in_words(own)));
                    draft.add(kind, own.base_url.clone(), own.cloud_id.clone());
                    return Ok(());
                }
                match found.first() {
                    Some(other) => say(&format!("  {}, and no {}", in_words(other), kind.name)),
                    None => {
                        draft.add(kind, address.address, address.id);
                        return Ok(());
                    }
                }
            }
            Err(why) => say(&format!("  {why}")),
        }
        let anyway = Confirm::with_theme(&SimpleTheme).with_prompt("Take this address all the same?").default(false);
        if anyway.interact().map_err(left)? {
            draft.add(kind, address.address, address.id);
            return Ok(());
        }
    }
}

fn wants_url(kind: &SourceKind) -> bool {
    kind.name != "bitbucket-cloud"
}

/// Asks where a credential is. The credential itself is never asked for.
fn place_of_secret(draft: &Draft, source: &DraftSource, asker: &Asker<'_>) -> Result<SecretRef, Complaint> {
    let say = asker.say;
    if let Some(way_in) = source.kind.way_in {
        say(&format!("{}: {}", source.kind.name, way_in.least));
        say(&format!("  made at {}", way_in.made_at));
    }
    let items = [
        "in a variable of the environment",
        "in a file that only I may read",
        "a program prints it, such as that of a password manager",
    ]
    .map(|item| asker.item(item));
    let question = Select::with_theme(&SimpleTheme).with_prompt("Where is this credential?").items(items).default(0);
    let (question, before, usual) = match question.interact().map_err(left)? {
        0 => ("Name of the variable", "env:", draft.usual_secret(source).to_string().replacen("env:", "", 1)),
        1 => ("Path of the file", "file:", String::new()),
        _ => ("Program and its arguments", "command:", String::new()),
    };
    let usual = Some(usual).filter(|usual| !usual.is_empty());
    let answer = text(question, usual, |answer| reference_of(&format!("{before}{answer}")).map(drop))?;
    reference_of(&format!("{before}{answer}")).map_err(Complaint::failed)
}

/// Asks for a line of text.
fn text(
    question: &str,
    usual: Option<String>,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<String, Complaint> {
    let input = Input::<String>::with_theme(&SimpleTheme)
        .with_prompt(question)
        .validate_with(|answer: &String| check(answer.trim()));
    let input = match usual {
        Some(usual) => input.default(usual),
        None => input,
    };
    input.interact_text().map_err(left)
}

/// Somebody went away in the middle.
#[expect(clippy::needless_pass_by_value, reason = "it stands where an error is mapped")]
fn left(error: dialoguer::Error) -> Complaint {
    Complaint::failed(format!("nothing was written: the questions were broken off ({error})"))
}
