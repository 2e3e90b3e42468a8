//! From declared and live service accounts to the changes between them.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use mixaccess_model::{
    DesiredGrant, DesiredServiceAccount, Finding, Grant, LiveServiceAccount, NotPlanned,
    NotPlannedKind, ProjectId, ProjectKey, ProjectRole, ReasonKind, State, Subject, SubjectKey,
    Write,
};

use crate::compare::comparer::Comparer;
use crate::compare::draft::{Draft, SubjectDraft};
use crate::compare::person::{annotations_of_whole, keep_reductions};
use crate::compare::unread_row;
use crate::finding::service_account as told;
use crate::order::actor_permission::is_acting_account;

/// What came out of comparing the service accounts.
#[derive(Debug, Default)]
pub(crate) struct AccountComparison {
    pub(crate) drafted: Vec<SubjectDraft>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) not_planned: Vec<NotPlanned>,
}

/// Compares all declared service accounts with the live ones, side by side, both sorted by name;
/// nothing where the files have no `service_accounts:`.
pub(crate) fn compare_service_accounts(comparer: &Comparer<'_>) -> AccountComparison {
    let mut out = AccountComparison::default();
    let Some(declared) = comparer.desired.service_accounts.as_deref() else { return out };
    let Some(live) = comparer.live.service_accounts.as_deref() else {
        out.findings.push(told::unreadable(comparer, declared));
        let why = "declared, and not compared: the service accounts were not read";
        out.not_planned.extend(declared.iter().map(|wanted| told::withheld(wanted, why)));
        return out;
    };
    out.findings.extend(told::unread_projects(comparer.desired, comparer.live));
    let live = by_declared_name(declared, live);
    let mut declared = declared.chunk_by(|a, b| a.username == b.username).peekable();
    let mut live = live.chunk_by(|(a, _), (b, _)| a == b).peekable();
    loop {
        let order = match (declared.peek(), live.peek()) {
            (None, None) => return out,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(wanted), Some(found)) => {
                let wanted = wanted.first().map(|one| &*one.username);
                wanted.cmp(&found.first().map(|(name, _)| *name))
            }
        };
        let wanted = if order.is_le() { declared.next() } else { None };
        let found = if order.is_ge() { live.next() } else { None };
        let again = wanted.and_then(|all| all.get(1..)).unwrap_or_default();
        out.findings.extend(told::declared_twice(comparer.desired, again));
        match (wanted.and_then(<[DesiredServiceAccount]>::first), found) {
            (Some(_), Some(found @ [_, _, ..])) => {
                let finding = told::duplicate(found);
                out.not_planned.extend(finding.as_ref().map(NotPlanned::withheld));
                out.findings.extend(finding);
            }
            (Some(wanted), Some([(_, found)])) => present(comparer, wanted, found, &mut out),
            (Some(wanted), _) => absent(comparer, wanted, &mut out),
            (None, found) => {
                for (_, account) in found.into_iter().flatten() {
                    out.not_planned.push(told::unmanaged(account));
                    out.findings.extend(told::about(comparer, None, account));
                }
            }
        }
    }
}

/// Live accounts with the name that the files know each by, sorted by it: the service may have appended
/// something to the one that an account was created with.
fn by_declared_name<'a>(
    declared: &'a [DesiredServiceAccount],
    live: &'a [LiveServiceAccount],
) -> Vec<(&'a str, &'a LiveServiceAccount)> {
    let is_declared =
        |name: &str| declared.binary_search_by(|one| (*one.username).cmp(name)).is_ok();
    let named = live.iter().map(|account| {
        let spelled = &*account.username;
        let before = account.name_before_suffix().filter(|name| is_declared(name));
        (before.filter(|_| !is_declared(spelled)).unwrap_or(spelled), account)
    });
    let mut named: Vec<_> = named.collect();
    named.sort_by(|(a, one), (b, other)| (a, one.id).cmp(&(b, other.id)));
    named
}

