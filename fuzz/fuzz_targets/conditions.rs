//! Whatever somebody writes for a condition or a message: what compiles says the same in brackets, denied twice, and as an
//! explanation shows it, and is explained as it is judged.
//!
//! Input: a byte for the kind, then what must hold; behind a 0x1E each, the scope and the message.
#![no_main]

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use keyroll::inventory::Inventory;
use keyroll::model::{Kind, Outcome, PartResult, Snapshot, sample};
use keyroll::problem::{Problems, SourceText};
use keyroll::rules::{Asked, Overrides, RuleSet};
use keyroll_fuzz::are_told;
use libfuzzer_sys::fuzz_target;

/// One resource of each kind, so that conditions have something to speak of.
static ESTATE: LazyLock<Snapshot> = LazyLock::new(|| {
    let mut resources = sample::resources();
    resources.sort_by(|left, right| left.id.cmp(&right.id));
    Snapshot::of_sorted(resources, Vec::new())
});

fuzz_target!(|bytes: &[u8]| {
    let [kind, text @ ..] = bytes else { return };
    keyroll_fuzz::read_text(text, |text| {
        let mut parts = text.split('\u{1e}');
        let written = Written {
            kind: Kind::ALL[usize::from(*kind) % Kind::ALL.len()],
            on_change: *kind >= 128,
            require: parts.next().unwrap_or_default().to_owned(),
            scope: parts.next().map(str::to_owned),
            message: parts.next().unwrap_or("M").to_owned(),
        };
        let set = match written.load() {
            Ok(set) => set,
            Err(problems) => return are_told(&problems),
        };
        drop((set.lint(&[], None), set.run_cases(), set.summaries()));
        if written.on_change {
            return;
        }
        let said = written.said(&set);
        let bracketed = Written { require: format!("({}\n)", written.require), ..written.clone() };
        let set = bracketed
            .load()
            .unwrap_or_else(|problems| panic!("{} compiles, in brackets not: {problems}", written.require));
        assert_eq!(answers(&said), answers(&bracketed.said(&set)), "{} in brackets", written.require);
        let denied = Written { require: format!("!(!({}\n)\n)", written.require), ..written.clone() };
        if let Ok(set) = denied.load() {
            assert_eq!(answers(&said), answers(&denied.said(&set)), "{} denied twice", written.require);
        }
        for (_, shown) in &said {
            let shown = Written { require: shown.clone(), ..written.clone() };
            if let Ok(set) = shown.load() {
                assert_eq!(
                    answers(&said),
                    answers(&shown.said(&set)),
                    "{} is shown as {}",
                    written.require,
                    shown.require
                );
            }
        }
    });
});

fn answers(said: &[(Answer, String)]) -> Vec<Answer> {
    said.iter().map(|(answer, _)| *answer).collect()
}

#[derive(Debug, Clone)]
struct Written {
    kind: Kind,
    on_change: bool,
    require: String,
    scope: Option<String>,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Pass,
    Fail,
    NotApplicable,
    Unknown,
}

impl Written {
    fn load(&self) -> Result<RuleSet, Problems> {
        let kind = self.kind.name();
        let subject =
            if self.on_change { format!("applies_to: change\nof: {kind}") } else { format!("applies_to: {kind}") };
        let quoted = |text: &str| serde_json::to_string(text).expect("text is JSON");
        let scope = self.scope.iter().map(|scope| format!("scope: {}\n", quoted(scope))).collect::<String>();
        let text = format!(
            "id: r\nversion: 1\ntitle: T\nseverity: low\n{subject}\nrequire: {}\n{scope}message: {}\nwhy: W\nfix: F\nverify: V\n\
             cases:\n  - {{ name: a, given: {{}}, expect: pass }}\n  - {{ name: b, given: {{}}, expect: fail }}\n",
            quoted(&self.require),
            quoted(&self.message),
        );
        RuleSet::load(&[SourceText::new("r.yaml", &text)], &[], &Overrides::default())
    }

    /// What a set of this one rule says of each resource, and how it shows what must hold. Judged and explained it is the same.
    fn said(&self, set: &RuleSet) -> Vec<(Answer, String)> {
        let now: DateTime<Utc> = "2026-11-22T02:00:00Z".parse().expect("a moment");
        let inventory = Inventory::new(&ESTATE);
        let evaluation = set.evaluate(&inventory, &[], now);
        let resources = ESTATE.resources.iter().filter(|resource| resource.kind() == self.kind);
        let explained = resources.filter_map(|resource| {
            let asked = Asked { inventory: &inventory, resource: &resource.id, changes: &[], now };
            let explained = set.explain("r", &asked)?;
            let answer = match explained.opinion.outcome {
                Outcome::Pass => Answer::Pass,
                Outcome::Fail(_) => Answer::Fail,
                Outcome::NotApplicable => Answer::NotApplicable,
                Outcome::Unknown(_) => Answer::Unknown,
            };
            let judged = evaluation.verdicts.iter().find(|verdict| verdict.resource == resource.id);
            match judged.map(|verdict| &verdict.outcome) {
                Some(outcome) => assert_eq!(outcome, &explained.opinion.outcome, "judged and explained"),
                None => assert!(matches!(answer, Answer::Pass | Answer::NotApplicable), "{answer:?} and not judged"),
            }
            if explained.scope.as_ref().is_none_or(|scope| scope.result == PartResult::True) {
                let of_parts = match explained.require.result {
                    PartResult::True => Answer::Pass,
                    PartResult::False => Answer::Fail,
                    _ => Answer::Unknown,
                };
                assert_eq!(answer, of_parts, "{:?} taken apart", self.require);
            }
            Some((answer, explained.require.text))
        });
        explained.collect()
    }
}
