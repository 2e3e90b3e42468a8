//! Who a subject is, without a copy of its name.

use std::sync::Arc;

use mixaccess_model::{Email, LiveMember, Subject};

/// A subject whatever its number; ordered as [`SubjectKey`](mixaccess_model::SubjectKey) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SubjectRef<'a> {
    Person(&'a Email),
    Team(&'a str),
    ServiceAccount(&'a str),
}

impl<'a> SubjectRef<'a> {
    pub(crate) fn of(subject: &'a Subject) -> Self {
        match subject {
            Subject::Person { email, .. } => Self::Person(email),
            Subject::Team { name, .. } => Self::Team(name),
            Subject::ServiceAccount { username, .. } => Self::ServiceAccount(username),
        }
    }

    /// The subject without its number.
    pub(crate) fn unnumbered(self) -> Subject {
        match self {
            Self::Person(email) => person(email),
            Self::Team(name) => Subject::Team { name: Arc::from(name), id: None },
            Self::ServiceAccount(username) => {
                Subject::ServiceAccount { username: Arc::from(username), id: None }
            }
        }
    }
}

/// A person whose number is not needed.
pub(crate) fn person(email: &Email) -> Subject {
    Subject::Person { email: email.clone(), user: None }
}

/// A live member as a subject.
pub(crate) fn subject_of(member: &LiveMember) -> Subject {
    Subject::Person { email: member.email.clone(), user: member.id }
}
