//! The keys that channels over HTTP have in common in their sections: `ca_file`, `proxy`, `timeout_seconds` (of one request,
//! at most the house's patience) and `allow_http: true`, without which messages leave this machine encrypted only.

use std::path::PathBuf;
use std::time::Duration;

use super::Tools;
use crate::document::{Located, Section, secrets};
use crate::http::{HttpError, OutletSettings};

/// The longest time-out that makes sense, in seconds.
const LONGEST_TIMEOUT: u32 = 3600;

/// Reads how to get to the other side. Mistakes are noted in the section.
pub(super) fn outlet(section: &mut Section, tools: &Tools) -> OutletSettings {
    let own = section.get::<String>("ca_file").map(PathBuf::from);
    OutletSettings {
        ca_file: own.or_else(|| tools.ca_file.clone()),
        proxy: secrets::address(section, "proxy"),
        timeout: section
            .number("timeout_seconds", LONGEST_TIMEOUT)
            .map_or(tools.patience, |seconds| Duration::from_secs(seconds.into()).min(tools.patience)),
        allow_http: section.get("allow_http").unwrap_or(false),
        clock: tools.clock.clone(),
    }
}

/// What was built from the settings; an error is noted at the key that it stems from most likely.
pub(super) fn built<T>(section: &mut Section, key: &str, part: Result<T, HttpError>) -> Option<T> {
    part.map_err(|error| section.wrong(section.span_of(key), error.to_string(), None)).ok()
}

/// An address that is no secret, without the slash that people leave at its end.
pub(super) fn base_url(section: &mut Section, default: Option<&str>) -> Option<String> {
    let written: Option<Located<String>> = match default {
        Some(default) if !section.has("base_url") => return Some(default.to_owned()),
        Some(_) => section.get("base_url"),
        None => section.need("base_url"),
    };
    written.map(|address| address.value.trim_end_matches('/').to_owned())
}
