//! People in an organization's or a project's member list.

use std::borrow::Cow;
use std::sync::Arc;

use mixaccess_model::{GrantSource, Invitation, LiveMember, MemberStatus, UserId};
use serde::Deserialize;

use super::{
    GrantFields, Sourced, address, is_of_unnamed_team, known, managed_by, member_status, numbered,
    organization_role, project_role, source, sourced_grant,
};
use crate::ProjectMember;
use crate::list::{Entries, Field, Identity, OddRow, Row, Words};

const LISTS: &[&str] = &["results", "members", "users"];

/// A person in an organization's list.
#[derive(Deserialize)]
pub(crate) struct PersonFields<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    user_id: Field<'a>,
    #[serde(borrow, default)]
    email: Field<'a>,
    #[serde(borrow, default)]
    user_email: Field<'a>,
    #[serde(borrow, default)]
    name: Field<'a>,
    #[serde(borrow, default)]
    role: Field<'a>,
    #[serde(borrow, default)]
    status: Field<'a>,
    #[serde(borrow, default)]
    is_pending: Field<'a>,
    #[serde(borrow, default)]
    pending: Field<'a>,
    #[serde(borrow, default)]
    invited: Field<'a>,
    #[serde(borrow, default)]
    accepted: Field<'a>,
    #[serde(borrow, default)]
    invited_at: Field<'a>,
    #[serde(borrow, default)]
    invitation_sent_at: Field<'a>,
    #[serde(borrow, default)]
    invite_expires_at: Field<'a>,
    #[serde(borrow, default)]
    is_expired: Field<'a>,
    #[serde(borrow, default)]
    managed_by: Field<'a>,
    #[serde(borrow, default)]
    provisioned_by: Field<'a>,
    #[serde(borrow, default)]
    is_scim_managed: Field<'a>,
    #[serde(borrow, default)]
    last_active: Field<'a>,
    #[serde(borrow, default)]
    projects: Entries<'a, GrantFields<'a>>,
}

impl PersonFields<'_> {
    /// What the row says of an invitation that is not accepted; nothing where it says nothing.
    fn invitation(&self, status: MemberStatus) -> Option<Invitation> {
        if status.is_active() {
            return None;
        }
        let sent = [&self.invited_at, &self.invitation_sent_at];
        let word = self.status.word();
        let invitation = Invitation {
            sent_at: sent.into_iter().find_map(Field::instant),
            expires_at: self.invite_expires_at.instant(),
            expired: word.is_some_and(|word| known(word, &["expired"]).is_some())
                || self.is_expired.flag() == Some(true),
        };
        (invitation != Invitation::default()).then_some(invitation)
    }

    /// The member, without grants. A list of memberships may number its rows too; the user's own
    /// number wins.
    fn member(&self, key: Option<&str>) -> Result<LiveMember, OddRow> {
        let id = numbered(&[&self.user_id, &self.id], key);
        let email = address(&[&self.email, &self.user_email], key)
            .ok_or_else(|| OddRow::from("has no e-mail address").about(id, None))?;
        let flags = [&self.is_pending, &self.pending, &self.invited, &self.is_expired];
        let status = member_status(&self.status, &flags, &self.accepted);
        Ok(LiveMember {
            id: id.map(UserId),
            email,
            name: self.name.word().map(Arc::from),
            organization_role: organization_role(&self.role),
            status,
            invitation: self.invitation(status),
            managed_by: managed_by(
                &[&self.managed_by, &self.provisioned_by],
                &self.is_scim_managed,
            ),
            last_active: self.last_active.instant(),
            grants: Vec::new(),
        })
    }
}

/// Look-alike accounts have the same address and numbers of their own.
fn of_person(member: &LiveMember) -> Identity<'_> {
    let address = member.email.as_str();
    match member.id {
        Some(id) => Identity::Number(id.0, address),
        None => Identity::Whole(Cow::Borrowed(address)),
    }
}

impl Row for LiveMember {
    type Wire<'de> = PersonFields<'de>;
    const KEYS: &'static [&'static str] = LISTS;
    const IS_NUMBERED: bool = true;

    fn read(
        row: PersonFields<'_>,
        key: Option<&str>,
        _: &mut Words,
    ) -> Result<Option<Self>, OddRow> {
        row.member(key).map(Some)
    }

    fn identity(&self) -> Identity<'_> {
        of_person(self)
    }
}

