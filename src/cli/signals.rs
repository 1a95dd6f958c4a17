//! What the system tells the process: to end, or to read its configuration anew.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use crate::daemon::Order;

/// Waits until the process is told to end. False if nobody can tell it. It listens from the call on, whenever it is waited for.
pub(super) fn told_to_end() -> impl Future<Output = bool> + Send {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let heard = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        async move {
            let (Ok(mut term), Ok(mut interrupt)) = heard else { return false };
            tokio::select! {
                got = term.recv() => got.is_some(),
                got = interrupt.recv() => got.is_some(),
            }
        }
    }
    #[cfg(not(unix))]
    async {
        tokio::signal::ctrl_c().await.is_ok()
    }
}

/// What becomes true when the process is told to end, for whoever does not wait in a runtime.
pub(super) fn watch_for_end() -> io::Result<Arc<AtomicBool>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let end = {
        let _listening = runtime.enter();
        told_to_end()
    };
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    std::thread::spawn(move || told.store(runtime.block_on(end), Ordering::Relaxed));
    Ok(ended)
}

/// Stops the process, with all that were started together with it, until somebody lets them go on. Where nobody could, it
/// goes on at once.
pub(super) fn stop_for_now() {
    #[cfg(unix)]
    if let Err(error) = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP) {
        tracing::debug!(%error, "the process cannot be stopped");
    }
}

/// Tells another process of ours to end in good order.
pub(super) fn tell_to_end(process: u32) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
        if let Some(Err(error)) = pid.map(|pid| kill_process(pid, Signal::TERM)) {
            tracing::debug!(%error, "a process could not be told to end");
        }
    }
    #[cfg(not(unix))]
    tracing::debug!(process, "a process cannot be told to end here");
}

/// From now on, an interrupt from the keyboard does not end this process: another one that shares the terminal takes it.
pub(super) fn leave_interrupts_to_others() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // Whoever prints may be at home in a runtime already. The handler stays when this one is over.
        let caught = std::thread::spawn(|| super::block_on(async { signal(SignalKind::interrupt()).is_ok() })).join();
        if !caught.unwrap_or(false) {
            tracing::debug!("an interrupt ends keyroll before its pager");
        }
    }
}

/// Passes on what the system tells, until nobody listens any more.
pub(super) fn translate(orders: mpsc::Sender<Order>) {
    let end = orders.clone();
    tokio::spawn(async move {
        if told_to_end().await {
            end.send(Order::End).await.ok();
        }
    });
    #[cfg(unix)]
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        while hangup.recv().await.is_some() && orders.send(Order::Reload).await.is_ok() {}
    });
}
