//! When entries, phases and overrides count, once the organization's time zone is known.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use mixaccess_model::FileIndex;
use rayon::prelude::*;

use crate::codes;
use crate::declaration::{Access, Collaborator, Phase, Terms};
use crate::declared::Declared;
use crate::diagnostic::{Diagnostic, Span, file_name};
use crate::time::{BadInstant, Moment, Window, Written};

/// Sets every window, and reports those that end before they begin.
pub(super) fn set(declared: &mut Declared, zone: &TimeZone, files: &[Arc<str>]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for profile in &mut declared.profiles {
        let windows = Windows { zone, files, file: profile.file };
        windows.access(&mut profile.access, &mut problems);
    }
    for team in declared.teams.iter_mut().flatten() {
        Windows { zone, files, file: team.file }.access(&mut team.access, &mut problems);
    }
    for account in declared.service_accounts.iter_mut().flatten() {
        let windows = Windows { zone, files, file: account.file };
        windows.access(&mut account.access, &mut problems);
        account.expires_at = account.expires.and_then(|one| windows.expiry(one, &mut problems));
    }
    if let Some(policy) = &mut declared.policy {
        let windows = Windows { zone, files, file: policy.file };
        for one in &mut policy.overrides {
            one.last = windows.last(one.until, &mut problems);
        }
    }
    let people: Vec<Diagnostic> = declared
        .collaborators
        .par_iter_mut()
        .with_min_len(64)
        .flat_map_iter(|one| {
            let mut problems = Vec::new();
            Windows { zone, files, file: one.file }.collaborator(one, &mut problems);
            problems
        })
        .collect();
    problems.extend(people);
    problems
}

struct Windows<'a> {
    zone: &'a TimeZone,
    files: &'a [Arc<str>],
    file: FileIndex,
}

impl Windows<'_> {
    fn collaborator(&self, one: &mut Collaborator, problems: &mut Vec<Diagnostic>) {
        self.access(&mut one.access, problems);
        for phase in &mut one.phases {
            self.access(&mut phase.access, problems);
            let from = self.instant(phase.from.written.start(self.zone), phase.from.span, problems);
            phase.window = Window { from: from.unwrap_or(Timestamp::MIN), end: Timestamp::MAX };
        }
        end_phases(&mut one.phases);
    }

    fn access(&self, access: &mut Access, problems: &mut Vec<Diagnostic>) {
        if let Some(terms) = access.organization_role.as_mut().and_then(|one| one.terms.as_mut()) {
            self.terms(terms, problems);
        }
        for terms in access.entries.iter_mut().filter_map(|entry| entry.terms.as_mut()) {
            self.terms(terms, problems);
        }
    }

    fn terms(&self, terms: &mut Terms, problems: &mut Vec<Diagnostic>) {
        let from = terms
            .from
            .and_then(|one| self.instant(one.written.start(self.zone), one.span, problems));
        let end = terms
            .until
            .and_then(|one| self.instant(one.written.end(self.zone), one.span, problems));
        terms.window =
            Window { from: from.unwrap_or(Timestamp::MIN), end: end.unwrap_or(Timestamp::MAX) };
        if let (Some(from), Some(until)) = (terms.from, terms.until)
            && terms.window.is_empty()
        {
            let file = file_name(self.files, self.file);
            problems.push(
                Diagnostic::new(codes::UNTIL_BEFORE_FROM, "`until` is before `from`")
                    .at(until.span.label(&file, "ends here"))
                    .and(from.span.label(&file, "begins here"))
                    .hint("Exchange them, or correct the year."),
            );
            terms.window = Window::ALWAYS;
        }
    }

    fn instant(
        &self,
        instant: Result<Timestamp, BadInstant>,
        span: Span,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Timestamp> {
        instant
            .map_err(|error| {
                let file = file_name(self.files, self.file);
                let diagnostic = Diagnostic::new(codes::BAD_DATE, error.to_string());
                problems.push(diagnostic.at(span.label(&file, "")).hint(error.hint()));
            })
            .ok()
    }

    /// When the credentials of a service account stop working: of a day when it is over. The service
    /// keeps whole seconds (`SERVICE.md`, "Service accounts").
    fn expiry(&self, expires: Moment, problems: &mut Vec<Diagnostic>) -> Option<Timestamp> {
        let at = self.instant(expires.written.end(self.zone), expires.span, problems)?;
        if at.subsec_nanosecond() != 0 {
            let file = file_name(self.files, self.file);
            problems.push(
                Diagnostic::new(codes::BAD_DATE, "a service account expires at a whole second")
                    .at(expires.span.label(&file, ""))
                    .hint("Leave out the fraction of the second."),
            );
        }
        Some(at)
    }

    /// The last instant that is meant: of a day its last nanosecond.
    fn last(&self, until: Moment, problems: &mut Vec<Diagnostic>) -> Timestamp {
        let end = self.instant(until.written.end(self.zone), until.span, problems);
        let end = end.unwrap_or(Timestamp::MAX);
        match until.written {
            Written::Date(_) => end.checked_sub(1.nanosecond()).unwrap_or(end),
            Written::Local(_) | Written::Instant(_) => end,
        }
    }
}

/// A phase ends where the next one begins; of several that begin together the last one written counts.
fn end_phases(phases: &mut [Phase]) {
    let mut order: Vec<usize> = (0..phases.len()).collect();
    order.sort_by_key(|at| (phases.get(*at).map(|phase| phase.window.from), *at));
    for pair in order.windows(2) {
        let &[this, next] = pair else { continue };
        let Some(end) = phases.get(next).map(|phase| phase.window.from) else { continue };
        if let Some(phase) = phases.get_mut(this) {
            phase.window.end = end;
        }
    }
}
