//! A pack chooses, the configuration has the last word, and every mistake is told.

use super::{Pack, read_packs};
use crate::document;
use crate::problem::SourceText;
use crate::rules::{Framework, Overrides, RuleSet, builtin, read_frameworks};

fn frameworks() -> Vec<Framework> {
    read_frameworks(&builtin::frameworks()).unwrap()
}

fn pack(text: &str) -> Pack {
    Pack::read(&SourceText::new("rules/packs/mine.yaml", &format!("id: mine\ntitle: T\nabout: A\n{text}")))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn mistakes(text: &str) -> String {
    let file = SourceText::new("mine.yaml", &format!("id: mine\ntitle: T\nabout: A\n{text}"));
    let loaded = Pack::read(&file).and_then(|pack| {
        RuleSet::load(&builtin::rules(), &frameworks(), &Overrides::default().over(Some(pack))).map(|_| ())
    });
    loaded.unwrap_err().to_string()
}

fn load(pack: Pack, set: &str) -> RuleSet {
    let overrides = match set {
        "" => Overrides::default(),
        set => Overrides::read(document::parse(&SourceText::new("keyroll.yaml", set)).unwrap()).unwrap(),
    };
    RuleSet::load(&builtin::rules(), &frameworks(), &overrides.over(Some(pack))).unwrap()
}

fn judging(set: &RuleSet) -> Vec<&str> {
    set.rules().iter().filter(|rule| rule.enabled()).map(|rule| rule.id().as_str()).collect()
}

#[test]
fn the_shipped_packs_load_and_do_what_they_say() {
    let packs = read_packs(&builtin::packs()).unwrap();
    let ids: Vec<&str> = packs.iter().map(|pack| pack.id.as_str()).collect();
    assert_eq!(ids, ["essential", "strict"]);
    let all = RuleSet::load(&builtin::rules(), &frameworks(), &Overrides::default()).unwrap();
    let mut packs = packs.into_iter();
    let (essential, strict) = (load(packs.next().unwrap(), ""), load(packs.next().unwrap(), ""));
    assert!(judging(&essential).len() * 2 < all.rules().len(), "the first week is quiet");
    assert_eq!(judging(&strict), judging(&all));
    assert_eq!(all.off(), []);
    assert_eq!(essential.off().len() + judging(&essential).len(), all.rules().len());
    let life = |set: &RuleSet| set.rule("token-lives-too-long").unwrap().values()["max_life_days"].clone();
    assert_eq!((life(&all), life(&strict)), (365.into(), 90.into()));
}

#[test]
fn what_the_configuration_says_counts_for_more() {
    let chosen =
        || pack("rules: [token-idle]\noverride:\n  token-idle: { severity: high, params: { max_idle_days: 30 } }\n");
    let plain = load(chosen(), "");
    assert_eq!(judging(&plain), ["token-idle"]);
    let own = load(
        chosen(),
        "token-idle: { params: { max_idle_days: 60 } }\ntoken-blocked: { enabled: true }\npat-idle: { severity: info }\n",
    );
    assert_eq!(judging(&own), ["token-blocked", "token-idle"], "a setting alone brings no rule back");
    let idle = own.rule("token-idle").unwrap();
    assert_eq!((idle.values()["max_idle_days"].clone(), idle.summary().severity.name()), (60.into(), "high"));
    assert_eq!(judging(&load(chosen(), "token-idle: { enabled: false }\n")), [] as [&str; 0]);
}

#[test]
fn rules_of_the_user_are_no_matter_of_packs() {
    let chosen = pack("rules: [token-idle]\n");
    assert!(chosen.leaves_out("pat-idle") && !chosen.leaves_out("token-idle"));
    assert!(!chosen.leaves_out("a-rule-of-ours"));
    let but = pack("leave_out: [token-idle]\n");
    assert!(but.leaves_out("token-idle") && !but.leaves_out("pat-idle"));
}

#[test]
fn every_mistake_in_a_pack_is_told_with_its_place() {
    assert_eq!(
        mistakes("rules: [token-idel]\n"),
        "mine.yaml:4:9: there is no rule `token-idel` (did you mean `token-idle`?)"
    );
    assert!(mistakes("rules: [token-idle, token-idle]\n").contains("mine.yaml:4:21: rule `token-idle` comes twice"));
    assert!(mistakes("rules: [pat-idle]\nleave_out: [token-idle]\n").contains("either `rules` or `leave_out`"));
    let idle = "rules: [pat-idle]\noverride:\n  token-idle: { severity: low }\n";
    assert!(mistakes(idle).contains("mine.yaml:6:3: the pack sets something for `token-idle` and leaves it out"));
    let param = "override:\n  token-idle: { params: { max_idle_dais: 3 } }\n";
    assert!(
        mistakes(param).contains("mine.yaml:5:27: the rule has no parameter `max_idle_dais`"),
        "{}",
        mistakes(param)
    );
    assert!(mistakes("override:\n  token-idle: { params: { max_idle_days: 1 } }\n").contains("cannot be 1"));
    assert!(mistakes("override:\n  token-idle: { enabled: false }\n").contains("does not switch `token-idle`"));
    assert!(mistakes("rulez: []\n").contains("unknown key `rulez`"));
    let other = Pack::read(&SourceText::new("yours.yaml", "id: mine\ntitle: T\nabout: A\n")).unwrap_err().to_string();
    assert!(other.contains("is in a file of another name"), "{other}");
}
