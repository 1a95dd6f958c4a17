//! The questions, each with the answer that is usual. They go to standard error, as all words about the work do.

use std::io::IsTerminal;

use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Input, MultiSelect, Select};

use super::draft::{Draft, DraftSource, in_words, kinds, read_address, reference_of};
use super::found_at;
use crate::cli::complain::Complaint;
use crate::http::Factory;
use crate::secret::SecretRef;
use crate::sources::SourceKind;

/// True if somebody is there to answer.
pub(super) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for what the options do not say.
pub(super) fn complete(draft: &mut Draft, factory: Option<&Factory>, say: &dyn Fn(&str)) -> Result<(), Complaint> {
    if draft.sources.is_empty() {
        for kind in which_products()? {
            add(draft, kind, factory, say)?;
        }
    }
    if draft.needs_user() && draft.user.is_none() {
        let mail = text("Mail address of the account that reads the cloud", None, |answer| {
            if answer.contains('@') { Ok(()) } else { Err("a mail address has an `@`".to_owned()) }
        })?;
        draft.user = Some(mail.trim().to_owned());
    }
    if draft.estate.is_none() {
        let usual = draft.usual_estate();
        draft.estate = Some(text("Name of the estate, as reports show it", Some(usual), |_| Ok(()))?);
    }
    for at in 0..draft.sources.len() {
        let Some(source) = draft.sources.get(at).filter(|source| source.secret.is_none()).cloned() else { continue };
        let secret = place_of_secret(draft, &source, say)?;
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

fn which_products() -> Result<Vec<&'static SourceKind>, Complaint> {
    let kinds = kinds();
    let items: Vec<String> = kinds.iter().map(|(kind, _)| format!("{}: {}", kind.name, brief(kind.summary))).collect();
    loop {
        let question = MultiSelect::with_theme(&SimpleTheme)
            .with_prompt("Which products? (space chooses, enter goes on)")
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
fn add(
    draft: &mut Draft,
    kind: &'static SourceKind,
    factory: Option<&Factory>,
    say: &dyn Fn(&str),
) -> Result<(), Complaint> {
    if kind.name == "atlassian-org" {
        draft.add(kind, String::new(), None);
        return Ok(());
    }
    // Jira and Confluence of the cloud mostly share a site.
    let usual = draft.sources.iter().find(|known| kind.name.ends_with("-cloud") && known.kind.name.ends_with("-cloud"));
    let usual = usual.map(|known| known.address.clone()).filter(|address| address.contains("://") == wants_url(kind));
    let question = match kind.name {
        "bitbucket-cloud" => "Short name of the Bitbucket workspace, or an address in it".to_owned(),
        name => format!("Address of {name} (any page of it will do)"),
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
fn place_of_secret(draft: &Draft, source: &DraftSource, say: &dyn Fn(&str)) -> Result<SecretRef, Complaint> {
    if let Some(way_in) = source.kind.way_in {
        say(&format!("{}: {}", source.kind.name, way_in.least));
        say(&format!("  made at {}", way_in.made_at));
    }
    let items = [
        "in a variable of the environment",
        "in a file that only I may read",
        "a program prints it, such as that of a password manager",
    ];
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
