//! Every rule file that is found on disk: it loads, its cases hold, it shows what it does where it cannot tell, and it
//! is in the binary.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use keyroll::problem::SourceText;
use keyroll::rules::{CaseResult, Overrides, RuleSet, builtin, read_frameworks, score};

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The files in the folders under `rules/`, catalogues apart from rules.
fn on_disk() -> (Vec<SourceText>, Vec<SourceText>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let top = root.join("rules");
    let files = yaml_files(&top)
        .into_iter()
        .filter(|file| file.parent() != Some(&top) && !file.starts_with(top.join("profiles")))
        .filter(|file| !file.starts_with(top.join("packs")));
    let texts = files.map(|file| {
        let name = file.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        SourceText::new(&name, &fs::read_to_string(&file).unwrap())
    });
    texts.partition(|text| text.name.starts_with("rules/frameworks/"))
}

fn rule_set() -> RuleSet {
    let (catalogues, rules) = on_disk();
    let frameworks = read_frameworks(&catalogues).unwrap_or_else(|problems| panic!("{problems}"));
    RuleSet::load(&rules, &frameworks, &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn there_are_rules_and_all_of_them_are_in_the_binary() {
    let (catalogues, rules) = on_disk();
    assert!(rules.len() >= 25, "found {} rules", rules.len());
    assert_eq!(rules, builtin::rules());
    assert_eq!(catalogues, builtin::frameworks());
}

#[test]
fn all_cases_hold() {
    let failed: Vec<String> = rule_set().run_cases().iter().filter(|result| !result.passed()).map(describe).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn describe(result: &CaseResult) -> String {
    let CaseResult { file, line, name, expected, .. } = result;
    format!("{}:{line}: “{name}” expects {}, the rule says {}", file.name, expected.name(), result.said())
}

/// Everything that lint can find without a scan: an unknown case where a fact may be missing, a place in each remedy, a rule
/// or a look by hand for each control.
#[test]
fn nothing_about_the_shipped_rules_is_weak() {
    let (catalogues, _) = on_disk();
    let frameworks = read_frameworks(&catalogues).unwrap_or_else(|problems| panic!("{problems}"));
    let found: Vec<String> =
        rule_set().lint(&frameworks, None).iter().map(|lint| format!("{} [{}]", lint.problem, lint.check)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn cases_notice_nearly_every_small_mistake() {
    let results = rule_set().run_mutations();
    let killed: usize = results.iter().map(|result| result.killed).sum();
    let survivors: Vec<String> =
        results.iter().flat_map(|result| &result.survivors).map(|mutant| mutant.problem.to_string()).collect();
    assert!(killed > 1_000, "only {killed} mistakes were noticed");
    assert!(score(killed, survivors.len()) >= 95, "{killed} noticed, not noticed:\n{}", survivors.join("\n"));
    let declared: usize = results.iter().map(|result| result.equivalent.len()).sum();
    assert!(declared * 50 <= killed, "{declared} mistakes are said to change nothing");
}

/// Rules share no parameters, so what several of them must agree on, such as how a machine is named, is written in each.
#[test]
fn a_parameter_has_the_same_default_in_every_rule() {
    let mut seen: BTreeMap<String, (String, serde_json::Value)> = BTreeMap::new();
    for rule in rule_set().rules() {
        for param in rule.params() {
            let (id, default) = (rule.id().as_str().to_owned(), param.default.value.to_json());
            let first = seen.entry(param.name.value.clone()).or_insert_with(|| (id.clone(), default.clone()));
            assert_eq!(first.1, default, "`{}` differs between {} and {id}", param.name.value, first.0);
        }
    }
    assert!(seen.contains_key("machine_names"));
}

#[test]
fn a_remedy_fits_into_the_morning_view() {
    for rule in rule_set().summaries() {
        assert!(rule.remedy.chars().count() < 90, "{}: {}", rule.id, rule.remedy);
    }
}
