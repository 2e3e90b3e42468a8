//! Handing over the secret of a new service account, which the service tells once.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mixaccess_model::{Digest, printable};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// Most characters of what a sink says that are repeated.
const MAX_SAID: usize = 300;

/// What a delivery gives: nothing, or why it failed, as a fragment.
pub type Delivery<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// What tells a secret again without holding it: a digest over it and what stood before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretMark {
    salt: String,
    digest: Digest,
}

impl SecretMark {
    /// Marks a secret. The salt is for this one hand-over, so that marks of different runs tell nothing
    /// of each other.
    pub fn new(secret: &SecretString, salt: String) -> Self {
        let digest = Self::digest(&salt, secret);
        Self { salt, digest }
    }

    /// Whether something is the secret that was marked.
    pub fn marks(&self, secret: &SecretString) -> bool {
        Self::digest(&self.salt, secret) == self.digest
    }

    fn digest(salt: &str, secret: &SecretString) -> Digest {
        // Wiped when it is dropped, as the secret itself.
        let salted = SecretString::from(format!("{salt}\n{}", secret.expose_secret()));
        Digest::of_bytes(salted.expose_secret().as_bytes())
    }
}

/// A service account whose secret is going to be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited<'a> {
    /// Its name.
    pub username: &'a str,
    /// The secrets of it that earlier runs of the same plan handed over, or were about to: the accounts
    /// they were of are gone once another is made, and what is found of them may be replaced then.
    pub earlier: &'a [SecretMark],
}

impl<'a> Awaited<'a> {
    pub(crate) fn of(
        username: &'a Arc<str>,
        handed_over: &'a BTreeMap<Arc<str>, Vec<SecretMark>>,
    ) -> Self {
        let earlier = handed_over.get(username).map(Vec::as_slice).unwrap_or_default();
        Self { username, earlier }
    }
}

/// The place that the user named for the secrets of new service accounts.
///
/// A delivery that fails makes the apply delete the account again.
pub trait SecretSink: Send + Sync {
    /// Asked once before anything is sent, with the accounts that this run is going to create, and only
    /// when there are any. Takes nothing away. A place that is always ready needs no answer of its own.
    ///
    /// # Errors
    /// Why it could not take one of the secrets, as a fragment; the apply is refused then.
    fn prepare(&self, awaited: &[Awaited<'_>]) -> Result<(), String> {
        let _ = awaited;
        Ok(())
    }

    /// Takes the secret of one account; once this gives `Ok`, it is kept.
    fn deliver<'a>(&'a self, awaited: Awaited<'a>, secret: &'a SecretString) -> Delivery<'a>;
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
    awaited: Awaited<'_>,
    secret: &SecretString,
) -> Result<(), String> {
    let said = match sink.deliver(awaited, secret).await {
        Ok(()) => return Ok(()),
        Err(said) => said,
    };
    let hidden = secret.expose_secret();
    let said = if hidden.is_empty() { said } else { said.replace(hidden, "(the secret)") };
    Err(bounded(&said))
}

/// Makes a place ready for the secrets of some accounts; what a failure says is one line, and bounded.
pub(crate) fn prepare(sink: &dyn SecretSink, awaited: &[Awaited<'_>]) -> Result<(), String> {
    sink.prepare(awaited).map_err(|said| bounded(&said))
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
        fn deliver<'a>(&'a self, _: Awaited<'a>, _: &'a SecretString) -> Delivery<'a> {
            Box::pin(async { Err(self.0.to_owned()) })
        }
    }

    #[tokio::test]
    async fn what_a_sink_says_never_holds_the_secret_and_never_reaches_a_terminal_raw() {
        let secret = SecretString::from("s3cr3t");
        let etl = Awaited { username: "etl", earlier: &[] };
        for (said, expected) in [
            ("no room", "no room"),
            ("vault: 's3cr3t' is too\n  short", "vault: '(the secret)' is too short"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
        ] {
            assert_eq!(deliver(&Tells(said), etl, &secret).await, Err(expected.to_owned()));
        }
        let long = "x".repeat(10_000).leak();
        assert_eq!(deliver(&Tells(long), etl, &secret).await.unwrap_err().len(), MAX_SAID);
    }

    #[test]
    fn a_mark_tells_its_secret_and_nothing_else() {
        let secret = SecretString::from("s3cr3t");
        let mark = SecretMark::new(&secret, "run 1".to_owned());
        assert!(mark.marks(&secret));
        for other in ["", "s3cr3", "s3cr3t\n", "S3cr3t"] {
            assert!(!mark.marks(&SecretString::from(other)), "{other:?}");
        }
        let again = SecretMark::new(&secret, "run 2".to_owned());
        assert_ne!(again.digest, mark.digest);
        let text = serde_json::to_string(&mark).unwrap();
        assert!(!text.contains("s3cr3t"), "{text}");
        assert_eq!(serde_json::from_str::<SecretMark>(&text).unwrap(), mark);
    }
}
