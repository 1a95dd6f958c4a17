//! `keyroll serve`: what the store says, as pages for browsers, until told to end.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::watch;

use super::complain::Complaint;
use super::{Context, block_on, exit, signals};
use crate::config::Fleet;
use crate::serve::{ServeError, Server, Settings};
use crate::text::plural;

#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {
    /// Where to listen, instead of where the configuration says. Port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

pub(super) fn run(context: &Context, args: &ServeArgs) -> Result<ExitCode, Complaint> {
    let mut settings = if context.config.is_dir() {
        Fleet::load(&context.config)?.serving(&context.config)?
    } else {
        let name = context.config.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        context.load()?.serving(&name)?
    };
    settings.listen = args.listen.unwrap_or(settings.listen);
    for tenant in &settings.tenants {
        if let Err(why) = &tenant.source {
            context
                .terminal
                .note(&format!("Nobody sees tenant `{}`, whose configuration has mistakes: {why}", tenant.name));
        }
    }
    let open_to_all = !settings.asks_to_sign_in();
    let shown = plural(settings.tenants.len(), "estate", "estates");
    block_on(async {
        // Heard from here on, so that whoever reads that it runs can tell it to end.
        let told_to_end = signals::told_to_end();
        let server = bind(settings, context).await?;
        let place = server.url();
        context.terminal.note(&format!("keyroll shows {shown} on {place}"));
        if open_to_all {
            context.terminal.note("Nobody has to sign in: whoever has an account on this machine can read it.");
        }
        let (end, told) = watch::channel(false);
        let running = tokio::spawn(server.run(told));
        if !told_to_end.await {
            return Err(Complaint::failed("nobody can tell keyroll to end: the system's signals cannot be heard"));
        }
        end.send_replace(true);
        match running.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(Complaint::failed(format!("the port was lost: {error}"))),
            Err(_broken_off) => return Err(Complaint::failed("the server broke off: this is a mistake of keyroll's")),
        }
        context.terminal.note("keyroll has ended in good order.");
        Ok(ExitCode::from(exit::COMPLETE))
    })
}

async fn bind(settings: Settings, context: &Context) -> Result<Server, Complaint> {
    Server::bind(settings, Arc::clone(&context.clock)).await.map_err(|error| {
        let help = match &error {
            ServeError::Address { .. } => "write another address under `serve: listen:`, or `--listen ADDRESS`",
            _ => "the section `serve` of the configuration says who may ask, and how",
        };
        Complaint::failed(error.to_string()).help(help)
    })
}
