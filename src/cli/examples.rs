//! The examples at the end of each command's help. They stand here together, so that none is forgotten; a test reads every one
//! of them as the program itself would.

use clap::Command;

/// Commands as they are called, the program itself first, each with its examples.
#[rustfmt::skip]
const EXAMPLES: &[(&str, &[&str])] = &[
    ("", &[
        "keyroll demo",
        "keyroll scan",
        "keyroll findings --severity high",
        "keyroll inventory credentials --where 'credential.expires_at == null'",
    ]),
    ("demo", &["keyroll demo", "keyroll demo --accounts 1000 --nights 3 --out /tmp/demo"]),
    ("init", &[
        "keyroll init",
        "keyroll init --at https://acme.atlassian.net --user me@acme.example --yes",
        "keyroll init --source jira-dc=https://jira.acme.example --secret jira-dc=file:/run/secrets/jira --yes --scan",
        "keyroll init --example --out manual.yaml",
    ]),
    ("doctor", &["keyroll doctor", "keyroll doctor --send-test"]),
    ("scan", &["keyroll scan", "keyroll scan --source jira --deadline 3h", "keyroll scan --as-of s12"]),
    ("findings", &[
        "keyroll findings --severity high",
        "keyroll findings --where 'credential.expires_at == null && owner.is_admin'",
        "keyroll findings --where 'finding.confirmed && days_since(finding.first_seen) > 30' --sort first_seen",
        "keyroll findings --all --columns severity,resource_name,owner,since --sort -severity,owner --format csv",
    ]),
    ("findings show", &["keyroll findings show F-7KQ2M0"]),
    ("findings ack", &["keyroll findings ack F-7KQ2M0 --by 'Dana Moreau' --until 2026-12-31 --note 'the vendor was told'"]),
    ("explain", &["keyroll explain F-7KQ2M0", "keyroll explain ci-deploy --format json"]),
    ("inventory", &[
        "keyroll inventory accounts --where 'principal.mfa != null && !principal.mfa'",
        "keyroll inventory credentials --columns name,owner_name,expires_at --sort expires_at",
        "keyroll inventory credentials --where 'credential.expires_at == null' --undecided",
        "keyroll inventory groups --columns help",
        "keyroll inventory grants --as-of 2026-11-20 --format json",
    ]),
    ("access", &[
        "keyroll access ada@acme.example",
        "keyroll access ci-deploy --on PAY --why",
        "keyroll access --who-can DELETE_ISSUES --on PAY",
    ]),
    ("drift", &[
        "keyroll drift --what added --what removed",
        "keyroll drift --from 2026-11-01 --where 'change.what == \"added\" && credential.expires_at == null'",
        "keyroll drift --from s3 --to s9 --format json",
        "keyroll drift --columns resource_name,field,before,after --sort resource_kind,resource_name --format csv",
    ]),
    ("history", &["keyroll history F-7KQ2M0", "keyroll history ci-deploy --format csv"]),
    ("coverage", &["keyroll coverage", "keyroll coverage --columns source,endpoint,state,reason --sort state"]),
    ("report", &["keyroll report --format html,csv", "keyroll report --format json --out - --as-of 2026-11-20"]),
    ("export", &["keyroll export parquet"]),
    ("export parquet", &["keyroll export parquet --out parquet", "keyroll export parquet --out s3://lake/keyroll --as-of s12"]),
    ("rules", &["keyroll rules list", "keyroll rules show token-without-expiry"]),
    ("rules list", &["keyroll rules list", "keyroll rules list --pack essential"]),
    ("rules show", &["keyroll rules show token-without-expiry"]),
    ("rules try", &["keyroll rules try token-idle --set max_idle_days=30", "keyroll rules try my-rule.yaml --since 30d"]),
    ("rules test", &["keyroll rules test", "keyroll rules test token-idle --mutate"]),
    ("rules lint", &["keyroll rules lint"]),
    ("rules controls", &["keyroll rules controls", "keyroll rules controls --framework soc2 --format json"]),
    ("register", &["keyroll register check"]),
    ("register check", &["keyroll register check", "keyroll register check --format json"]),
    ("register draft", &[
        "keyroll register draft                              # to look at",
        "keyroll register draft --out integrations.yaml      # then edit it, and name it in a source of type `register`",
    ]),
    ("review", &["keyroll review status"]),
    ("review start", &[
        "keyroll review start 2026-q4 --by 'Eve Example' --due 2026-12-31",
        "keyroll review start admins-2026 --by 'Eve Example' --scope admins --out reviews/admins",
    ]),
    ("review import", &[
        "keyroll review import 2026-q4 review-2026-q4/2026-q4-ada-acme.example.csv",
        "keyroll review import 2026-q4 half-done.csv --partial",
    ]),
    ("review status", &[
        "keyroll review status",
        "keyroll review status 2026-q4",
        "keyroll review status 2026-q4 --format csv > review.csv",
    ]),
    ("whatif", &[
        "keyroll whatif --deactivate ada@acme.example",
        "keyroll whatif --remove-member svc-sync --from jira-admins",
        "keyroll whatif --remove developers --from-role Developers --on PAY",
        "keyroll whatif --expire ci-deploy --when 2026-12-31",
        "keyroll whatif --deactivate ada@acme.example --revoke jenkins --format json",
    ]),
    ("waivers", &["keyroll waivers", "keyroll waivers check", "keyroll waivers --sort until --columns waiver_id,until,state"]),
    ("waivers list", &["keyroll waivers list --as-of 2026-11-20"]),
    ("waivers check", &["keyroll waivers check", "keyroll waivers check --bind W-14"]),
    ("waivers add", &[
        "keyroll waivers add F-7KQ2M0 --reason 'Vendor cannot rotate' --approver 'Dana Moreau' --ticket SEC-142 --until 2026-12-31",
        "keyroll waivers add F-7KQ2M0 --pattern '*/credential/ci-*' --reason Migration --approver Dana --until 2026-12-31",
    ]),
    ("snapshots", &["keyroll snapshots", "keyroll snapshots prune --dry-run"]),
    ("snapshots list", &["keyroll snapshots list"]),
    ("snapshots prune", &["keyroll snapshots prune --dry-run", "keyroll snapshots prune --keep-daily 14 --keep-weekly 8"]),
    ("store", &["keyroll store roles"]),
    ("store roles", &["keyroll store roles > roles.sql"]),
    ("store migrate", &["keyroll store migrate --store postgres://keyroll_owner@db.acme.example/keyroll"]),
    ("store copy", &["keyroll store copy --from keyroll.db --to postgres://keyroll_writer@db.acme.example/keyroll"]),
    ("alerts", &["keyroll alerts pending"]),
    ("alerts pending", &["keyroll alerts pending"]),
    ("alerts retry", &["keyroll alerts retry", "keyroll alerts retry N-4QZ"]),
    ("alerts test", &["keyroll alerts test team-chat"]),
    ("alerts preview", &["keyroll alerts preview", "keyroll alerts preview --scan s12"]),
    ("alerts channels", &["keyroll alerts channels"]),
    ("browse", &["keyroll browse", "keyroll browse --as-of 2026-11-20", "keyroll browse --config acme.yaml --as-of s12"]),
    ("serve", &["keyroll serve", "keyroll serve --listen 127.0.0.1:9000", "keyroll --config tenants serve"]),
    ("calendar", &["keyroll calendar --days 30", "keyroll calendar --format ics > keyroll.ics"]),
    ("daemon", &["keyroll daemon", "keyroll daemon --once --schedule nightly", "keyroll daemon --role worker --jobs 8"]),
    ("fleet", &["keyroll --config tenants fleet status"]),
    ("fleet status", &["keyroll --config tenants fleet status --format json"]),
    ("fleet each", &["keyroll --config tenants fleet each scan", "keyroll --config tenants fleet each --jobs 4 report --format html"]),
    ("baseline", &["keyroll baseline show"]),
    ("baseline accept", &["keyroll baseline accept q4-review --by 'Dana Moreau' --reason 'reviewed on 2026-11-20' --snapshot s12"]),
    ("baseline list", &["keyroll baseline list"]),
    ("baseline show", &["keyroll baseline show"]),
    ("evidence", &["keyroll evidence create --by 'Dana Moreau' --key evidence.key", "keyroll evidence log --trust trusted.pub"]),
    ("evidence keygen", &["keyroll evidence keygen evidence.key --password env:EVIDENCE_PASSWORD"]),
    ("evidence create", &["keyroll evidence create --by 'Dana Moreau' --key evidence.key"]),
    ("evidence verify", &["keyroll evidence verify evidence/pack.tar.gz --trust trusted.pub --extract looked-at"]),
    ("evidence reperform", &["keyroll evidence reperform evidence/pack.tar.gz --trust trusted.pub"]),
    ("evidence redact", &[
        "keyroll evidence redact evidence/pack.tar.gz --trust trusted.pub --by 'Dana Moreau' --key evidence.key --pseudonyms names.csv --out redacted.tar.gz",
    ]),
    ("evidence log", &["keyroll evidence log --trust trusted.pub"]),
    ("sources", &["keyroll sources"]),
    ("completions", &[
        "keyroll completions bash > /etc/bash_completion.d/keyroll",
        "keyroll completions zsh > \"${fpath[1]}/_keyroll\"",
        "keyroll completions fish > ~/.config/fish/completions/keyroll.fish",
    ]),
    ("man", &["keyroll man | man -l -", "keyroll man --out /usr/local/share/man/man1"]),
];

