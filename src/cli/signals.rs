//! What the system tells the process: to end, or to read its configuration anew.

use tokio::sync::mpsc;

use crate::daemon::Order;

/// Waits until the process is told to end. False if nobody can tell it.
pub(super) async fn told_to_end() -> bool {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            return false;
        };
        tokio::select! {
            got = term.recv() => got.is_some(),
            got = interrupt.recv() => got.is_some(),
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await.is_ok()
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