fn absent(comparer: &Comparer<'_>, wanted: &DesiredServiceAccount, out: &mut AccountComparison) {
    if wanted.state != State::Active {
        return;
    }
    if wanted.expires.is_some_and(|expires| expires <= comparer.live.taken_at) {
        out.findings.push(told::expired_before_it_began(comparer.desired, wanted));
        return;
    }
    if let Some(row) = unread_row::of_account(comparer.live, &wanted.username) {
        let what = unread_row::phrase(comparer.desired, comparer.live, row);
        let why = format!("not created, since it may be there already: {what}");
        out.not_planned.push(told::withheld(wanted, why));
        return;
    }
    let is_given = |grant: &&DesiredGrant| grant.role.is_some();
    if let Some(project) =
        wanted.grants.iter().filter(is_given).find_map(|grant| unread(comparer, grant.project))
    {
        let why = format!("not created: the service accounts of project {project} were not read");
        out.not_planned.push(told::withheld(wanted, why));
        return;
    }
    let given = wanted.grants.iter().filter_map(|grant| {
        let role = grant.role.clone()?;
        comparer.desired.project(grant.project)?;
        let project = comparer.names.reference(grant.project);
        Some(((project, role), &grant.cause))
    });
    let (grants, causes): (Vec<_>, Vec<_>) = given.unzip();
    let write = Write::create_service_account(wanted.organization_role, grants, wanted.expires);
    let mut reason = comparer.reason(ReasonKind::Declared, &wanted.cause);
    let organization_role = (wanted.organization_role, &wanted.cause);
    reason.annotations = annotations_of_whole(causes, organization_role);
    let subject = Subject::ServiceAccount { username: Arc::clone(&wanted.username), id: None };
    push(wanted, subject, vec![comparer.draft(write, reason)], out);
    out.findings.extend(told::about_declared(comparer, wanted));
}

fn present(
    comparer: &Comparer<'_>,
    wanted: &DesiredServiceAccount,
    found: &LiveServiceAccount,
    out: &mut AccountComparison,
) {
    let subject =
        Subject::ServiceAccount { username: Arc::clone(&wanted.username), id: Some(found.id) };
    if wanted.state == State::Active {
        out.findings.extend(told::about_declared(comparer, wanted));
        out.findings.extend(told::about(comparer, Some(wanted), found));
        if let Some(project) = first_unread(comparer) {
            let why = format!(
                "what it has in project {project} is unknown: the service accounts were not read"
            );
            out.not_planned.push(told::withheld(wanted, why));
        }
        let mut drafts = roles(comparer, wanted, found);
        withhold_unread(comparer, wanted, found, &mut drafts, out);
        push(wanted, subject, drafts, out);
        return;
    }
    if is_acting_account(&comparer.live.actor, &found.username, Some(found)) {
        out.not_planned.push(NotPlanned {
            kind: NotPlannedKind::Protected,
            subject: Some(subject),
            project: None,
            message: "should be removed, and is left alone: the identity we run as".to_owned(),
        });
        return;
    }
    if let Some(project) = first_unread(comparer) {
        let why = format!(
            "not deleted, since what that takes is unknown: the service accounts of project {project} were not read"
        );
        out.not_planned.push(told::withheld(wanted, why));
        return;
    }
    let key = SubjectKey::ServiceAccount(Arc::clone(&found.username));
    if let Some(row) = unread_row::about(comparer.live, &key) {
        let what = unread_row::phrase(comparer.desired, comparer.live, row);
        let why = format!("not deleted, since what that takes is unknown: {what}");
        out.not_planned.push(told::withheld(wanted, why));
        return;
    }
    let loses = found
        .individual_grants()
        .map(|(project, role)| (comparer.names.reference(project), role.clone()));
    let write = Write::delete_service_account(loses);
    let reason = comparer.reason(ReasonKind::Removed, &wanted.cause);
    push(wanted, subject, vec![comparer.draft(write, reason)], out);
}

