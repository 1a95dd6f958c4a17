//! When to try again, and after how long. Pure decisions: nothing waits here.
//!
//! A burst limit, a server's hiccup and a broken line pass; a used-up quota, a long pause and a refusal do not.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::error::Told;
use super::{HttpError, Limits};

/// A request that brought nothing, and whether it is worth another try.
pub(super) struct Failure {
    pub(super) error: HttpError,
    pub(super) again: Again,
}

/// Whether to send a request once more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// No: the answer would be the same.
    Never,
    /// Yes, after a growing pause of its own, or the one that the server asked for.
    Later(Option<Duration>),
    /// Yes, after a pause that all clients of the tenant keep.
    TenantPauses(Option<Duration>),
    /// Yes, once, after a pause: the answer is final if it comes again.
    Once,
    /// Yes, once, with a new access token.
    WithNewToken,
}

impl Failure {
    pub(super) fn lasting(error: HttpError) -> Self {
        Self { error, again: Again::Never }
    }

    /// A line that broke is worth another try; an answer that is too large is not.
    pub(super) fn lost(error: HttpError) -> Self {
        let passes = matches!(error, HttpError::Broken { .. });
        Self { error, again: if passes { Again::Later(None) } else { Again::Never } }
    }

    /// What an answer with an error status calls for. `message` is what the server said.
    pub(super) fn from_status(
        status: StatusCode,
        headers: &HeaderMap,
        told: Told,
        limits: &Limits,
        now: DateTime<Utc>,
    ) -> Self {
        let Told { message, page } = told;
        let too_long = |asked: Option<Duration>| asked.is_some_and(|pause| pause > limits.longest_pause);
        if status == StatusCode::TOO_MANY_REQUESTS {
            let asked = pause_asked(headers, now, &["retry-after", "ratelimit-reset", "ratelimit-interval-seconds"]);
            let reason = header(headers, "ratelimit-reason");
            let quota = reason.is_some_and(|reason| reason.contains("quota"));
            let again = if quota || too_long(asked) { Again::Never } else { Again::TenantPauses(asked) };
            let error = HttpError::Throttled { message: throttled(reason.filter(|_| quota), asked, message) };
            return Self { error, again };
        }
        // Some servers tell the end of their rate window with every answer: it says nothing about a hiccup.
        let asked = pause_asked(headers, now, &["retry-after"]);
        let passes = status == StatusCode::REQUEST_TIMEOUT || status.is_server_error();
        // What is rehearsed to be withdrawn one day is gone for minutes, and says less than what is gone for good.
        let rehearsed = status == StatusCode::GONE && !message.starts_with("CHANGE-");
        let again = match (passes && !too_long(asked), rehearsed) {
            (true, _) => Again::Later(asked),
            (false, true) => Again::Once,
            (false, false) => Again::Never,
        };
        Self { error: HttpError::from_status(status, message, page), again }
    }
}

impl Limits {
    /// The pause after so many tries: doubled with each, and moved by up to a half either way, so that clients
    /// that failed together do not come back together.
    pub(super) fn backoff(&self, tries: u32) -> Duration {
        let doubled = self.first_pause.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
        let chance = u32::try_from(RandomState::new().build_hasher().finish() % 1000).unwrap_or_default();
        (doubled.saturating_mul(500 + chance) / 1000).min(self.longest_pause)
    }
}

/// A header of a rate limit under any of the names it goes by.
pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let forms = [name.to_owned(), format!("x-{name}"), format!("beta-{name}"), format!("x-beta-{name}")];
    forms.iter().find_map(|form| headers.get(form)?.to_str().ok()).map(str::trim)
}

/// How long it is until the moment in a header: a number of seconds, an epoch in seconds or milliseconds,
/// an ISO-8601 or an HTTP date. A moment that has passed is no time away.
pub(super) fn time_until(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let seconds = match text.parse::<f64>() {
        Ok(span) if span < 1e9 => span,
        Ok(epoch) if epoch < 1e11 => epoch - seconds_of(now),
        Ok(millis) => millis / 1000.0 - seconds_of(now),
        Err(_) => {
            let date = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text)).ok()?;
            seconds_of(date.to_utc()) - seconds_of(now)
        }
    };
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

