//! The rules and catalogues inside the binary. The build lists `rules/**/*.yaml`, so a new file needs no registration.

use crate::problem::SourceText;

// Defines `FILES: &[(&str, &str)]`: name from the top of the repository, and text; sorted by name.
include!(concat!(env!("OUT_DIR"), "/rule_files.rs"));

/// The shipped rule files.
#[must_use]
pub fn rules() -> Vec<SourceText> {
    texts(|name| !is_framework(name))
}

/// The shipped catalogues of controls.
#[must_use]
pub fn frameworks() -> Vec<SourceText> {
    texts(is_framework)
}

fn texts(wanted: impl Fn(&str) -> bool) -> Vec<SourceText> {
    FILES.iter().filter(|(name, _)| wanted(name)).map(|(name, text)| SourceText::new(name, text)).collect()
}

fn is_framework(name: &str) -> bool {
    name.starts_with("rules/frameworks/")
}
