//! No image of this process is ever written down: neither when it crashes nor because another process asks for its memory,
//! in which there are secrets.

/// Has the system write no core file, and lets no other process of the same user look into the memory. Where the system
/// will not have it, it stays as it was.
pub(super) fn forbid() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        if let Err(error) = setrlimit(Resource::Core, none) {
            tracing::debug!(%error, "core files cannot be forbidden");
        }
    }
    // A system that hands crashes to a program does not ask for the limit.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::debug!(%error, "the memory cannot be closed to others");
    }
}
