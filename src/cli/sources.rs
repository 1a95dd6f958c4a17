//! `keyroll sources`: what each kind of source sees, cannot see, and which rights it takes.

use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit};
use crate::sources::SOURCES;

pub(super) fn run(context: &Context) -> Result<ExitCode, Complaint> {
    let mut text = String::new();
    for kind in SOURCES {
        text.push_str(&format!("{}: {}\n", kind.name, kind.summary));
        text.push_str("  sees\n");
        for line in kind.sees {
            text.push_str(&format!("    {line}\n"));
        }
        text.push_str("  cannot see\n");
        for line in kind.cannot_see {
            text.push_str(&format!("    {line}\n"));
        }
        text.push_str("  rights it takes\n");
        for right in kind.rights {
            text.push_str(&format!("    {}: {}\n", right.right, right.why));
        }
        text.push('\n');
    }
    context.terminal.result(text.trim_end());
    Ok(ExitCode::from(exit::COMPLETE))
}