/// Drops what would be given to an account of which a row could not be read, or in a project where one
/// may be its own.
fn withhold_unread(
    comparer: &Comparer<'_>,
    wanted: &DesiredServiceAccount,
    found: &LiveServiceAccount,
    drafts: &mut Vec<Draft>,
    out: &mut AccountComparison,
) {
    let live = comparer.live;
    let key = SubjectKey::ServiceAccount(Arc::clone(&found.username));
    let mut withhold = |row, count: usize| {
        let plural = if count == 1 { " is" } else { "s are" };
        let what = unread_row::phrase(comparer.desired, live, row);
        out.not_planned
            .push(told::withheld(wanted, format!("{count} change{plural} withheld: {what}")));
    };
    if let Some(row) = unread_row::about(live, &key) {
        let count = keep_reductions(drafts);
        if count > 0 {
            withhold(row, count);
        }
        return;
    }
    drafts.retain(|draft| {
        let Some((project, _)) = draft.write.granted() else { return true };
        let Some(row) = live.may_hide_role(&key, project.id) else { return true };
        withhold(row, 1);
        false
    });
}

/// The first declared project whose service accounts were not read.
fn first_unread<'c>(comparer: &Comparer<'c>) -> Option<&'c ProjectKey> {
    comparer.desired.projects.iter().find_map(|project| unread(comparer, project.id))
}

/// A declared project that is live and whose service accounts were not read.
fn unread<'c>(comparer: &Comparer<'c>, project: ProjectId) -> Option<&'c ProjectKey> {
    let found = comparer.live.project(project).filter(|found| !found.service_accounts_read)?;
    comparer.desired.project(found.id).map(|declared| &declared.key)
}

fn push(
    wanted: &DesiredServiceAccount,
    subject: Subject,
    drafts: Vec<Draft>,
    out: &mut AccountComparison,
) {
    if !drafts.is_empty() {
        let name = (wanted.key != wanted.username).then(|| Arc::clone(&wanted.key));
        out.drafted.push(SubjectDraft { subject, name, tags: wanted.tags.clone(), drafts });
    }
}

/// Project roles are complete for declared projects, as a collaborator's are.
fn roles(
    comparer: &Comparer<'_>,
    wanted: &DesiredServiceAccount,
    found: &LiveServiceAccount,
) -> Vec<Draft> {
    let mut projects: BTreeSet<ProjectId> =
        wanted.grants.iter().map(|grant| grant.project).collect();
    projects.extend(found.grants.iter().map(|grant| grant.project));
    let mut drafts = Vec::new();
    for project in projects {
        let is_read = comparer.live.project(project).is_some_and(|one| one.service_accounts_read);
        if !is_read || comparer.desired.project(project).is_none() {
            continue;
        }
        let entry = wanted.grants.iter().find(|grant| grant.project == project);
        role(comparer, wanted, found, project, entry, &mut drafts);
    }
    drafts
}

fn role(
    comparer: &Comparer<'_>,
    wanted: &DesiredServiceAccount,
    found: &LiveServiceAccount,
    project: ProjectId,
    entry: Option<&DesiredGrant>,
    drafts: &mut Vec<Draft>,
) {
    let rows: Vec<Grant> =
        found.grants.iter().filter(|grant| grant.project == project).cloned().collect();
    let held = Grant::individual_role(&rows);
    let want = entry.and_then(|grant| grant.role.as_ref());
    let is_met = |want: &ProjectRole| {
        rows.iter().any(|row| !row.source.is_individual() && row.role == *want)
    };
    if held == want || held.is_none() && want.is_some_and(is_met) {
        return;
    }
    let (kind, cause) = entry.map_or((ReasonKind::NotMentioned, &wanted.cause), |grant| {
        (ReasonKind::Declared, &grant.cause)
    });
    let named = comparer.names.reference(project);
    let reason = comparer.reason(kind, cause);
    match (held, want) {
        (None, None) => {}
        (Some(held), None) => {
            let write = Write::revoke(named, held.clone());
            drafts.push(comparer.draft(write, reason));
        }
        (None, Some(want)) => {
            let write = Write::grant(named, want.clone());
            drafts.push(comparer.draft(write, reason));
        }
        // No update verb exists.
        (Some(held), Some(want)) => {
            drafts.extend(Draft::exchange(&named, held, want, &reason, comparer.custom));
        }
    }
}
