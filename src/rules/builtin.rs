//! The rules, catalogues and packs inside the binary. The build lists `rules/**/*.yaml`, so a new file needs no registration.

use crate::problem::SourceText;

// Defines `FILES: &[(&str, &str)]`: name from the top of the repository, and text; sorted by name.
include!(concat!(env!("OUT_DIR"), "/rule_files.rs"));

/// The shipped rule files.
#[must_use]
pub fn rules() -> Vec<SourceText> {
    texts(|name| !is_framework(name) && !is_pack(name))
}

/// True if a rule of this id is shipped.
#[must_use]
pub fn ships(id: &str) -> bool {
    let rules = FILES.iter().map(|(name, _)| *name).filter(|name| !is_framework(name) && !is_pack(name));
    rules.filter_map(|name| name.rsplit('/').next()?.strip_suffix(".yaml")).any(|stem| stem == id)
}

/// The shipped packs.
#[must_use]
pub fn packs() -> Vec<SourceText> {
    texts(is_pack)
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

fn is_pack(name: &str) -> bool {
    name.starts_with("rules/packs/")
}
