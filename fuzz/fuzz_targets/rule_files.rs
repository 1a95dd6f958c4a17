//! Whatever is in a file that people write about rules: it is refused with places in it, or read the same twice.
//!
//! Input: the text of the file. A first line of `#pack`, `#framework`, `#waivers` or `#settings` says that it is another file than a rule.
#![no_main]

use std::sync::LazyLock;

use chrono::NaiveDate;
use keyroll::config::frameworks;
use keyroll::document;
use keyroll::findings::{WaiverLimits, Waivers};
use keyroll::model::RuleSummary;
use keyroll::problem::SourceText;
use keyroll::rules::{Framework, Overrides, RuleSet, builtin, read_frameworks, read_packs};
use keyroll_fuzz::are_told;
use libfuzzer_sys::fuzz_target;

static FRAMEWORKS: LazyLock<Vec<Framework>> = LazyLock::new(|| frameworks().expect("what is shipped is sound"));

/// What waivers may speak of: a few shipped rules.
static KNOWN: LazyLock<Vec<RuleSummary>> = LazyLock::new(|| {
    let files: Vec<SourceText> = builtin::rules().into_iter().filter(|file| file.name.contains("token-")).collect();
    RuleSet::load(&files, &FRAMEWORKS, &Overrides::default()).expect("what is shipped is sound").summaries()
});

/// A longer rule is not put through the mutation check: that takes a second for each of a few hundred mistakes.
const LONGEST_MUTATED: usize = 900;

fuzz_target!(|bytes: &[u8]| {
    keyroll_fuzz::read_text(bytes, |text| {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        match first.trim_end() {
            "#pack" => told(read_packs(&[SourceText::new("rules/packs/p.yaml", rest)])),
            "#framework" => told(read_frameworks(&[SourceText::new("rules/frameworks/f.yaml", rest)])),
            "#waivers" => {
                let day = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day");
                let file = SourceText::new("waivers.yaml", rest);
                told(Waivers::parse(&file, &KNOWN, day, WaiverLimits::default()));
            }
            "#settings" => told(document::parse(&SourceText::new("keyroll.yaml", rest)).and_then(Overrides::read)),
            _ => rule(text),
        }
    });
});

fn told<T>(read: Result<T, keyroll::problem::Problems>) {
    if let Err(problems) = read {
        are_told(&problems);
    }
}

fn rule(text: &str) {
    let id = text.lines().find_map(|line| line.strip_prefix("id:")).map_or("r", str::trim);
    let file = SourceText::new(&format!("rules/{id}.yaml"), text);
    let load = || RuleSet::load(std::slice::from_ref(&file), &FRAMEWORKS, &Overrides::default());
    match load() {
        Err(problems) => are_told(&problems),
        Ok(set) => {
            assert_eq!(set.rules().len(), 1);
            assert_eq!(Some(set.digest()), load().ok().map(|again| again.digest()), "read twice");
            drop((set.summaries(), set.run_cases(), set.lint(&FRAMEWORKS, None)));
            if text.len() < LONGEST_MUTATED {
                drop(set.run_mutations());
            }
        }
    }
}
