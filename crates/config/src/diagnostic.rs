//! Problems in the files: a code, a message, and places that can be underlined.

use std::sync::Arc;

use mixaccess_model::{Email, FileIndex, Finding, Place, Position, ProjectKey, Severity, Subject};

use crate::codes::Code;

/// The name of a file, by its index.
pub(crate) fn file_name(files: &[Arc<str>], file: FileIndex) -> Arc<str> {
    let at = usize::try_from(file.0).unwrap_or(usize::MAX);
    files.get(at).map_or_else(|| Arc::from(""), Arc::clone)
}

/// Where something stands inside one file: line and column from 1 and length, in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// Line, from 1.
    pub(crate) line: u32,
    /// Column in characters, from 1.
    pub(crate) column: u32,
    /// How many characters of that line are meant; 0 reaches to the line's end.
    pub(crate) length: u32,
}

impl Span {
    /// The position, for desired state.
    pub(crate) const fn position(self, file: FileIndex) -> Position {
        Position { file, line: self.line, column: self.column }
    }

    /// The same place in a named file.
    pub(crate) fn label(self, file: &Arc<str>, text: impl Into<String>) -> Label {
        Label { file: Arc::clone(file), span: Some(self), text: text.into() }
    }
}

/// A place that a diagnostic points at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label {
    /// The file, as the user would type it.
    pub(crate) file: Arc<str>,
    /// Where in it; absent for a problem of the whole file.
    pub(crate) span: Option<Span>,
    /// What is said there; may be empty.
    pub(crate) text: String,
}

impl Label {
    /// A whole file or directory.
    pub(crate) fn whole(file: impl Into<Arc<str>>) -> Self {
        Self { file: file.into(), span: None, text: String::new() }
    }

    /// The place, for a finding. A whole file is its first line.
    pub(crate) fn place(&self) -> Place {
        let span = self.span.unwrap_or(Span { line: 1, column: 1, length: 0 });
        Place { file: self.file.to_string(), line: span.line, column: span.column }
    }
}

/// Who declares something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whom<'a> {
    /// Nobody in particular, such as a profile.
    Nobody,
    /// A collaborator.
    Person(&'a Email),
    /// A team, by its name.
    Team(&'a Arc<str>),
    /// A service account, by its name.
    ServiceAccount(&'a Arc<str>),
}

impl Whom<'_> {
    fn subject(self) -> Option<Subject> {
        match self {
            Self::Nobody => None,
            Self::Person(email) => Some(Subject::Person { email: email.clone(), user: None }),
            Self::Team(name) => Some(Subject::Team { name: Arc::clone(name), id: None }),
            Self::ServiceAccount(name) => {
                Some(Subject::ServiceAccount { username: Arc::clone(name), id: None })
            }
        }
    }
}

/// A problem in the files, with a stable code and the places it is about.
///
/// Boxed inside: problems are rare, and results that may hold one should stay small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic(Box<Body>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Body {
    code: Code,
    message: String,
    hint: Option<String>,
    primary: Option<Label>,
    others: Vec<Label>,
    subject: Option<Subject>,
    project: Option<ProjectKey>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Body {
            code,
            message: message.into(),
            hint: None,
            primary: None,
            others: Vec::new(),
            subject: None,
            project: None,
        }))
    }

    #[must_use]
    pub(crate) fn at(mut self, label: Label) -> Self {
        self.0.primary = Some(label);
        self
    }

    #[must_use]
    pub(crate) fn and(mut self, label: Label) -> Self {
        self.0.others.push(label);
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint;
        self
    }

    #[must_use]
    pub(crate) fn about(self, email: &Email) -> Self {
        self.about_whom(Whom::Person(email))
    }

    #[must_use]
    pub(crate) fn about_whom(mut self, whom: Whom<'_>) -> Self {
        self.0.subject = whom.subject();
        self
    }

    #[must_use]
    pub(crate) fn in_project(mut self, project: ProjectKey) -> Self {
        self.0.project = Some(project);
        self
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.0.code.severity
    }

    /// The stable code, one of [`CODES`](crate::CODES).
    pub fn code(&self) -> &'static str {
        self.0.code.name
    }

    /// What was found: a lowercase fragment without a final full stop.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it: whole sentences.
    pub fn help(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Where it was found; absent only for problems of no file at all.
    pub fn place(&self) -> Option<Place> {
        self.0.primary.as_ref().map(Label::place)
    }

    /// Further places that belong to it, such as the first of two declarations.
    pub fn other_places(&self) -> impl Iterator<Item = Place> {
        self.0.others.iter().map(Label::place)
    }

    pub(crate) fn primary(&self) -> Option<&Label> {
        self.0.primary.as_ref()
    }

    pub(crate) fn others(&self) -> &[Label] {
        &self.0.others
    }

    /// The same as a finding, which plans carry. Further places are named in the hint.
    pub fn to_finding(&self) -> Finding {
        let also: Vec<String> = self
            .0
            .others
            .iter()
            .map(|label| {
                let place = label.place();
                if label.text.is_empty() {
                    format!("{place}.")
                } else {
                    format!("{place}: {}.", label.text)
                }
            })
            .collect();
        let hint = match (&self.0.hint, also.is_empty()) {
            (None, true) => None,
            (Some(hint), true) => Some(hint.clone()),
            (None, false) => Some(format!("See {}", also.join(" "))),
            (Some(hint), false) => Some(format!("{hint} See {}", also.join(" "))),
        };
        Finding {
            severity: self.0.code.severity,
            code: self.0.code.name.into(),
            subject: self.0.subject.clone(),
            project: self.0.project.clone(),
            message: self.0.message.clone(),
            hint,
            place: self.place(),
            stops: None,
        }
    }

    /// Orders by file, line, column, code and message.
    pub(crate) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |one: &Self| {
            let label = one.0.primary.as_ref();
            (label.map(|label| Arc::clone(&label.file)), label.map(|label| label.span))
        };
        key(self)
            .cmp(&key(other))
            .then_with(|| self.0.code.severity.cmp(&other.0.code.severity))
            .then_with(|| self.0.code.name.cmp(other.0.code.name))
            .then_with(|| self.0.message.cmp(&other.0.message))
            .then_with(|| self.0.others.cmp(&other.0.others))
    }
}
