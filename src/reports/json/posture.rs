//! How the JSON report tells where the estate stands towards the controls of frameworks.

use serde::Serialize;

use crate::model::{ControlPosture, FindingId, FrameworkPosture, RuleId};
use crate::reports::controls::GIST_NOTE;

#[derive(Serialize)]
pub(in crate::reports) struct V1Framework<'a> {
    id: &'a str,
    title: &'a str,
    version: &'a str,
    gists: &'static str,
    controls: Vec<V1Control<'a>>,
}

#[derive(Serialize)]
struct V1Control<'a> {
    id: &'a str,
    gist: &'a str,
    posture: &'static str,
    rules: Vec<&'a str>,
    judged: usize,
    open_count: usize,
    waived_count: usize,
    open_findings: Vec<&'a str>,
    waived_findings: Vec<&'a str>,
    gaps: &'a [String],
    by_hand: Option<&'a str>,
}

impl<'a> V1Framework<'a> {
    pub(in crate::reports) fn of(posture: &'a FrameworkPosture) -> Self {
        Self {
            id: &posture.id,
            title: &posture.title,
            version: &posture.version,
            gists: GIST_NOTE,
            controls: posture.controls.iter().map(V1Control::of).collect(),
        }
    }
}

impl<'a> V1Control<'a> {
    fn of(control: &'a ControlPosture) -> Self {
        Self {
            id: control.id.as_str(),
            gist: &control.gist,
            posture: control.state.name(),
            rules: control.rules.iter().map(RuleId::as_str).collect(),
            judged: control.judged,
            open_count: control.open.count(),
            waived_count: control.waived.count(),
            open_findings: control.open.first().map(FindingId::as_str).collect(),
            waived_findings: control.waived.first().map(FindingId::as_str).collect(),
            gaps: &control.gaps,
            by_hand: control.by_hand.as_deref(),
        }
    }
}
