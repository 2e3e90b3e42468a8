//! Handing over the secret of a new service account, which the service tells once.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use mixaccess_model::printable;
use secrecy::{ExposeSecret as _, SecretString};

/// Most characters of what a sink says that are repeated.
const MAX_SAID: usize = 300;

/// What a delivery gives: nothing, or why it failed, as a fragment.
pub type Delivery<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// The place that the user named for the secrets of new service accounts.
///
/// A delivery that fails makes the apply delete the account again.
pub trait SecretSink: Send + Sync {
    /// Asked once before anything is sent, with the accounts that this run is going to create, and only
    /// when there are any. A place that is always ready needs no answer of its own.
    ///
    /// # Errors
    /// Why it could not take one of the secrets, as a fragment; the apply is refused then.
    fn prepare(&self, usernames: &[&str]) -> Result<(), String> {
        let _ = usernames;
        Ok(())
    }

    /// Takes the secret of one account; once this gives `Ok`, it is kept.
    fn deliver<'a>(&'a self, username: &'a str, secret: &'a SecretString) -> Delivery<'a>;
}

impl fmt::Debug for dyn SecretSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretSink")
    }
}

/// Delivers, and makes what a failure says safe: one line, bounded, without the secret itself, which a
/// command may well repeat.
pub(crate) async fn deliver(
    sink: &dyn SecretSink,
    username: &str,
    secret: &SecretString,
) -> Result<(), String> {
    let said = match sink.deliver(username, secret).await {
        Ok(()) => return Ok(()),
        Err(said) => said,
    };
    let hidden = secret.expose_secret();
    let said = if hidden.is_empty() { said } else { said.replace(hidden, "(the secret)") };
    Err(bounded(&said))
}

/// Makes a place ready for the secrets of some accounts; what a failure says is one line, and bounded.
pub(crate) fn prepare(sink: &dyn SecretSink, usernames: &[&str]) -> Result<(), String> {
    sink.prepare(usernames).map_err(|said| bounded(&said))
}

fn bounded(said: &str) -> String {
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = words.chars().take(MAX_SAID).collect::<String>();
    printable(&short).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tells(&'static str);

    impl SecretSink for Tells {
        fn deliver<'a>(&'a self, _: &'a str, _: &'a SecretString) -> Delivery<'a> {
            Box::pin(async { Err(self.0.to_owned()) })
        }
    }

    #[tokio::test]
    async fn what_a_sink_says_never_holds_the_secret_and_never_reaches_a_terminal_raw() {
        let secret = SecretString::from("s3cr3t");
        for (said, expected) in [
            ("no room", "no room"),
            ("vault: 's3cr3t' is too\n  short", "vault: '(the secret)' is too short"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
        ] {
            assert_eq!(deliver(&Tells(said), "etl", &secret).await, Err(expected.to_owned()));
        }
        let long = "x".repeat(10_000).leak();
        assert_eq!(deliver(&Tells(long), "etl", &secret).await.unwrap_err().len(), MAX_SAID);
    }
}
