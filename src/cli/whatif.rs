//! `keyroll whatif`: changes tried out in thought on the latest scan. Nothing is stored, sent or asked.

use std::process::ExitCode;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::complain::Complaint;
use super::{Context, exit};
use crate::app::AppError;
use crate::app::whatif::{Suppose, Unnamed, Wanted, WhatIf, find, places_in_role, simulate};
use crate::inventory::{Inventory, Revocations};
use crate::model::{Body, Credential, Fact, ResourceId, SnapshotHead};
use crate::reports::{SimulationHead, simulation_json, simulation_page};
use crate::store::Store;

const HELP: &str = "\
Several changes at once are carried out one after the other, in the order of the list above.
Accounts are named by id, mail address, user name or name; groups by id or name; tokens by id or
label; projects by key, id or name. Where a name is that of several, the ids are listed.

Nothing is stored, nothing is sent, no request is made. Findings are judged by the rules and waivers
of the configuration on both sides, at the same moment.

Exit codes:
   0  nothing would break
  10  something that may be in use would stop, or lose rights that it needs
  20  nothing was seen that would break, but gaps of the scan leave questions open
  30  both 10 and 20";

#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct WhatifArgs {
    /// Deactivate accounts.
    #[arg(long, value_name = "ACCOUNT", num_args = 1..)]
    deactivate: Vec<String>,
    /// Take an account, or a group inside of it, out of the group that `--from` names (may be given more than once).
    #[arg(long, value_name = "MEMBER", requires = "from")]
    remove_member: Vec<String>,
    /// The group for `--remove-member`: one for all, or one for each.
    #[arg(long, value_name = "GROUP", requires = "remove_member")]
    from: Vec<String>,
    /// Take a group or account out of a role of a project (may be given more than once).
    #[arg(long, value_name = "HOLDER", requires = "from_role", requires = "on")]
    remove: Vec<String>,
    /// The role for `--remove`, by name or id: one for all, or one for each.
    #[arg(long, value_name = "ROLE", requires = "remove")]
    from_role: Vec<String>,
    /// The project for `--remove`: one for all, or one for each.
    #[arg(long, value_name = "PROJECT", requires = "remove")]
    on: Vec<String>,
    /// Take grants away: places in roles, entries of schemes, permissions.
    #[arg(long, value_name = "GRANT", num_args = 1..)]
    remove_grant: Vec<String>,
    /// Revoke tokens, keys or clients.
    #[arg(long, value_name = "TOKEN", num_args = 1..)]
    revoke: Vec<String>,
    /// Let tokens, keys or clients end: time moves on for them alone.
    #[arg(long, value_name = "TOKEN", num_args = 1..)]
    expire: Vec<String>,
    /// The day on which those of `--expire` end; their own end if left out.
    #[arg(long, value_name = "DAY", requires = "expire")]
    when: Option<NaiveDate>,
    /// Delete groups.
    #[arg(long, value_name = "GROUP", num_args = 1..)]
    delete_group: Vec<String>,
    /// How to write it.
    #[arg(long, value_enum, default_value_t = WhatifFormat::Table)]
    format: WhatifFormat,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum WhatifFormat {
    /// For people.
    Table,
    /// For machines.
    Json,
}

pub(super) fn run(context: &Context, args: &WhatifArgs) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let head = store.latest()?.ok_or(AppError::NoScan)?;
    let judgement = config.judgement(context.clock.as_ref())?;
    let knowledge = config.knowledge()?;
    let snapshot = store.snapshot(head.id)?.ok_or(AppError::NoSuchSnapshot(head.id))?;
    let revocations = Revocations::of(store.decided_access(head.started_at)?);
    let now = context.clock.now();
    let changes = changes(&Inventory::new(&snapshot), args)?;
    let ask = WhatIf {
        snapshot: &snapshot,
        rules: &judgement.rules,
        waivers: &judgement.waivers,
        knowledge: &knowledge,
        revocations: &revocations,
        now,
    };
    let simulation = simulate(&ask, &changes);
    context.terminal.result(&match args.format {
        WhatifFormat::Table => simulation_page(&simulation, now, context.terminal.look),
        WhatifFormat::Json => {
            let snapshot = head.id.to_string();
            let head = SimulationHead { snapshot: &snapshot, scanned_at: head.started_at, judged_at: now };
            simulation_json(&simulation, head)
        }
    });
    context.terminal.say(&as_of(&head));
    let code = match (simulation.breaks(now), simulation.leaves_questions()) {
        (false, false) => exit::COMPLETE,
        (true, false) => exit::FINDINGS,
        (false, true) => exit::INCOMPLETE,
        (true, true) => exit::FINDINGS_AND_INCOMPLETE,
    };
    Ok(ExitCode::from(code))
}

fn as_of(head: &SnapshotHead) -> String {
    format!(
        "In thought, on the scan of {} UTC: nothing was changed, stored or sent.",
        head.started_at.format("%Y-%m-%d %H:%M")
    )
}

