//! `keyroll access`: what an account or a credential may do, by which chains; and who may do something in a place.

use std::io;
use std::process::ExitCode;

use super::complain::Complaint;
use super::named::{container, subject};
use super::{Context, exit};
use crate::app::AsOf;
use crate::inventory::Inventory;
use crate::inventory::access::{ANY, place};
use crate::model::{Assessment, Body, Resource};
use crate::reports::{
    AccessQuestion, RenderError, WhoCanQuestion, access_csv, access_json, access_page, who_can_csv, who_can_json,
    who_can_page,
};
use crate::text::did_you_mean;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum AnswerFormat {
    /// For people.
    Table,
    /// For spreadsheets: one row for each permission.
    Csv,
    /// For machines.
    Json,
}

#[derive(Debug, clap::Args)]
pub(super) struct AccessArgs {
    /// An account or credential: its id, name, label, user name or mail address; or a finding about one.
    #[arg(required_unless_present = "who_can", conflicts_with = "who_can")]
    id: Option<String>,
    /// Only there: a project, space, repository, site, … by its key, name or id. Tells every permission with its chain.
    #[arg(long, value_name = "CONTAINER")]
    on: Option<String>,
    /// Only this permission, as the product calls it: where it is held.
    #[arg(long, value_name = "KEY", conflicts_with = "who_can")]
    permission: Option<String>,
    /// Every chain, each step with the endpoint that showed it and when; and why something is not certain.
    #[arg(long, conflicts_with = "who_can")]
    why: bool,
    /// The other way round: who has this permission there (with --on, without an id).
    #[arg(long, value_name = "PERMISSION", requires = "on")]
    who_can: Option<String>,
    /// Everything: what everybody has, what other permissions include, and as many lines as it takes.
    #[arg(long)]
    all: bool,
    /// As it was then: by a scan (`s12`), on a day (`2026-11-20`) or at a moment.
    #[arg(long, value_name = "WHEN")]
    as_of: Option<AsOf>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = AnswerFormat::Table)]
    format: AnswerFormat,
}

pub(super) fn run(context: &Context, args: &AccessArgs) -> Result<ExitCode, Complaint> {
    let assessment = context.assess(args.as_of)?;
    let inventory = Inventory::new(&assessment.snapshot);
    let on = args.on.as_deref().map(|written| container(&inventory, written)).transpose()?;
    match (&args.id, &args.who_can, on) {
        (_, Some(permission), Some(on)) => who_can(context, args, &assessment, &inventory, permission, on)?,
        (Some(id), _, on) => may_do(context, args, &assessment, &inventory, id, on)?,
        // The command line does not let either through.
        (None, Some(_), None) | (None, None, _) => return Err(Complaint::failed("name an account or a credential")),
    }
    context.terminal.warn_of_gaps(&assessment);
    Ok(ExitCode::from(exit::COMPLETE))
}

fn may_do<'a>(
    context: &Context,
    args: &AccessArgs,
    assessment: &'a Assessment,
    inventory: &Inventory<'a>,
    id: &str,
    on: Option<&'a Resource>,
) -> Result<(), Complaint> {
    let subject = subject(inventory, &assessment.findings, id)?;
    if let Some(key) = &args.permission {
        known_permission(inventory, subject, key)?;
    }
    let question = AccessQuestion {
        inventory,
        head: &assessment.head,
        subject,
        on,
        permission: args.permission.as_deref(),
        why: args.why,
        all: args.all,
        now: args.as_of.map_or_else(|| context.clock.now(), |_then| assessment.head.ended_at),
    };
    match args.format {
        AnswerFormat::Table => context.terminal.result(&access_page(&question, context.terminal.look)),
        AnswerFormat::Csv => write(context, |out| access_csv(&question, out))?,
        AnswerFormat::Json => write(context, |out| access_json(&question, out))?,
    }
    Ok(())
}

fn who_can<'a>(
    context: &Context,
    args: &AccessArgs,
    assessment: &'a Assessment,
    inventory: &Inventory<'a>,
    permission: &str,
    on: &'a Resource,
) -> Result<(), Complaint> {
    permission_of(inventory, on, permission)?;
    let now = args.as_of.map_or_else(|| context.clock.now(), |_then| assessment.head.ended_at);
    let all = args.all;
    let question = WhoCanQuestion { inventory, head: &assessment.head, permission, on, all, now };
    match args.format {
        AnswerFormat::Table => context.terminal.result(&who_can_page(&question, context.terminal.look)),
        AnswerFormat::Csv => write(context, |out| who_can_csv(&question, out))?,
        AnswerFormat::Json => write(context, |out| who_can_json(&question, out))?,
    }
    Ok(())
}

/// Writes a file to standard output.
fn write(
    context: &Context,
    render: impl FnOnce(&mut dyn io::Write) -> Result<(), RenderError>,
) -> Result<(), Complaint> {
    let mut bytes = Vec::new();
    render(&mut bytes).map_err(|error| Complaint::failed(format!("cannot write the answer: {error}")))?;
    context.terminal.result(&String::from_utf8_lossy(&bytes));
    Ok(())
}

/// A misspelt permission must not look like one that is not held.
fn known_permission(inventory: &Inventory<'_>, subject: &Resource, key: &str) -> Result<(), Complaint> {
    let Some(subject) = inventory.get(&subject.id) else { return Ok(()) };
    let reach = inventory.access().of(subject);
    let held = reach.places.iter().any(|place| place.find(key).is_some());
    if held || key == ANY || reach.out_of_sight.iter().any(|(_, one)| one.key == key) {
        return Ok(());
    }
    let known = inventory.access().permission_keys();
    if known.contains(&key) || roles_of_accounts(inventory).any(|role| role == key) {
        return Ok(());
    }
    let complaint = Complaint::failed(format!("no grant that was seen gives a permission `{key}`"));
    Err(match did_you_mean(key, known.into_iter().chain(roles_of_accounts(inventory))) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help("write it as the product calls it: BROWSE_PROJECTS, administer space, write"),
    })
}

/// Roles that come with accounts instead of with grants.
fn roles_of_accounts<'a>(inventory: &Inventory<'a>) -> impl Iterator<Item = &'a str> {
    let accounts: Vec<&'a Resource> = inventory.of_kind(crate::model::Kind::Principal).collect();
    accounts.into_iter().flat_map(|account| match &account.body {
        Body::Principal(principal) => {
            principal.platform_roles.known().map_or(&[][..], Vec::as_slice).iter().map(String::as_str)
        }
        _ => [].iter().map(String::as_str),
    })
}

/// A permission to ask about in a place: one that somebody is given there, or in another place.
fn permission_of(inventory: &Inventory<'_>, on: &Resource, key: &str) -> Result<(), Complaint> {
    let Some(on) = inventory.get(&on.id) else { return Ok(()) };
    let access = inventory.access();
    let here: Vec<&str> = access.permissions_on(on).into_iter().map(|(key, _)| key).collect();
    if here.contains(&key)
        || access.permission_keys().contains(&key)
        || roles_of_accounts(inventory).any(|one| one == key)
    {
        return Ok(());
    }
    let complaint = Complaint::failed(format!("no grant that was seen gives a permission `{key}`"));
    Err(match did_you_mean(key, here.iter().copied()) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None if here.is_empty() => complaint.help(format!("nothing is granted on {}, as far as was seen", place(on))),
        None => complaint.help(format!("on {} there are {}", place(on), here.join(", "))),
    })
}
