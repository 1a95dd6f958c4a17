//! Texts that an estate says again and again: ids of owners and groups, names of endpoints. Where many resources are read, each
//! such text is kept once, however often it is told.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserializer, de};

thread_local! {
    /// The texts that were met so far, while this thread reads many.
    static MET: RefCell<Option<HashSet<Arc<str>>>> = const { RefCell::new(None) };
}

/// Reads many values: whatever is an id in them, or a name of an endpoint, is kept once if it comes again. Holds for this
/// thread, as long as it reads.
pub fn sharing<T>(read: impl FnOnce() -> T) -> T {
    /// Whatever becomes of the reading, nothing is remembered after it.
    struct Reading(Option<HashSet<Arc<str>>>);
    impl Drop for Reading {
        fn drop(&mut self) {
            let before = self.0.take();
            MET.with_borrow_mut(|met| *met = before);
        }
    }
    let _reading = Reading(MET.replace(Some(HashSet::new())));
    read()
}

/// A text, the same one as before if it was met.
pub(super) fn shared(text: &str) -> Arc<str> {
    MET.with_borrow_mut(|met| match met {
        None => text.into(),
        Some(met) => match met.get(text) {
            Some(known) => Arc::clone(known),
            None => {
                let new: Arc<str> = text.into();
                met.insert(Arc::clone(&new));
                new
            }
        },
    })
}

/// Puts the text that was met before in the place of one that says the same.
pub(super) fn share(text: &mut Arc<str>) {
    MET.with_borrow_mut(|met| {
        if let Some(met) = met
            && let Some(known) = met.get(&**text)
        {
            *text = Arc::clone(known);
        } else if let Some(met) = met {
            met.insert(Arc::clone(text));
        }
    });
}

/// Reads a text that may come again.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
    struct Shared;
    impl de::Visitor<'_> for Shared {
        type Value = Arc<str>;

        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Arc<str>, E> {
            Ok(shared(text))
        }
    }
    from.deserialize_str(Shared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Resource, sample};

    #[test]
    fn what_comes_again_is_kept_once_while_many_are_read() {
        let (first, again, other) = sharing(|| (shared("a"), shared("a"), shared("b")));
        assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &other));
        assert!(!Arc::ptr_eq(&first, &shared("a")), "nothing is remembered after the reading");
    }

    #[test]
    fn resources_read_so_are_the_same() {
        for sample in sample::resources() {
            let json = serde_json::to_string(&sample).unwrap();
            let read = sharing(|| serde_json::from_str::<Resource>(&json).unwrap());
            assert_eq!(read, sample);
        }
    }
}
