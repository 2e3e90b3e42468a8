//! How an apply goes on: a bar on a terminal, lines elsewhere, always on stderr.

use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mixaccess_applier::{InvitationsLeft, Outcome, Progress};
use mixaccess_model::{Change, Subject, printable};
use mixaccess_report::Redaction;

use crate::console::{Console, Loudness};
use crate::wording::invitations_left;

/// Progress on stderr.
#[derive(Debug)]
pub(crate) struct StderrProgress {
    console: Console,
    redaction: Option<Redaction>,
    /// Whether the apply stays until invitations that must wait are sent.
    waits: bool,
    bar: OnceLock<ProgressBar>,
    total: AtomicUsize,
    done: AtomicUsize,
}

impl StderrProgress {
    /// Progress as this console wants it.
    pub(crate) const fn new(console: Console, redaction: Option<Redaction>, waits: bool) -> Self {
        Self {
            console,
            redaction,
            waits,
            bar: OnceLock::new(),
            total: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
        }
    }

    /// Takes the bar away, so that what comes next starts on a clean line.
    pub(crate) fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }

    fn name(&self, subject: &Subject) -> String {
        match (&self.redaction, subject) {
            (Some(redaction), Subject::Person { email, .. }) => redaction.pseudonymize(email),
            (Some(redaction), other) => redaction.text(&other.to_string()),
            (None, other) => other.to_string(),
        }
    }

    fn line(&self, text: &str) {
        match self.bar.get() {
            Some(bar) => bar.suspend(|| self.console.say(text)),
            None => self.console.say(text),
        }
    }

    fn described(&self, change: &Change) -> String {
        let name = self.name(&change.subject);
        let kind = change.kind().replace('_', " ");
        match change.write.project() {
            Some(project) => format!("{name}: {kind} in {}", printable(project.key.as_str())),
            None => format!("{name}: {kind}"),
        }
    }
}

impl Progress for StderrProgress {
    fn started(&self, total: usize) {
        self.total.store(total, Ordering::Relaxed);
        let on_terminal = std::io::stderr().is_terminal();
        if on_terminal && self.console.loudness == Loudness::Normal && total > 0 {
            let length = u64::try_from(total).unwrap_or(u64::MAX);
            let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            let _ = self.bar.set(bar);
        } else {
            let plural = if total == 1 { "" } else { "s" };
            self.console.say(&format!("Applying {total} change{plural}"));
        }
    }

    fn change_started(&self, change: &Change) {
        if let Some(bar) = self.bar.get() {
            bar.set_message(self.described(change));
        }
    }

    fn change_done(&self, change: &Change, outcome: &Outcome) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(bar) = self.bar.get() {
            bar.inc(1);
            if outcome.is_in_place() {
                return;
            }
        }
        let total = self.total.load(Ordering::Relaxed);
        self.line(&format!("[{done}/{total}] {} {}", self.described(change), outcome.as_str()));
    }

    fn invitations_wait(&self, left: &InvitationsLeft) {
        let left = invitations_left(left);
        self.line(&if self.waits { format!("{left}: waiting for it") } else { left });
    }

    fn note(&self, message: &str) {
        let message = match &self.redaction {
            Some(redaction) => redaction.text(message),
            None => message.to_owned(),
        };
        self.line(&printable(&message));
    }
}
