//! CSV to a list of people.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};
use mixaccess_config::is_declarable_address;
use mixaccess_model::{Email, printable};

use super::column::{Column, Columns};
use super::word;
use super::{
    Listed, ListedGrant, Listing, ListingError, ListingKind, ListingNote, ListingPlace, Standing,
};

/// Most problems of one list that are kept.
const MAX_PROBLEMS: usize = 200;

/// Reads a list of people. `file` names it in errors.
///
/// The file may begin with a byte order mark, end its lines either way, quote its fields, and separate
/// them by commas, semicolons or tabs.
///
/// # Errors
/// Every problem, each with its line; a list with problems is never used in part.
pub fn read_listing(file: &str, bytes: &[u8]) -> Result<Listing, Vec<ListingError>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = Reader {
        file,
        people: Vec::new(),
        at: BTreeMap::new(),
        notes: Vec::new(),
        errors: Vec::new(),
    };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = valid.split(|byte| *byte == b'\n').count();
            reader.error(
                u64::try_from(line).unwrap_or(u64::MAX),
                "the text is not UTF-8",
                "Save the file as CSV UTF-8.",
            );
            return Err(reader.errors);
        }
    };
    let kind = reader.read(text);
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    Ok(Listing { kind, people: reader.people, notes: reader.notes })
}

struct Reader<'a> {
    file: &'a str,
    people: Vec<Listed>,
    at: BTreeMap<Email, usize>,
    notes: Vec<ListingNote>,
    errors: Vec<ListingError>,
}

impl Reader<'_> {
    fn place(&self, line: u64) -> ListingPlace {
        ListingPlace { file: self.file.to_owned(), line }
    }

    fn error(&mut self, line: u64, message: impl Into<String>, hint: &str) {
        if self.errors.len() < MAX_PROBLEMS {
            let place = self.place(line);
            let (message, hint) = (message.into(), hint.to_owned());
            self.errors.push(ListingError { place, message, hint });
        }
    }

    fn note(&mut self, line: u64, message: String) {
        let place = self.place(line);
        self.notes.push(ListingNote { place, message });
    }

    fn read(&mut self, text: &str) -> ListingKind {
        let mut csv = ReaderBuilder::new()
            .delimiter(delimiter(text))
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut columns: Option<Columns> = None;
        let mut width = 0;
        let mut row = StringRecord::new();
        loop {
            match csv.read_record(&mut row) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    let line = error.position().map_or(1, csv::Position::line);
                    self.error(line, "the line cannot be read as CSV", "Check the quotes.");
                    break;
                }
            }
            let line = line_of(&row, text);
            if row.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            if let Some(columns) = &columns {
                self.row(&row, line, columns, width);
                continue;
            }
            let found = if row.iter().any(|cell| cell.contains('@')) {
                width = Columns::unnamed().len();
                self.row(&row, line, &Columns::unnamed(), width);
                Columns::unnamed()
            } else {
                width = row.len();
                self.header(&row, line)
            };
            if !found.has(Column::Email) {
                break;
            }
            columns = Some(found);
        }
        if self.people.is_empty() && self.errors.is_empty() {
            self.error(
                1,
                "nobody is listed",
                "The list needs a line for each person, with an address.",
            );
        }
        columns.map_or(ListingKind::Members, |columns| kind(&columns))
    }

    fn header(&mut self, row: &StringRecord, line: u64) -> Columns {
        let columns = Columns::of(row.iter());
        if !columns.has(Column::Email) {
            let hint = "Name the column with the addresses `Email`.";
            self.error(line, "no column holds e-mail addresses", hint);
        }
        for name in &columns.repeated {
            let message = format!("two columns hold the same; `{}` is the second", printable(name));
            self.error(line, message, "Keep one of them.");
        }
        for name in &columns.unknown {
            self.note(line, format!("the column `{}` is not read", printable(name)));
        }
        columns
    }

    fn row(&mut self, row: &StringRecord, line: u64, columns: &Columns, width: usize) {
        if row.iter().skip(width).any(|cell| !cell.trim().is_empty()) {
            let message = format!("{} fields, and {width} are expected", row.len());
            self.error(line, message, "Quote fields that hold the separator.");
            return;
        }
        let address = columns.cell(row, Column::Email);
        if !is_declarable_address(address) {
            let message = format!("`{}` is not an e-mail address", printable(address));
            self.error(line, message, "Write the whole address, such as alex@agency.example.");
            return;
        }
        let listed = self.listed(row, line, columns, Email::new(address));
        let grants = self.grants(row, line, columns);
        self.merge(listed, grants, line);
    }

    fn listed(&mut self, row: &StringRecord, line: u64, columns: &Columns, email: Email) -> Listed {
        let text = |column| Some(columns.cell(row, column)).filter(|text| !text.is_empty());
        let role = text(Column::OrganizationRole)
            .or_else(|| text(Column::Role).filter(|_| !is_one_grant_a_row(columns)));
        let organization_role = role.map(word::organization_role).transpose();
        let organization_role = organization_role.unwrap_or_else(|message| {
            self.error(
                line,
                message,
                "Organization roles are owner, admin, billing admin and member.",
            );
            None
        });
        let standing = text(Column::Status).map_or(Some(Standing::default()), word::standing);
        if standing.is_none() {
            let message = format!(
                "the status `{}` is not known",
                printable(columns.cell(row, Column::Status))
            );
            self.error(line, message, "Known are active, pending, invited and expired.");
        }
        let last_active = text(Column::LastActive).and_then(|text| {
            let read = word::instant(text);
            if read.is_none() {
                self.note(line, format!("`{}` is read as no date", printable(text)));
            }
            read
        });
        Listed {
            email,
            name: text(Column::Name).map(str::to_owned),
            organization_role,
            grants: Vec::new(),
            last_active,
            standing: standing.unwrap_or_default(),
            place: self.place(line),
        }
    }

    /// The project roles of a row: one of its own, or several in one field.
    fn grants(&mut self, row: &StringRecord, line: u64, columns: &Columns) -> Vec<ListedGrant> {
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        let project = columns.cell(row, Column::Project);
        if !project.is_empty() {
            let own = columns.cell(row, Column::ProjectRole);
            let role = if columns.has(Column::ProjectRole) {
                own
            } else {
                columns.cell(row, Column::Role)
            };
            pairs.push((project, role));
        }
        for item in items(columns.cell(row, Column::Projects)) {
            match split(item) {
                Some(pair) => pairs.push(pair),
                None => {
                    // A list that names projects and no roles cannot be declared, and cannot be ignored.
                    let message = format!("`{}` names no role", printable(item));
                    self.error(
                        line,
                        message,
                        "Write `project: role`, several of them separated by `;`.",
                    );
                }
            }
        }
        let mut grants = Vec::with_capacity(pairs.len());
        for (project, role) in pairs {
            if role.is_empty() {
                let message = format!("no role is given in `{}`", printable(project));
                self.error(line, message, "Write the role beside the project.");
                continue;
            }
            match word::project_role(role) {
                Ok(Some(role)) => {
                    if role.is_custom() {
                        let shown = (printable(role.as_str()), printable(project));
                        self.note(
                            line,
                            format!("`{}` in `{}` is taken for a custom role", shown.0, shown.1),
                        );
                    }
                    grants.push(ListedGrant {
                        project: project.to_owned(),
                        role,
                        place: self.place(line),
                    });
                }
                Ok(None) => {}
                Err(message) => {
                    self.error(
                        line,
                        message,
                        "Project roles are owner, admin, analyst and consumer.",
                    );
                }
            }
        }
        grants
    }

    /// Somebody may stand on several lines, which must agree.
    fn merge(&mut self, listed: Listed, grants: Vec<ListedGrant>, line: u64) {
        let known = self.at.get(&listed.email).and_then(|at| self.people.get(*at)).cloned();
        let Some(mut merged) = known else {
            self.at.insert(listed.email.clone(), self.people.len());
            self.people.push(Listed { grants, ..listed });
            return;
        };
        match (merged.organization_role, listed.organization_role) {
            (Some(first), Some(second)) if first != second => {
                let message = format!(
                    "{} is {second} here, and {first} on line {}",
                    printable(merged.email.as_str()),
                    merged.place.line
                );
                self.error(line, message, "A person has one organization role.");
            }
            (None, role @ Some(_)) => merged.organization_role = role,
            _ => {}
        }
        for grant in grants {
            let same = merged.grants.iter().find(|one| one.project == grant.project);
            match same {
                Some(one) if one.role != grant.role => {
                    let message = format!(
                        "{} in `{}` here, and {} on line {}",
                        grant.role,
                        printable(&grant.project),
                        one.role,
                        one.place.line
                    );
                    self.error(line, message, "A person has one role in a project.");
                }
                Some(_) => {}
                None => merged.grants.push(grant),
            }
        }
        merged.name = merged.name.or(listed.name);
        if let Some(slot) = self.at.get(&merged.email).and_then(|at| self.people.get_mut(*at)) {
            *slot = merged;
        }
    }
}

