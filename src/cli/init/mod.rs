//! `keyroll init`: from nothing to the first scan. Whatever it asks can be given as an option; what can be found out without a
//! credential it finds out. No secret is written down: the file says where each is to be found.

mod ask;
mod draft;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use super::complain::Complaint;
use super::doctor::{self, DoctorArgs};
use super::{Context, block_on, exit, scan};
use crate::app::gains;
use crate::config::{Config, DEFAULTS, Newcomer};
use crate::http::{Factory, Limits};
use crate::problem::SourceText;
use crate::reports::{GainRow, GainsPage, checkup_page, gains_page};
use crate::sources::SOURCES;
use draft::Draft;

#[derive(Debug, clap::Args)]
pub(super) struct InitArgs {
    /// Where to write it.
    #[arg(long, value_name = "FILE", default_value = "keyroll.yaml")]
    out: PathBuf,
    /// The estate's name, as reports show it.
    #[arg(long, value_name = "NAME")]
    estate: Option<String>,
    /// An address of a product, such as that of a page in the browser: which product it is, is found out. May be given several
    /// times.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "offline")]
    at: Vec<String>,
    /// A product by its type (`keyroll sources` lists them), with its address, or the short name of a Bitbucket workspace. May be
    /// given several times.
    #[arg(long = "source", value_name = "TYPE[=ADDRESS]")]
    sources: Vec<String>,
    /// The mail address of the account that reads products of the cloud.
    #[arg(long, value_name = "MAIL")]
    user: Option<String>,
    /// The gateway of the cloud, where it is another than api.atlassian.com: scoped tokens and automation rules are asked for there.
    #[arg(long, value_name = "ADDRESS")]
    gateway: Option<String>,
    /// Where the credential of a product is to be found: `env:NAME`, `file:/path`, or `command:` and a program that prints it.
    /// Never the credential itself.
    #[arg(long = "secret", value_name = "TYPE=REFERENCE")]
    secrets: Vec<String>,
    /// Ask nothing: what no option says is taken as it usually is.
    #[arg(long, short)]
    yes: bool,
    /// Ask no product anything: neither what it is nor, afterwards, whether it can be read.
    #[arg(long)]
    offline: bool,
    /// Scan when nothing stands against it.
    #[arg(long, conflicts_with = "offline")]
    scan: bool,
    /// Write the manual instead: a configuration with every key and a comment for each.
    #[arg(long, conflicts_with_all = ["estate", "at", "sources", "user", "gateway", "secrets", "scan"])]
    example: bool,
}

impl InitArgs {
    /// The file that is written: what comes after it is about that one.
    pub(super) fn out(&self) -> &Path {
        &self.out
    }
}

pub(super) fn run(context: &Context, args: &InitArgs) -> Result<ExitCode, Complaint> {
    refuse_existing(&args.out)?;
    if args.example {
        write(&args.out, DEFAULTS)?;
        context.terminal.say(&format!("Wrote {}: every key, with a comment for each.", args.out.display()));
        return Ok(ExitCode::from(exit::COMPLETE));
    }
    let factory = (!args.offline).then(|| visitors(context));
    let say = |text: &str| context.terminal.say(text);
    let mut draft = Draft::of(args, &say)?;
    for address in &args.at {
        draft.add_found(address, factory.as_ref(), &say)?;
    }
    if !args.yes && ask::can_ask() {
        let columns = context.terminal.look.width;
        ask::complete(&mut draft, &ask::Asker { factory: factory.as_ref(), say: &say, columns })?;
    }
    let newcomer = draft.settled(args.yes)?;
    let text = newcomer.text();
    Config::parse(&SourceText::new(&args.out.display().to_string(), &text), Path::new("."))?;
    write(&args.out, &text)?;
    explain(context, &newcomer)?;
    context.terminal.say(&next_steps(&newcomer, &args.out));
    if args.offline {
        return Ok(ExitCode::from(exit::COMPLETE));
    }
    let checkup = doctor::examine(context, &DoctorArgs::default())?;
    context.terminal.result(&checkup_page(&checkup, context.terminal.look));
    let code = doctor::code(&checkup);
    let ready = matches!(code, exit::COMPLETE | exit::INCOMPLETE);
    if ready && (args.scan || (!args.yes && ask::can_ask() && ask::wants_scan()?)) {
        return scan::run(context, &scan::ScanArgs::default());
    }
    if !ready {
        let again = format!("Mend what failed, then: keyroll --config {} doctor", args.out.display());
        context.terminal.say(&again);
    }
    Ok(ExitCode::from(code))
}

/// Those who ask products what they are wait for no one for long.
fn visitors(context: &Context) -> Factory {
    Factory::new(Arc::clone(&context.clock)).with_limits(Limits { tries: 1, ..Limits::default() })
}

fn refuse_existing(path: &Path) -> Result<(), Complaint> {
    if path.exists() {
        let what = format!("`{}` is there already, and is not overwritten", path.display());
        return Err(Complaint::failed(what).help("move it away first, or name another with `--out FILE`"));
    }
    Ok(())
}

/// Readable by others is well: no secret is in it. Written to by its owner alone, for it says where credentials are sent.
fn write(path: &Path, text: &str) -> Result<(), Complaint> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    let written = options.open(path);
    written
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Complaint::failed(format!("cannot write `{}`: {error}", path.display())))
}

/// For each source the least credential that works, and what each right would add.
fn explain(context: &Context, newcomer: &Newcomer) -> Result<(), Complaint> {
    let rules = Config::shipped().rules()?;
    for source in &newcomer.sources {
        let Some(kind) = SOURCES.iter().find(|kind| kind.name == source.kind) else { continue };
        let Some(way_in) = kind.way_in else { continue };
        let gains = gains(kind, &rules, context.clock.now());
        let rights = gains.into_iter().map(|gain| GainRow {
            right: gain.right,
            shows: gain.shows,
            rules: gain.rules.iter().map(ToString::to_string).collect(),
        });
        let title = format!("{} ({})", source.name, kind.name);
        let page = GainsPage {
            title: &title,
            least: way_in.least,
            made_at: way_in.made_at,
            rights_at: way_in.rights_at,
            rights: rights.collect(),
        };
        context.terminal.result(&gains_page(&page, context.terminal.look));
    }
    Ok(())
}

/// What is left to do by hand: to put each credential where the file says it is.
fn next_steps(newcomer: &Newcomer, out: &Path) -> String {
    let mut text = format!("Wrote {}. It names these places for credentials:", out.display());
    for source in &newcomer.sources {
        let place = match &source.secret {
            crate::secret::SecretRef::Env(name) => {
                format!("variable {name}: `read -rs {name} && export {name}` takes it without showing it")
            }
            crate::secret::SecretRef::File(path) => {
                format!("file {}, which only its owner may read (`chmod 600`)", path.display())
            }
            command @ crate::secret::SecretRef::Command(_) => format!("{command}, which prints it"),
        };
        text.push_str(&format!("\n  {}: {place}", source.name));
    }
    text
}

/// The products at an address.
fn found_at(factory: &Factory, address: &str) -> Result<Vec<crate::sources::Found>, String> {
    block_on(crate::sources::discover(factory, address))
}
