//! Pseudonyms for output that the world can read (`--redact`).

mod plan;

use mixaccess_model::{
    Annotations, ChangeId, Email, Finding, Grant, GrantSource, ManualTask, OrganizationId, Pattern,
    Place, Plan, ProjectKey, ProjectRef, Reason, Subject,
};
use sha2::{Digest as _, Sha256};

use crate::explain::{
    ChainEntry, ExplainDeclared, ExplainLive, ExplainProject, ExplainTeam, ExplainView, NextChange,
};
use crate::redact_text::{Lexicon, replace_addresses};
use crate::{Check, Culprit, Culprits};

/// Turns everything that identifies a person into a short stable pseudonym: addresses, names, numbers of
/// members, people who asked or approved, and free text and file names that contain any of these.
///
/// Pseudonyms are digests salted with the organization's number: the same person has the same one in
/// every run and another one in another organization. Whoever can guess an address can check the guess.
#[derive(Clone, Debug)]
pub struct Redaction {
    organization: OrganizationId,
    lexicon: Lexicon,
}

impl Redaction {
    /// Pseudonyms for one organization.
    pub fn new(organization: OrganizationId) -> Self {
        Self { organization, lexicon: Lexicon::default() }
    }

    /// The pseudonym of an address, such as `person-1a2b3c4d`. It does not depend on case.
    pub fn pseudonymize(&self, email: &Email) -> String {
        self.pseudonym(email.folded())
    }

    /// Makes a person known, so that the name and file names made of it are found in free text too.
    #[must_use]
    pub fn with_person(mut self, email: &Email, name: Option<&str>) -> Self {
        self.learn(email, name);
        self
    }

