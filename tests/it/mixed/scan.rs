//! One scan of everything.

use std::collections::BTreeSet;

use keyroll::model::{Assessment, Kind, What};

use super::everything;
use crate::support::planted::{check_truth, surplus};
use crate::support::pretended::{gaps, open};

fn rules_about(assessment: &Assessment, native: &str) -> BTreeSet<String> {
    open(assessment)
        .filter(|finding| finding.resource.kind() == Kind::Integration && finding.resource.native() == native)
        .map(|finding| finding.rule.as_str().to_owned())
        .collect()
}

fn set(rules: &[&str]) -> BTreeSet<String> {
    rules.iter().map(|rule| (*rule).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_planted_is_found_and_nothing_harmless() {
    let estate = everything().await;
    let outcome = estate.scan().await;
    let assessment = estate.assess();
    assert!(outcome.complete, "{:#?}", gaps(&assessment));
    check_truth(&estate, &assessment, |_| true);
    estate.night();
    let outcome = estate.scan().await;
    let assessment = estate.assess();
    assert!(outcome.complete, "{:#?}", gaps(&assessment));
    check_truth(&estate, &assessment, |_| true);
    assert_eq!(estate.simulator.destroyed(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_declared_is_held_against_what_was_found() {
    let estate = everything().await;
    estate.scan().await;
    let assessment = estate.assess();
    // It is in the group of all users, which plays a part in every project.
    assert_eq!(
        rules_about(&assessment, "kiplot"),
        set(&["integration-exceeds-permissions", "integration-reaches-further"])
    );
    assert_eq!(
        rules_about(&assessment, "align-connector"),
        set(&[
            "integration-account-is-administrator",
            "integration-crosses-environments",
            "integration-lacks-permission",
            "integration-owner-gone",
            "integration-reaches-further",
            "integration-review-overdue",
        ])
    );
    assert_eq!(
        rules_about(&assessment, "old-reports"),
        set(&["integration-account-missing", "integration-project-missing"])
    );
    let leaver = open(&assessment).filter(|finding| finding.resource.native() == "leaver@acme.example");
    assert_eq!(leaver.count(), 0, "who left and has no account is no finding of their own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_comes_with_the_fewest_steps_to_mend_it() {
    let estate = everything().await;
    estate.scan().await;
    let assessment = estate.assess();
    let told = |native: &str| -> String {
        let about = open(&assessment)
            .filter(|finding| finding.resource.kind() == Kind::Integration && finding.resource.native() == native);
        about.map(|finding| finding.message.clone()).collect::<Vec<_>>().join("\n")
    };
    for (native, mended) in [
        ("svc-reports", "take Reporting out of group jira-reporting (nobody else loses anything)"),
        ("svc-tickets", "take Ticket counter out of role Developers of HELP (nobody else loses anything)"),
        ("svc-archive", "take DELETE_ISSUES on permission scheme Operations permissions from Archive (nobody else"),
        ("svc-docs", "take Documents out of group confluence-editors (nobody else loses anything)"),
        ("svc-release", "take PROJECT_WRITE on repository-project:BILL from Release job (nobody else loses anything)"),
        ("svc-release", "grant REPO_READ in repository:BILL/billing-api to Release job anew"),
    ] {
        assert!(told(native).contains(mended), "{native}: {}", told(native));
    }
    for native in ["svc-planning", "svc-status", "svc-notes", "svc-mirror"] {
        assert!(!told(native).contains("To mend it"), "{native}: {}", told(native));
    }
}

/// The rules for tokens of self-hosted products find nothing but what was planted for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_found_was_planted() {
    let estate = everything().await;
    estate.scan().await;
    let assessment = estate.assess();
    let exact = [
        "pat-without-expiry",
        "vendor-token-without-expiry",
        "pat-owner-deactivated",
        "pat-owner-unknown",
        "pat-lives-too-long",
        "pat-idle",
        "integration-on-personal-pat",
        "link-impersonates",
        "link-over-http",
        "link-not-working",
        "incoming-link-administers",
        "public-signup-open",
        "cluster-mixed-versions",
        "licence-ends-soon",
        "version-unsupported",
    ];
    let surplus = surplus(&estate, &assessment, &exact);
    assert!(surplus.is_empty(), "found though never planted: {surplus:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_repeat_changes_nothing() {
    let estate = everything().await;
    estate.scan().await;
    estate.scan().await;
    let assessment = estate.assess();
    let moved: Vec<_> = assessment.changes.iter().filter(|change| change.what != What::NotObserved).collect();
    assert!(moved.is_empty(), "{moved:#?}");
    assert!(assessment.changes.is_empty(), "{:#?}", assessment.changes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_planted_secret_is_kept() {
    let estate = everything().await;
    estate.scan().await;
    let store = std::fs::read(estate.path("keyroll.db")).unwrap();
    let text = String::from_utf8_lossy(&store);
    let secrets = estate.simulator.planted_secrets();
    assert!(secrets.len() > 10, "{} secrets are planted", secrets.len());
    for secret in secrets {
        assert!(!text.contains(&secret), "the store holds {secret}");
    }
}
