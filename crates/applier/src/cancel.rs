//! Ctrl-C, as a value: what is in flight finishes, nothing new starts.

use std::time::Duration;

use tokio::sync::watch;

/// The end that asks an apply to stop.
#[derive(Debug)]
pub struct Cancellation(watch::Sender<bool>);

/// The end that an apply listens to.
#[derive(Clone, Debug)]
pub struct CancelToken(watch::Receiver<bool>);

/// Makes both ends.
pub fn cancellation() -> (Cancellation, CancelToken) {
    let (sender, receiver) = watch::channel(false);
    (Cancellation(sender), CancelToken(receiver))
}

impl Cancellation {
    /// Asks the apply to finish what is in flight and to start nothing new.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

impl CancelToken {
    /// A token that nobody cancels.
    pub fn never() -> Self {
        cancellation().1
    }

    /// Whether the apply was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits between two readings, or until the apply is asked to stop: then it gives `false`.
    pub(crate) async fn pause(&self, wait: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.cancelled() => false,
            () = sleep(wait) => true,
        }
    }

    /// Waits until the apply is asked to stop; forever when nobody can ask any more.
    pub async fn cancelled(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|cancelled| *cancelled).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A timer rounds up to a millisecond; no wait at all is none.
async fn sleep(wait: Duration) {
    if wait.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(wait).await;
    }
}
