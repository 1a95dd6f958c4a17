//! The stories in `examples/`, each run from its first command to its last.

use super::console;

#[test]
fn a_security_engineer() {
    console::hold(TRIED[0]);
}

#[test]
fn a_compliance_analyst() {
    console::hold(TRIED[1]);
}

#[test]
fn an_administrator() {
    console::hold(TRIED[2]);
}

/// The stories.
pub(super) const TRIED: &[&str] = &[
    "examples/security-engineer/README.md",
    "examples/compliance-analyst/README.md",
    "examples/administrator/README.md",
];