/// The separator that the first line has most of, outside of quotes.
fn delimiter(text: &str) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut in_quotes = false;
    for byte in text.bytes() {
        match byte {
            b'"' => in_quotes = !in_quotes,
            b'\n' if !in_quotes => break,
            _ if in_quotes => {}
            _ => {
                for (separator, count) in &mut counts {
                    *count += usize::from(*separator == byte);
                }
            }
        }
    }
    let best = counts.iter().rev().max_by_key(|(_, count)| *count);
    best.map_or(b',', |(separator, _)| *separator)
}

/// The line on which a row begins.
fn line_of(row: &StringRecord, text: &str) -> u64 {
    let Some(position) = row.position() else { return 1 };
    // The reader counts from the end of the row before, and empty lines may lie between.
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.get(from..).unwrap_or_default();
    let blank = rest.bytes().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let skipped = blank.filter(|byte| *byte == b'\n').count();
    position.line() + u64::try_from(skipped).unwrap_or(0)
}

/// Whether `Role` is the role in the project of the same row.
fn is_one_grant_a_row(columns: &Columns) -> bool {
    columns.has(Column::Project) && !columns.has(Column::ProjectRole)
}

fn kind(columns: &Columns) -> ListingKind {
    let says_who_is_there = [Column::Projects, Column::LastActive, Column::Status, Column::Name];
    if says_who_is_there.into_iter().any(|column| columns.has(column)) {
        ListingKind::Members
    } else {
        ListingKind::Invitations
    }
}

/// The items of a field that lists projects: separated by `;`, `|` or line ends, or else by commas.
fn items(field: &str) -> impl Iterator<Item = &str> {
    let strong = ['|', ';', '\n', '\r'];
    let separators: &[char] = if field.contains(strong) { &['|', ';', '\n', '\r'] } else { &[','] };
    field.split(separators).map(str::trim).filter(|item| !item.is_empty())
}

/// `Web: Analyst`, `Web (Analyst)`, `Web - Analyst` or `Web=Analyst`: project and role.
fn split(item: &str) -> Option<(&str, &str)> {
    let pair = item
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('))
        .or_else(|| item.rsplit_once(':'))
        .or_else(|| item.rsplit_once('='))
        .or_else(|| item.rsplit_once(" - "))?;
    let (project, role) = (pair.0.trim(), pair.1.trim());
    (!project.is_empty() && !role.is_empty()).then_some((project, role))
}