/// Puts the examples at the end of the help of each command.
pub(super) fn added_to(command: Command) -> Command {
    added(command, "")
}

fn added(command: Command, path: &str) -> Command {
    let told = command.get_after_help().map(|told| format!("{told}\n\n")).unwrap_or_default();
    let command = match EXAMPLES.iter().find(|(of, _)| *of == path) {
        Some((_, examples)) => command.after_help(format!("{told}Examples:\n  {}", examples.join("\n  "))),
        None => command,
    };
    let names: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    names.iter().fold(command, |command, name| {
        command.mut_subcommand(name, |inner| added(inner, format!("{path} {name}").trim_start()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cli;

    /// The words of a line as a shell takes it, up to where it does something else with them.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut quote, mut open) = (vec![String::new()], None, false);
        for letter in line.chars() {
            match (quote, letter) {
                (None, '\'' | '"') => (quote, open) = (Some(letter), true),
                (Some(sign), letter) if sign == letter => quote = None,
                (None, '>' | '|' | '#') if !open => break,
                (None, ' ') => {
                    words.extend((open).then(String::new));
                    open = false;
                }
                (_, letter) => {
                    words.last_mut().unwrap().push(letter);
                    open = true;
                }
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    fn paths(command: &Command, path: &str, found: &mut BTreeSet<String>) {
        found.insert(path.to_owned());
        for inner in command.get_subcommands() {
            paths(inner, format!("{path} {}", inner.get_name()).trim_start(), found);
        }
    }

    #[test]
    fn every_command_has_examples_that_are_understood() {
        let mut commands = BTreeSet::new();
        paths(&cli::command(), "", &mut commands);
        let shown: BTreeSet<String> = EXAMPLES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(commands, shown);
        assert_eq!(shown.len(), EXAMPLES.len(), "a command has one list of examples");
        let mut wrong: Vec<&str> = Vec::new();
        for (path, examples) in EXAMPLES {
            for example in *examples {
                let words = words(example);
                assert_eq!(words[0], "keyroll", "{example}");
                let named: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
                let called = named.strip_prefix(&["--config", "tenants"]).unwrap_or(&named);
                let of: Vec<&str> = path.split_whitespace().collect();
                assert!(called.starts_with(&of), "{example} is no example of `{path}`");
                wrong.extend((!cli::understands(&words)).then_some(*example));
            }
        }
        assert!(wrong.is_empty(), "not understood: {wrong:#?}");
    }

    #[test]
    fn help_ends_with_the_examples() {
        let mut command = cli::command();
        let help = command.find_subcommand_mut("whatif").unwrap().render_long_help().to_string();
        assert!(help.contains("Exit codes:") && help.trim_end().ends_with("--format json"), "{help}");
        let mut commands = vec![cli::command()];
        while let Some(mut command) = commands.pop() {
            let help = command.render_long_help().to_string();
            assert_eq!(help.matches("Examples:").count(), 1, "{help}");
            commands.extend(command.get_subcommands().cloned());
        }
    }
}