/// A person in the list of users, which may carry project roles (`SERVICE.md`, "Dialect app").
#[derive(Debug)]
pub(crate) struct RosterRow {
    /// The member, with grants where the row has them.
    pub(crate) member: LiveMember,
    /// Whether the row says which roles the person has, and where each comes from.
    pub(crate) carries_grants: bool,
}

impl Row for RosterRow {
    type Wire<'de> = PersonFields<'de>;
    const KEYS: &'static [&'static str] = LISTS;
    const IS_NUMBERED: bool = true;

    fn read(
        row: PersonFields<'_>,
        key: Option<&str>,
        words: &mut Words,
    ) -> Result<Option<Self>, OddRow> {
        let mut member = row.member(key)?;
        let mut carries_grants = matches!(row.projects, Entries::Listed(_));
        for entry in row.projects.listed() {
            match sourced_grant(entry, words) {
                Sourced::Grant(grant) => member.grants.push(grant),
                Sourced::Nothing => {}
                Sourced::Unsaid => carries_grants = false,
            }
        }
        if !carries_grants {
            member.grants = Vec::new();
        }
        Ok(Some(Self { member, carries_grants }))
    }

    fn identity(&self) -> Identity<'_> {
        of_person(&self.member)
    }
}

/// A grant in a project's list. A large organization has a million of these.
#[derive(Deserialize)]
pub(crate) struct ProjectMemberFields<'a> {
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    user_id: Field<'a>,
    #[serde(borrow, default)]
    email: Field<'a>,
    #[serde(borrow, default)]
    user_email: Field<'a>,
    #[serde(borrow, default)]
    role: Field<'a>,
    #[serde(borrow, default)]
    status: Field<'a>,
    #[serde(borrow, default)]
    is_pending: Field<'a>,
    #[serde(borrow, default)]
    pending: Field<'a>,
    #[serde(borrow, default)]
    invited: Field<'a>,
    #[serde(borrow, default)]
    accepted: Field<'a>,
    #[serde(borrow, default)]
    grant_type: Field<'a>,
    #[serde(borrow, default)]
    team: Field<'a>,
}

impl Row for ProjectMember {
    type Wire<'de> = ProjectMemberFields<'de>;
    const KEYS: &'static [&'static str] = LISTS;

    fn read(
        row: ProjectMemberFields<'_>,
        key: Option<&str>,
        words: &mut Words,
    ) -> Result<Option<Self>, OddRow> {
        let number = numbered(&[&row.user_id, &row.id], key);
        let email = address(&[&row.email, &row.user_email], key);
        let about = |why: String, number| {
            OddRow::from(why).about(number, email.as_ref().map(mixaccess_model::Email::as_str))
        };
        let source = source(&row.grant_type, &row.team, words).map_err(|why| {
            // What is no person's may be numbered as something else.
            about(why, if email.is_some() { number } else { row.user_id.number() })
        })?;
        let user = number.map(UserId);
        if email.is_none() {
            match source {
                // A team's own row, numbered as a team: whom it reaches stands in their own rows.
                GrantSource::Team(_) if row.user_id.is_nothing() => return Ok(None),
                GrantSource::Organization if user.is_none() => return Ok(None),
                GrantSource::Individual if user.is_none() => {
                    return Err("has neither an e-mail address nor a number".into());
                }
                _ => {}
            }
        }
        let word = row.role.word().ok_or_else(|| {
            let is_persons = source.is_individual() || email.is_some();
            about("has no role".to_owned(), if is_persons { number } else { row.user_id.number() })
        })?;
        let Some(role) = project_role(word, words) else { return Ok(None) };
        let flags = [&row.is_pending, &row.pending, &row.invited];
        let status = member_status(&row.status, &flags, &row.accepted);
        Ok(Some(Self { user, email, status, role, source }))
    }

    fn identity(&self) -> Identity<'_> {
        if is_of_unnamed_team(&self.source) {
            return Identity::Unsaid;
        }
        Identity::Whole(match (&self.email, self.user) {
            (Some(email), _) => Cow::Borrowed(email.as_str()),
            (None, Some(user)) => Cow::Owned(format!("number {user}")),
            (None, None) => Cow::Borrowed("all users"),
        })
    }
}
