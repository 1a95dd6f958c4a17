//! Versions and editions, on which it depends what a product answers.

use super::super::endpoints::Host;

/// What is licensed. A few things are for Data Center alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Edition {
    /// One machine, as it was sold until 2024.
    Server,
    /// Several machines.
    #[default]
    DataCenter,
}

/// A version of a product.
#[derive(Debug, Clone, Default)]
pub(crate) struct Release {
    numbers: [u64; 3],
    pub(crate) edition: Edition,
}

/// The last release of each line that is asked for without it.
const LATEST: &[([u64; 2], u64)] = &[
    ([7, 19], 30),
    ([7, 21], 23),
    ([8, 5], 31),
    ([8, 19], 9),
    ([8, 20], 30),
    ([9, 2], 9),
    ([9, 4], 6),
    ([9, 12], 25),
    ([10, 2], 14),
    ([10, 3], 24),
    ([11, 2], 1),
];

impl Release {
    /// Reads a version such as `10.3` or `9.12.4`.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let numbers: Vec<u64> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        let (major, minor) = (*numbers.first()?, *numbers.get(1)?);
        let latest = LATEST.iter().find(|(line, _)| *line == [major, minor]).map_or(0, |(_, latest)| *latest);
        let patch = numbers.get(2).copied().unwrap_or(latest);
        Some(Self { numbers: [major, minor, patch], edition: Edition::default() })
    }

    pub(crate) fn numbers(&self) -> [u64; 3] {
        self.numbers
    }

    pub(crate) fn text(&self) -> String {
        let [major, minor, patch] = self.numbers;
        format!("{major}.{minor}.{patch}")
    }

    /// Something that grows with the version, as build numbers do.
    pub(crate) fn build(&self) -> u64 {
        let [major, minor, patch] = self.numbers;
        major * 100_000 + minor * 1000 + patch
    }

    /// Whether it is this version or a later one.
    pub(crate) fn since(&self, major: u64, minor: u64) -> bool {
        self.numbers >= [major, minor, 0]
    }

    pub(crate) fn is_data_center(&self) -> bool {
        self.edition == Edition::DataCenter
    }

    /// Whether the product has personal access tokens.
    pub(crate) fn has_tokens(&self, host: Host) -> bool {
        match host {
            Host::ConfluenceDc => self.since(7, 9),
            Host::BitbucketDc => self.since(5, 5),
            Host::Align => true,
            _ => self.since(8, 14),
        }
    }
}
