//! The nouns of keyroll: values only, no I/O.
//!
//! What was seen: [`Resource`] (a [`Principal`], [`Group`], [`Credential`], [`Container`], [`Grant`], [`App`],
//! [`Webhook`], [`Automation`], [`Variable`], [`Setting`], [`Integration`] or [`Person`]), each field a [`Fact`]; how completely it was seen:
//! [`LedgerEntry`]; both together: [`Snapshot`].
//! What is said about it: [`Change`], [`Verdict`], [`Finding`], [`Waiver`]; all of it for one report: [`Assessment`]; how two
//! scans differ: [`Drift`]; all that happened to one thing: [`Chronicle`].
//! What would come of a change that nobody made: [`Simulation`]; what a rule would have done: [`Tried`].
//! What people decide on access: [`Review`].

mod app;
mod assessment;
mod automation;
mod census;
mod change;
mod checkup;
mod chronicle;
mod container;
mod control;
mod coverage;
mod credential;
mod drift;
mod earlier;
mod explained;
mod fact;
mod finding;
mod flapping;
mod grant;
mod id;
mod integration;
mod moment;
mod notice;
mod person;
mod posture;
mod principal;
mod reference;
mod resource;
mod review;
mod review_status;
pub mod sample;
mod setting;
mod severity;
mod shared;
mod simulation;
mod snapshot;
mod tenancy;
mod tried;
mod variable;
mod verdict;
mod waiver;
mod webhook;
mod words;

pub use app::{App, AppForm};
pub use assessment::{Assessment, RuleSummary};
pub use automation::Automation;
pub use census::{Census, Counted, FindingCounts, Outline, RuleCensus};
pub use change::{CauseKind, Change, ChangeCause, FieldChange, What};
pub use checkup::{Area, Check, Checkup, Health};
pub use chronicle::{Chronicle, Event, Happening};
pub use container::{Container, ContainerForm};
pub use control::ControlId;
pub use coverage::{Coverage, EndpointState, LedgerEntry, Saw, Watermarks};
pub use credential::{Credential, CredentialForm};
pub use drift::{Drift, FindingsBetween};
pub use earlier::{Earlier, Gathering, Met, Reminding};
pub use explained::{Explained, Missing, Opinion, Part, PartResult, PartRole, PartValue};
pub use fact::Fact;
pub use finding::{Finding, Resolution, Status, Step, Transition, Unconfirmed};
pub use flapping::{Flapping, FlappingChange};
pub use grant::{Grant, GrantForm, Holder};
pub use id::{CauseId, ChannelName, FindingId, NoticeId, ResourceId, RuleId, SnapshotId, SourceName, WaiverId};
pub use integration::{DeclaredAccount, Fingerprints, Integration, Profile};
pub use moment::to_the_second;
pub use notice::{
    Acknowledgement, Action, Delivery, Dispatch, Effect, Expiry, Notice, Outgoing, Run, RunEnd, Thread, Topic,
};
pub use person::Person;
pub use posture::{ControlPosture, FrameworkPosture, PostureState};
pub use principal::{Group, Principal, PrincipalType, Product, ProductActivity, Standing};
pub use reference::AccountName;
pub use resource::{Body, Kind, Resource, Sighting};
pub use review::{
    AccessLevel, DecidedAccess, Decision, LeftOut, NotSeen, Review, ReviewDecision, ReviewRow, ReviewScope, Suggestion,
    Sureness,
};
pub use review_status::{ReviewStatus, ReviewedAccess, ReviewerCount, Revocation, RevocationState};
pub use setting::Setting;
pub use severity::Severity;
pub use shared::sharing;
pub use simulation::{
    Certainty, FreedSeats, Harm, Harmed, Loss, LostPermission, Simulation, Supposed, TalkTo, Turn, TurnedFinding,
    Untold,
};
pub use snapshot::{Baseline, Collection, OffRule, Snapshot, SnapshotHead, add_to_whole};
pub use tenancy::{Delay, Overdue, Tenancy, TenantState, TenantStatus};
pub use tried::{CouldTell, RuleDifference, Tried, TriedNight};
pub use variable::{Variable, VariableLevel};
pub use verdict::{Evaluation, Failure, Outcome, Tally, Unseen, Verdict};
pub use waiver::{Accepted, Lapse, Waiver, WaiverState, WaiverUse};
pub use webhook::Webhook;
pub use words::in_plain_words;
