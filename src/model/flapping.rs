//! What goes back and forth: turns so many that each single one says little.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::ResourceId;

/// Something that turned often of late: a finding that opened and was over again, or a field that left a value and came
/// back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flapping {
    /// Its turns within [`Flapping::WINDOW`].
    pub turns: usize,
    /// The first of them.
    pub since: DateTime<Utc>,
    /// The last of them.
    pub last: DateTime<Utc>,
}

impl Flapping {
    /// So many turns within the window are back and forth: there and gone twice.
    pub const TURNS: usize = 4;
    /// How far back turns count.
    pub const WINDOW: TimeDelta = TimeDelta::days(14);

    /// What the turns of one thing come to at a moment; `None` if they are too few or too old. The order of the turns does
    /// not matter; those after the moment do not count.
    #[must_use]
    pub fn of(turns: impl IntoIterator<Item = DateTime<Utc>>, now: DateTime<Utc>) -> Option<Self> {
        let within = turns.into_iter().filter(|turn| *turn <= now && now - *turn <= Self::WINDOW);
        let counted = within.fold(None, |so_far: Option<Self>, turn| match so_far {
            None => Some(Self { turns: 1, since: turn, last: turn }),
            Some(so_far) => {
                Some(Self { turns: so_far.turns + 1, since: so_far.since.min(turn), last: so_far.last.max(turn) })
            }
        });
        counted.filter(|flapping| flapping.turns >= Self::TURNS)
    }
}

/// A resource that comes and goes, or one of its fields that leaves a value and comes back to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlappingChange {
    /// The resource.
    pub resource: ResourceId,
    /// Its name when it was seen last.
    pub name: String,
    /// The field; `None` if the whole resource comes and goes.
    pub field: Option<String>,
    /// How often, and since when.
    pub flapping: Flapping,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        "2026-11-01T02:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(day)
    }

    #[test]
    fn four_turns_in_a_fortnight_are_back_and_forth() {
        let turns = [day(3), day(0), day(2), day(1)];
        let flapping = Flapping::of(turns, day(4)).unwrap();
        assert_eq!((flapping.turns, flapping.since, flapping.last), (4, day(0), day(3)));
        assert_eq!(Flapping::of(turns, day(14)).unwrap().turns, 4, "the fourteenth day still counts");
        assert_eq!(Flapping::of(turns, day(15)), None, "then the first is too old");
        assert_eq!(Flapping::of(turns, day(2)), None, "what comes later does not count");
        assert_eq!(Flapping::of([], day(0)), None);
    }
}
