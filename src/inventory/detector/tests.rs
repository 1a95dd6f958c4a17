//! Each signal, and what only looks like it.
