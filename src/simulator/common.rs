//! What the sandbox has in common with its organisation: held once, however many people there are.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A value that clones share until one of them is changed.
#[derive(Debug, Default)]
pub(super) struct Common<T>(Arc<T>);

impl<T> Clone for Common<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Common<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Common<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T> From<T> for Common<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}
