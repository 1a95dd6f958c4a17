//! Access reviews: begin one from a stored scan, read in what reviewers sent back, tell how far it got.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::{AppError, Refused};
use crate::clock::Clock;
use crate::document::sheet::Sheet;
use crate::inventory::Inventory;
use crate::inventory::detector::Knowledge;
use crate::model::{
    Assessment, DecidedAccess, LeftOut, Review, ReviewDecision, ReviewRow, ReviewScope, ReviewedAccess,
    RevocationState, Snapshot, SnapshotHead, SnapshotId,
};
use crate::review::{self, Asked, Imported, Returned, Standing};
use crate::store::Store;
use crate::text::did_you_mean;

/// What a review is to be about.
#[derive(Debug, Clone)]
pub struct StartRequest {
    /// Its name.
    pub name: String,
    /// The scan to make it from; the latest one if none is named.
    pub snapshot: Option<SnapshotId>,
    /// Whose access.
    pub scope: ReviewScope,
    /// The reviewers it is limited to; all if none is named.
    pub only: Vec<String>,
    /// The last day for decisions.
    pub due: Option<NaiveDate>,
    /// Who begins it.
    pub by: String,
    /// True if nobody may decide on their own access.
    pub refuses_self_review: bool,
}

/// Makes a review and its rows; nothing is stored yet.
///
/// # Errors
/// When the name will not do or is taken, there is no such scan, or nobody of that name answers for anything.
pub fn prepare_review(
    store: &Store,
    knowledge: &Knowledge,
    clock: &dyn Clock,
    ask: &StartRequest,
) -> Result<(Review, Vec<ReviewRow>), AppError> {
    review::check_name(&ask.name)
        .map_err(|help| Refused::new(format!("`{}` is no name for a review", ask.name), help))?;
    if store.reviews()?.iter().any(|review| review.name == ask.name) {
        return Err(taken(&ask.name).into());
    }
    let now = clock.now();
    if let Some(due) = ask.due.filter(|due| *due < now.date_naive()) {
        return Err(Refused::new(
            format!("the last day for decisions, {due}, is over"),
            "name a day to come with `--due`",
        )
        .into());
    }
    let head = match ask.snapshot {
        Some(id) => store.head(id)?.ok_or(AppError::NoSuchSnapshot(id))?,
        None => store.latest()?.ok_or(AppError::NoScan)?,
    };
    let snapshot = store.snapshot(head.id)?.ok_or(AppError::NoSuchSnapshot(head.id))?;
    let inventory = Inventory::knowing(&snapshot, knowledge);
    let asked = Asked { review: &ask.name, scope: ask.scope, now: head.ended_at };
    let drawn = review::draw(&inventory, &asked);
    let (rows, mut left_out) = (drawn.rows, drawn.left_out);
    let rows = of_reviewers(rows, &ask.only, &mut left_out)?;
    let mut only = ask.only.clone();
    only.sort_unstable();
    only.dedup();
    let review = Review {
        name: ask.name.clone(),
        snapshot: head.id,
        digest: head.digest,
        taken_at: head.started_at,
        started_at: now,
        started_by: ask.by.clone(),
        due: ask.due,
        scope: ask.scope,
        only,
        refuses_self_review: ask.refuses_self_review,
        accounts: drawn.accounts,
        left_out,
        not_seen: drawn.not_seen,
    };
    Ok((review, rows))
}

fn taken(name: &str) -> Refused {
    Refused::new(
        format!("there is a review `{name}` already"),
        format!("`keyroll review status {name}` tells how far it got; name the new one differently"),
    )
}

/// The rows of some reviewers; what others are asked about is counted.
fn of_reviewers(rows: Vec<ReviewRow>, only: &[String], left_out: &mut Vec<LeftOut>) -> Result<Vec<ReviewRow>, Refused> {
    if only.is_empty() {
        return Ok(rows);
    }
    for wanted in only {
        let mut asked = rows.iter().map(|row| row.asked.as_str());
        if !asked.any(|asked| asked.eq_ignore_ascii_case(wanted)) {
            let near = did_you_mean(wanted, rows.iter().map(|row| row.asked.as_str()));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "begin it without `--owner` to see who is asked".to_owned(),
            };
            return Err(Refused::new(format!("nothing in this scope is asked of `{wanted}`"), help));
        }
    }
    let is_wanted = |row: &ReviewRow| only.iter().any(|wanted| wanted.eq_ignore_ascii_case(&row.asked));
    let (wanted, others): (Vec<ReviewRow>, Vec<ReviewRow>) = rows.into_iter().partition(is_wanted);
    if !others.is_empty() {
        left_out.push(LeftOut { what: "accesses that others are asked about".to_owned(), count: others.len() });
    }
    Ok(wanted)
}

