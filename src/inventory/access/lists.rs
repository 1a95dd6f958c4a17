//! Lists of permissions. Places share them, ten thousand projects a few hundred, so whoever goes through the places looks at
//! each list once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::Permission;

/// What may be done in a place, or in several: sorted by key, each key once.
pub type List<'a> = Arc<Vec<Permission<'a>>>;

/// What was found out about each list that was met. The lists live longer than this, so that no other comes to lie in the
/// place of one.
pub struct EachOnce<'r, 'a, T> {
    known: HashMap<*const Vec<Permission<'a>>, T, BuildHasherDefault<Address>>,
    lists: std::marker::PhantomData<&'r List<'a>>,
}

impl<'r, 'a, T> EachOnce<'r, 'a, T> {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self { known: HashMap::default(), lists: std::marker::PhantomData }
    }

    /// What is found out about a list, now or before.
    pub fn of(&mut self, list: &'r List<'a>, look: impl FnOnce(&'r [Permission<'a>]) -> T) -> &T {
        self.known.entry(Arc::as_ptr(list)).or_insert_with(|| look(list))
    }
}

impl<T> Default for EachOnce<'_, '_, T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Hashes addresses: nobody from outside chooses them, so there is nothing to guard against.
#[derive(Default)]
struct Address(u64);

impl Hasher for Address {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, byte| sum.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_usize(&mut self, address: usize) {
        // The lowest bits are the same for all, and the table looks at the lowest and the highest.
        self.0 = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(20);
    }
}