    fn pseudonym(&self, folded: &str) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.organization.0.to_be_bytes());
        hasher.update(folded.as_bytes());
        let mut text = "person-".to_owned();
        for byte in hasher.finalize().iter().take(4) {
            text.push_str(&format!("{byte:02x}"));
        }
        text
    }

    fn learn(&mut self, email: &Email, name: Option<&str>) {
        let pseudonym = self.pseudonymize(email);
        self.lexicon.learn(email.folded(), name, &pseudonym);
    }

    /// With everybody known whom a plan names.
    pub fn knowing(&self, plan: &Plan) -> Self {
        let mut known = self.clone();
        let content = &plan.content;
        for affected in &content.subjects {
            if let Some(email) = affected.subject.email() {
                known.learn(email, affected.name.as_deref());
            }
        }
        for change in &content.changes {
            known.learn_all(change.subject.email());
            known.learn_all(change.write.team_members().map(|(email, _)| email));
        }
        known.learn_all(&content.acting_as.email);
        for change in &content.manual {
            known.learn_all(change.subject.email());
            if let ManualTask::ChangePeople { add, remove } = &change.task {
                known.learn_all(add.iter().chain(remove));
            }
        }
        let left_alone = content.not_planned.iter().filter_map(|item| item.subject.as_ref());
        let refused = content.guards.iter().filter_map(|verdict| verdict.subject.as_ref());
        known.learn_all(left_alone.chain(refused).filter_map(Subject::email));
        known.knowing_findings(&content.findings)
    }

    fn learn_all<'a>(&mut self, emails: impl IntoIterator<Item = &'a Email>) {
        emails.into_iter().for_each(|email| self.learn(email, None));
    }

    /// With everybody known whom findings name.
    pub(crate) fn knowing_findings(&self, findings: &[Finding]) -> Self {
        let mut known = self.clone();
        known.learn_all(findings.iter().filter_map(Finding::email));
        known
    }

    /// Free text without anybody in it. With `narrow`, single words of known people's names go too:
    /// for text that somebody wrote about a person.
    fn scrub(&self, text: &str, narrow: bool) -> String {
        let text = replace_addresses(text, |found| self.of_address(found));
        let text = self.lexicon.replace(&text, narrow);
        if text.contains(['/', '\\']) || text.contains(".y") {
            text.split_inclusive(char::is_whitespace).map(|word| self.word_as_path(word)).collect()
        } else {
            text
        }
    }

    fn word_as_path(&self, word: &str) -> String {
        let is_path = word.contains(['/', '\\']) || word.contains(".yaml") || word.contains(".yml");
        if is_path { self.path(word) } else { word.to_owned() }
    }

    /// Free text in which every address and every known person is a pseudonym.
    pub fn text(&self, text: &str) -> String {
        self.scrub(text, false)
    }

    /// The pseudonym of an address found in a text, which may have the ending of a file name.
    fn of_address(&self, found: &str) -> String {
        let (address, extension) = split_extension(found);
        format!("{}{extension}", self.pseudonym(&address.to_lowercase()))
    }

    /// A path in which every part that gives somebody away is a pseudonym.
    pub(crate) fn path(&self, path: &str) -> String {
        let redact = |part: &str| -> String {
            let (name, extension) = split_extension(part);
            if name.contains('@') {
                let name = replace_addresses(name, |found| self.of_address(found));
                return format!("{name}{extension}");
            }
            match self.lexicon.in_path(name) {
                Some(pseudonym) => format!("{pseudonym}{extension}"),
                None => part.to_owned(),
            }
        };
        path.split('/').map(redact).collect::<Vec<_>>().join("/")
    }

    fn email(&self, email: &Email) -> Email {
        Email::new(&self.pseudonymize(email))
    }

    fn place(&self, place: &Place) -> Place {
        let Place { file, line, column } = place;
        Place { file: self.path(file), line: *line, column: *column }
    }

    /// A key may be a live name, in which anything can stand.
    fn key(&self, key: &ProjectKey) -> ProjectKey {
        ProjectKey::new(self.text(key.as_str()))
    }

    fn project(&self, project: &ProjectRef) -> ProjectRef {
        let ProjectRef { id, key } = project;
        ProjectRef { id: *id, key: self.key(key) }
    }

    /// The id of a change, which names its subject.
    fn change_id(&self, id: &ChangeId) -> ChangeId {
        ChangeId(self.scrub(&id.0, true).into())
    }

    fn subject(&self, subject: &Subject) -> Subject {
        match subject {
            // The number identifies a person to everybody who can read the organization.
            Subject::Person { email, user: _ } => {
                Subject::Person { email: self.email(email), user: None }
            }
            Subject::Team { name, id } => Subject::Team { name: self.text(name).into(), id: *id },
            Subject::ServiceAccount { username, id } => {
                Subject::ServiceAccount { username: self.text(username).into(), id: *id }
            }
        }
    }

    fn grant(&self, grant: &Grant) -> Grant {
        let Grant { project, role, source } = grant;
        let source = match source {
            GrantSource::Team(name) => GrantSource::Team(self.text(name).into()),
            other => other.clone(),
        };
        Grant { project: *project, role: role.clone(), source }
    }

    fn pattern(&self, pattern: &Pattern) -> Pattern {
        let text = pattern.as_str();
        let local = text.split('@').next().unwrap_or(text);
        // `*@agency.example` names a company, nobody in it.
        if local == "*" && text.matches('*').count() == 1 {
            return pattern.clone();
        }
        Pattern::new(self.pseudonym(&text.trim().to_lowercase()))
    }

    fn annotations(&self, annotations: &Annotations) -> Annotations {
        let Annotations { ticket, reason, requested_by, approved_by } = annotations;
        let free = |text: &std::sync::Arc<str>| self.scrub(text, true).into();
        let who = |text: &std::sync::Arc<str>| self.pseudonym(&text.trim().to_lowercase()).into();
        Annotations {
            ticket: ticket.as_ref().map(free),
            reason: reason.as_ref().map(free),
            requested_by: requested_by.as_ref().map(who),
            approved_by: approved_by.as_ref().map(who),
        }
    }

    fn reason(&self, reason: &Reason) -> Reason {
        let Reason { kind, place, annotations } = reason;
        Reason {
            kind: *kind,
            place: place.as_ref().map(|place| self.place(place)),
            annotations: self.annotations(annotations),
        }
    }

    /// Findings without anybody in them.
    pub(crate) fn findings(&self, findings: &[Finding]) -> Vec<Finding> {
        findings
            .iter()
            .map(|finding| {
                let Finding { severity, code, subject, project, message, hint, place, stops } =
                    finding;
                Finding {
                    severity: *severity,
                    code: code.clone(),
                    subject: subject.as_ref().map(|subject| self.subject(subject)),
                    project: project.as_ref().map(|key| self.key(key)),
                    message: self.text(message),
                    hint: hint.as_ref().map(|hint| self.text(hint)),
                    place: place.as_ref().map(|place| self.place(place)),
                    stops: *stops,
                }
            })
            .collect()
    }

    /// Checks without anybody in them.
    pub(crate) fn checks(&self, checks: &[Check]) -> Vec<Check> {
        checks
            .iter()
            .map(|Check { name, status, message, remedy }| Check {
                name: self.text(name),
                status: *status,
                message: self.text(message),
                remedy: remedy.as_ref().map(|remedy| self.text(remedy)),
            })
            .collect()
    }

    /// Who changed what, without anybody in it.
    pub(crate) fn culprits(&self, culprits: &Culprits) -> Culprits {
        culprits
            .iter()
            .map(|(id, Culprit { who, at })| {
                let who = self.pseudonym(&who.trim().to_lowercase());
                (self.change_id(id), Culprit { who, at: *at })
            })
            .collect()
    }

    /// An explanation without anybody in it.
    pub(crate) fn explanation(&self, view: &ExplainView) -> ExplainView {
        let known = self.clone().with_person(&view.email, view.name.as_deref());
        let known = known.knowing_findings(&view.findings);
        let ExplainView {
            organization,
            instant,
            email,
            name: _,
            declared,
            live,
            projects,
            next,
            findings,
        } = view;
        ExplainView {
            organization: known.text(organization),
            instant: *instant,
            email: known.email(email),
            name: None,
            declared: declared.as_ref().map(|declared| ExplainDeclared {
                reason: known.reason(&declared.reason),
                phase: declared.phase.as_ref().map(|phase| known.text(phase)),
                profile: declared.profile.as_ref().map(|profile| known.text(profile)),
                teams: declared.teams.iter().map(|team| known.membership(team)).collect(),
                state: declared.state,
                managed_by: declared.managed_by,
                organization_role: declared.organization_role,
            }),
            live: match live {
                ExplainLive::Member { status, organization_role, invitation, teams } => {
                    ExplainLive::Member {
                        status: *status,
                        organization_role: *organization_role,
                        invitation: *invitation,
                        teams: known.names(teams),
                    }
                }
                other @ (ExplainLive::NotRead | ExplainLive::Absent) => other.clone(),
            },
            projects: projects.iter().map(|project| known.explained(project)).collect(),
            next: next.as_ref().map(|next| known.next(next)),
            findings: known.findings(findings),
        }
    }

    fn membership(&self, team: &ExplainTeam) -> ExplainTeam {
        let ExplainTeam { name, place, grants } = team;
        ExplainTeam {
            name: self.text(name).into(),
            place: place.as_ref().map(|place| self.place(place)),
            grants: grants.iter().map(|(key, role)| (self.key(key), role.clone())).collect(),
        }
    }

    fn explained(&self, project: &ExplainProject) -> ExplainProject {
        let ExplainProject {
            project,
            wanted,
            reason,
            live,
            effective,
            at_most,
            besides,
            agrees,
            chain,
            next,
        } = project;
        let entry = |entry: &ChainEntry| ChainEntry {
            entry: self.text(&entry.entry),
            place: entry.place.as_ref().map(|place| self.place(place)),
            ..entry.clone()
        };
        ExplainProject {
            project: self.project(project),
            wanted: wanted.clone(),
            reason: reason.as_ref().map(|reason| self.reason(reason)),
            live: live
                .as_ref()
                .map(|grants| grants.iter().map(|grant| self.grant(grant)).collect()),
            effective: effective.clone(),
            at_most: at_most.clone(),
            besides: besides.clone(),
            agrees: *agrees,
            chain: chain.iter().map(entry).collect(),
            next: next.as_ref().map(|next| self.next(next)),
        }
    }

    fn next(&self, next: &NextChange) -> NextChange {
        NextChange { at: next.at, what: self.text(&next.what) }
    }
}

/// Splits `alex.yaml:7` into `alex` and `.yaml:7`; anything but YAML has no extension here.
fn split_extension(part: &str) -> (&str, &str) {
    let at = part.rfind(".yaml").or_else(|| part.rfind(".yml")).unwrap_or(part.len());
    part.split_at_checked(at).unwrap_or((part, ""))
}
