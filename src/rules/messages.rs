//! What people read who made a mistake in a rule: the whole text, one test for each sort of mistake.

use super::*;

fn told(scope: &str, require: &str) -> String {
    let text = format!(
        "id: r\nversion: 1\ntitle: T\nseverity: low\napplies_to: credential\n{scope}require: {require}\nmessage: M\n\
         why: W\nfix: F\nverify: V\ncases:\n  - {{ name: a, given: {{ form: api-token }}, expect: pass }}\n  \
         - {{ name: b, given: {{ form: api-token }}, expect: fail }}\n"
    );
    let file = SourceText::new("rules/r.yaml", &text);
    match RuleSet::load(&[file], &[], &Overrides::default()) {
        Ok(_) => panic!("nothing was wrong"),
        Err(problems) => problems.0.iter().map(|problem| problem.render(false)).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn show() {
    for require in [
        "credential.expire_at != null",
        "credentail.status == 'active'",
        "status == 'active'",
        "credential.owner.status == 'active'",
        "credential.status == 3",
        "credential.created_at != null && credential.created_at > 3",
        "credential.status",
        "owner.is_admin && days_until(credential.expires_at) > 30",
        "credential.form == 'api-tokn'",
        "credential.form in ['api-token', 'oauth']",
        "day_until(credential.expires_at) > 30",
        "size(credential.scopes, 1) > 3",
        "credential.name.matches('(unclosed')",
        "credential.name.matches(owner.name)",
        "credential.status = 'active'",
        "credential.status == 'active' and owner.mfa",
        "credential.status == 'active' &&",
        "(credential.status == 'active'",
        "credential.status == \"active",
        "params.max > 3",
        "credential.scopes.contains('x')",
        "'x' in credential.name",
        "credential.status != null",
        "has(credential.expires_at)",
        "credential.scopes == []",
        "owner.is_admin ? true : false",
        "credential.scopes.exists(s, s.startWith('a') || t == 3)",
        "credential.status < 'b'",
        "owner == null",
        "credential.scopez.all(s, credential.statuss == 'a') && 3",
        "before.status == 'x'",
        "!credential.nme",
        "credential.status == 'aä' && credential.statuss == 'b'",
        "'aä' in ['ö', 3] && ownr.name == 'ü'",
        "[1].exists(x, true)",
        "1.5 > 2",
        "credential.created_at",
        "credential.status @ 3",
    ] {
        let q = if require.contains('"') { require.to_owned() } else { format!("\"{require}\"") };
        println!("{}\n", told("", &q));
    }
    println!(
        "{}\n",
        told(
            "scope: credential.status == 'a'\n",
            ">-\n  owner.is_admin ||\n  credential.last_used_at >\n    credential.expires_at\n"
        )
    );
    println!(
        "{}\n",
        told(
            "scope: credential.status == 'a'\n",
            "credential.status == 'x'\nparams: { days: { type: int, default: 3, about: x }, p: { type: regex, default: '(', about: x } }\n"
        )
    );
}
