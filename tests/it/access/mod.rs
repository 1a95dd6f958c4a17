//! What accounts and credentials may do: the engine against a second, deliberately naive answer on thousands of small
//! estates, whole and with parts refused.

mod estates;
mod naive;
mod properties;
mod regressions;