/// Keeps a review that was prepared.
///
/// # Errors
/// When somebody else began one of that name meanwhile, or the store cannot be written.
pub fn begin_review(store: &mut Store, review: &Review, rows: &[ReviewRow]) -> Result<(), AppError> {
    if store.begin_review(review, rows)? { Ok(()) } else { Err(taken(&review.name).into()) }
}

/// Reads in what reviewers sent back: all of it, or nothing.
///
/// # Errors
/// Every mistake in the files; or there is no such review, or the store cannot be used.
pub fn import_review(
    store: &mut Store,
    clock: &dyn Clock,
    name: &str,
    sheets: &[Sheet],
    partial: bool,
) -> Result<Imported, AppError> {
    let review = called(store, name)?;
    let rows = store.review_rows(name)?;
    let decisions = store.review_decisions(name)?;
    let returned = Returned { review: &review, rows: &rows, decisions: &decisions, partial, now: clock.now() };
    let imported = review::import(&returned, sheets)?;
    if !store.record_decisions(name, decisions.len(), &imported.decisions)? {
        let what = format!("somebody else read in files of review `{name}` at the same time");
        return Err(Refused::new(what, "nothing was recorded: read these in once more").into());
    }
    Ok(imported)
}

/// The review of a name.
fn called(store: &Store, name: &str) -> Result<Review, AppError> {
    let reviews = store.reviews()?;
    if let Some(review) = reviews.iter().find(|review| review.name == name) {
        return Ok(review.clone());
    }
    let names: Vec<&str> = reviews.iter().map(|review| review.name.as_str()).collect();
    let help = match did_you_mean(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "begin one with `keyroll review start NAME --by YOU`".to_owned(),
        None => format!("there are {}", names.join(", ")),
    };
    Err(Refused::new(format!("there is no review `{name}`"), help).into())
}

/// All that the store has about one review.
#[derive(Debug)]
pub struct ReviewDossier {
    /// The review.
    pub review: Review,
    /// Its rows.
    pub rows: Vec<ReviewRow>,
    /// Every decision so far.
    pub decisions: Vec<ReviewDecision>,
    /// The decisions of all reviews that are in force.
    pub in_force: Vec<DecidedAccess>,
}

impl ReviewDossier {
    /// Takes a review out of the store.
    ///
    /// # Errors
    /// When there is no such review, or the store cannot be read.
    pub fn open(store: &Store, name: &str, now: DateTime<Utc>) -> Result<Self, AppError> {
        let review = called(store, name)?;
        Ok(Self {
            rows: store.review_rows(name)?,
            decisions: store.review_decisions(name)?,
            in_force: store.decided_access(now)?,
            review,
        })
    }
}

/// Takes up into an assessment how reviews stood after its scan: the last one that had begun, and those before it that were not
/// complete. Of the latest scan, how they stand today.
///
/// # Errors
/// If the store cannot be read.
pub fn read_reviews(store: &Store, assessment: &mut Assessment) -> Result<(), AppError> {
    let is_latest = store.latest()?.is_some_and(|latest| latest.id == assessment.head.id);
    let moment = if is_latest { DateTime::<Utc>::MAX_UTC } else { assessment.head.ended_at };
    let begun: Vec<Review> = store.reviews()?.into_iter().filter(|review| review.started_at <= moment).collect();
    let Some(last) = begun.iter().max_by_key(|review| (review.started_at, &review.name)).cloned() else {
        assessment.reviewed = Some(Vec::new());
        return Ok(());
    };
    let inventory = Inventory::new(&assessment.snapshot);
    let in_force = store.decided_access(moment)?;
    let mut reviewed = Vec::new();
    for review in &begun {
        let rows = store.review_rows(&review.name)?;
        let mut decisions = store.review_decisions(&review.name)?;
        decisions.retain(|decision| decision.recorded_at <= moment);
        let standing = Standing {
            review,
            rows: &rows,
            decisions: &decisions,
            in_force: &in_force,
            latest: Some((&assessment.head, &inventory)),
            now: assessment.head.ended_at,
        };
        let status = review::status(&standing);
        if *review != last && status.is_complete() {
            continue;
        }
        let states: BTreeMap<&str, &RevocationState> =
            status.revocations.iter().map(|one| (one.row.key.as_str(), &one.state)).collect();
        reviewed.extend(status.rows.iter().map(|(row, decision)| ReviewedAccess {
            review: review.clone(),
            row: (*row).clone(),
            decision: decision.cloned(),
            revocation: states.get(row.key.as_str()).map(|state| (*state).clone()),
        }));
    }
    assessment.reviewed = Some(reviewed);
    Ok(())
}

/// The latest scan, with what it saw; none if the store holds none.
///
/// # Errors
/// If the store cannot be read.
pub fn latest_scan(store: &Store) -> Result<Option<(SnapshotHead, Snapshot)>, AppError> {
    Ok(match store.latest()? {
        Some(head) => store.snapshot(head.id)?.map(|snapshot| (head, snapshot)),
        None => None,
    })
}