/// The changes that the words mean.
fn changes(inventory: &Inventory<'_>, args: &WhatifArgs) -> Result<Vec<Suppose>, Complaint> {
    let id = |wanted: Wanted, word: &str| named(inventory, wanted, word);
    let mut changes = Vec::new();
    for word in &args.deactivate {
        changes.push(Suppose::Deactivated(id(Wanted::Account, word)?));
    }
    for (at, word) in args.remove_member.iter().enumerate() {
        let group = nth(&args.from, at, args.remove_member.len(), "--from", "--remove-member")?;
        changes.push(Suppose::Left { member: id(Wanted::Member, word)?, group: id(Wanted::Group, group)? });
    }
    for (at, word) in args.remove.iter().enumerate() {
        let role = nth(&args.from_role, at, args.remove.len(), "--from-role", "--remove")?;
        let project = nth(&args.on, at, args.remove.len(), "--on", "--remove")?;
        let (holder, project) = (id(Wanted::Member, word)?, id(Wanted::Project, project)?);
        changes.extend(out_of_role(inventory, &holder, role, &project)?.into_iter().map(Suppose::Withdrawn));
    }
    for word in &args.remove_grant {
        changes.push(Suppose::Withdrawn(id(Wanted::Grant, word)?));
    }
    for word in &args.revoke {
        changes.push(Suppose::Revoked(id(Wanted::Credential, word)?));
    }
    for word in &args.expire {
        let credential = id(Wanted::Credential, word)?;
        let on = end(inventory, &credential, args.when)?;
        changes.push(Suppose::Expired { credential, on });
    }
    for word in &args.delete_group {
        changes.push(Suppose::Deleted(id(Wanted::Group, word)?));
    }
    if changes.is_empty() {
        let complaint = Complaint::failed("no change was named");
        return Err(
            complaint.help("name at least one, such as `--deactivate ACCOUNT`: `keyroll whatif --help` lists them")
        );
    }
    Ok(changes)
}

/// One for all, or one for each.
fn nth<'w>(words: &'w [String], at: usize, of: usize, flag: &str, each: &str) -> Result<&'w str, Complaint> {
    match words {
        [one] => Ok(one),
        several if several.len() == of => Ok(&several[at]),
        several => {
            let what = format!("`{flag}` is given {} times, and `{each}` {of} times", several.len());
            Err(Complaint::failed(what).help(format!("give `{flag}` once for all, or once for each `{each}`")))
        }
    }
}

fn named(inventory: &Inventory<'_>, wanted: Wanted, word: &str) -> Result<ResourceId, Complaint> {
    let unnamed = match find(inventory, wanted, word) {
        Ok(found) => return Ok(found.id.clone()),
        Err(unnamed) => unnamed,
    };
    Err(match unnamed {
        Unnamed::Nothing { near } => {
            let complaint = Complaint::failed(format!("the latest scan saw no {} `{word}`", wanted.title()));
            complaint.help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`keyroll inventory` lists what it saw".to_owned(),
            })
        }
        Unnamed::Several(all) => {
            const MOST: usize = 8;
            let mut what = format!("`{word}` is the name of {}:", all.len());
            for (id, title) in all.iter().take(MOST) {
                what.push_str(&format!("\n  {id}  {title}"));
            }
            if all.len() > MOST {
                what.push_str(&format!("\n  and {} more", all.len() - MOST));
            }
            Complaint::failed(what).help("name one by its id")
        }
    })
}

fn out_of_role(
    inventory: &Inventory<'_>,
    holder: &ResourceId,
    role: &str,
    project: &ResourceId,
) -> Result<Vec<ResourceId>, Complaint> {
    places_in_role(inventory, holder, role, project).map_err(|others| {
        let what = format!("{} was not seen in a role `{role}` of {}", inventory.name(holder), inventory.name(project));
        let help = match others.is_empty() {
            true => "it has no place in any of its roles; a group that it is in may have".to_owned(),
            false => format!("its roles there: {}", others.join(", ")),
        };
        Complaint::failed(what).help(help)
    })
}

/// When a credential is to end. One that never does needs a day.
fn end(
    inventory: &Inventory<'_>,
    credential: &ResourceId,
    when: Option<NaiveDate>,
) -> Result<Option<DateTime<Utc>>, Complaint> {
    let own = match inventory.get(credential).map(|resource| &resource.body) {
        Some(Body::Credential(Credential { expires_at, .. })) => *expires_at,
        _ => Fact::Unknown,
    };
    let why = match (when, own) {
        (Some(day), _) => return Ok(Some(day.and_time(NaiveTime::MIN).and_utc())),
        (None, Fact::Known(_)) => return Ok(None),
        (None, Fact::Absent) => "never ends by itself",
        (None, Fact::Unknown) => "does not tell when it ends",
    };
    let complaint = Complaint::failed(format!("“{}” {why}", inventory.name(credential)));
    Err(complaint.help("say when it is to end: `--when DAY`"))
}