fn pause_asked(headers: &HeaderMap, now: DateTime<Utc>, names: &[&str]) -> Option<Duration> {
    names.iter().find_map(|name| time_until(header(headers, name)?, now))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into a float until the year 287,000")]
fn seconds_of(moment: DateTime<Utc>) -> f64 {
    moment.timestamp_millis() as f64 / 1000.0
}

fn throttled(quota: Option<&str>, asked: Option<Duration>, message: String) -> String {
    let what = quota.map_or(message, |quota| format!("the quota `{}` is used up", crate::text::harmless(quota)));
    match asked {
        Some(pause) if !pause.is_zero() => format!("{what} (the server asks to wait {} s)", pause.as_secs().max(1)),
        _ => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T02:00:00Z".parse().unwrap()
    }

    fn judged(status: u16, pairs: &[(&'static str, &'static str)]) -> Failure {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let status = StatusCode::from_u16(status).unwrap();
        let told = Told { message: "slow down".to_owned(), page: false };
        Failure::from_status(status, &headers, told, &Limits::default(), now())
    }

    #[test]
    fn a_moment_is_read_in_every_form() {
        let epoch = now().timestamp() + 30;
        let forms =
            ["30", "30.0", "2026-11-22T02:00:30Z", "Sun, 22 Nov 2026 02:00:30 GMT", "2026-11-22T03:00:30+01:00"];
        for form in forms.map(str::to_owned).into_iter().chain([epoch.to_string(), format!("{epoch}000")]) {
            assert_eq!(time_until(&form, now()), Some(Duration::from_secs(30)), "{form}");
        }
        assert_eq!(time_until("2026-11-22T01:00:00Z", now()), Some(Duration::ZERO));
        for nonsense in ["soon", "", "NaN", "1e400"] {
            assert!(time_until(nonsense, now()).is_none_or(|pause| pause.is_zero()), "{nonsense}");
        }
    }

    #[test]
    fn a_burst_is_waited_for_and_a_quota_is_not() {
        let burst = judged(429, &[("Retry-After", "7"), ("RateLimit-Reason", "jira-burst-based")]);
        assert_eq!(burst.again, Again::TenantPauses(Some(Duration::from_secs(7))));
        let beta = judged(429, &[("Beta-Retry-After", "7")]);
        assert_eq!(beta.again, Again::TenantPauses(Some(Duration::from_secs(7))));
        assert_eq!(judged(429, &[]).again, Again::TenantPauses(None));
        // A self-hosted product tells how long its interval is, and may leave out when to come back.
        let bucket = judged(429, &[("X-RateLimit-Remaining", "0"), ("X-RateLimit-Interval-Seconds", "10")]);
        assert_eq!(bucket.again, Again::TenantPauses(Some(Duration::from_secs(10))));
        let told = judged(429, &[("Retry-After", "3"), ("X-RateLimit-Interval-Seconds", "10")]);
        assert_eq!(told.again, Again::TenantPauses(Some(Duration::from_secs(3))));
        for quota in
            [("RateLimit-Reason", "jira-quota-tenant-based"), ("X-Beta-RateLimit-Reason", "jira-quota-global-based")]
        {
            let failure = judged(429, &[("Retry-After", "1"), quota]);
            assert_eq!(failure.again, Again::Never);
            assert!(failure.error.to_string().contains("quota"), "{}", failure.error);
        }
        assert_eq!(judged(429, &[("X-RateLimit-Reset", "2026-11-22T03:00:00Z")]).again, Again::Never);
    }

    #[test]
    fn a_refusal_is_final_and_a_hiccup_is_not() {
        for status in [400, 401, 402, 403, 404, 422] {
            assert_eq!(judged(status, &[]).again, Again::Never, "{status}");
        }
        assert_eq!(judged(410, &[]).again, Again::Once);
        let (gone, message) = (StatusCode::GONE, "CHANGE-2770: use another".to_owned());
        let told = Told { message, page: false };
        let withdrawn = Failure::from_status(gone, &HeaderMap::new(), told, &Limits::default(), now());
        assert_eq!(withdrawn.again, Again::Never);
        for status in [408, 500, 502, 503, 504] {
            assert_eq!(judged(status, &[]).again, Again::Later(None), "{status}");
        }
        assert_eq!(judged(503, &[("Retry-After", "3600")]).again, Again::Never);
    }

    #[test]
    fn pauses_grow_but_never_past_the_longest() {
        let limits = Limits::default();
        assert!(limits.backoff(1) >= limits.first_pause / 2 && limits.backoff(1) < limits.first_pause * 3 / 2);
        assert!(limits.backoff(3) >= limits.first_pause * 2);
        assert!(limits.backoff(40) <= limits.longest_pause);
    }
}
