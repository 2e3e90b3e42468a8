//! Ctrl-C, termination and the end of the terminal: what is in flight finishes, nothing new starts.

use mixaccess_applier::{CancelToken, cancellation};

use crate::console::Console;

/// Does work that stops when the process is asked to. From the beginning on no such request ends the
/// process by itself.
pub(super) async fn stoppable<T>(work: impl AsyncFnOnce(&CancelToken) -> T) -> T {
    let (cancel, token) = cancellation();
    let mut requests = StopRequests::listen();
    let listening = tokio::spawn(async move {
        requests.next().await;
        Console::raw_stderr("\nStopping: what is in flight finishes, nothing new starts.\n");
        cancel.cancel();
        loop {
            requests.next().await;
            Console::raw_stderr(
                "\nStill finishing what is in flight, so that the journal stays true.\n",
            );
        }
    });
    let done = work(&token).await;
    listening.abort();
    done
}

/// The requests to stop, from when one began to listen.
#[cfg(unix)]
pub(super) struct StopRequests {
    signals: Vec<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl StopRequests {
    /// Begins to listen. Within a runtime.
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !is_hangup_ignored() {
            kinds.push(SignalKind::hangup());
        }
        // One that cannot be listened to ends the process as it always did.
        Self { signals: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
    }

    /// Returns at the next one.
    pub(super) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let mut signals = self.signals.iter_mut();
            if signals.any(|signal| signal.poll_recv(context).is_ready()) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    }
}

/// Whether whoever started us wants us to outlive the terminal, as `nohup` does.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    const HANGUP: u64 = 1;
    let ignored = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    ignored.is_some_and(|mask| mask & HANGUP != 0)
}

/// The requests to stop, from when one began to listen.
#[cfg(not(unix))]
pub(super) struct StopRequests;

#[cfg(not(unix))]
impl StopRequests {
    /// Begins to listen.
    pub(super) fn listen() -> Self {
        Self
    }

    /// Returns at the next one.
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
