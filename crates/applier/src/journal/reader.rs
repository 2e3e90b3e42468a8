//! Reading journals back, also after a crash in the middle of a line.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mixaccess_model::{Digest, PlanOrganization};
use serde::Deserialize;

use super::{Header, JOURNAL_FORMAT_VERSION, JournalError, Record};
use crate::state_directory::refuse_irregular;
use crate::{ApplyStatus, StateDirectory};

/// Most bytes of one journal that are read; a run of a million changes stays below it.
const MAX_BYTES: u64 = 1 << 30;

/// One run as its journal tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRun {
    /// The file.
    pub path: PathBuf,
    /// Who applied what.
    pub header: Header,
    /// Intents and outcomes, in order.
    pub records: Vec<Record>,
    /// How and when it ended; absent when it did not come to its end.
    pub finished: Option<(ApplyStatus, Timestamp)>,
    /// Whether a line in the middle cannot be read, so that an intent may be missing.
    pub damaged: bool,
}

impl JournalRun {
    /// The file's name.
    pub fn file_name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }
}

/// Reads one journal. A last line without an end was never flushed, so what it announces never
/// happened: it is left out. A journal that did not get beyond its first line is nothing.
///
/// # Errors
/// When the journal comes from a newer program, or its first line is lost and others are not.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Option<JournalRun>, JournalError> {
    let complete = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = bytes.get(..complete).unwrap_or_default();
    let mut lines = lines.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.next() else {
        return Ok(None);
    };
    let mut run = match serde_json::from_slice::<Record>(first) {
        Ok(Record::Started(header)) if header.format_version <= JOURNAL_FORMAT_VERSION => {
            JournalRun {
                path: path.to_owned(),
                header: *header,
                records: Vec::new(),
                finished: None,
                damaged: false,
            }
        }
        _ => return no_header(path, first, lines.next().is_none()),
    };
    for line in lines {
        match serde_json::from_slice::<Record>(line) {
            Ok(Record::Finished { status, at, .. }) => run.finished = Some((status, at)),
            Ok(Record::Started(_)) | Err(_) => run.damaged = true,
            Ok(record) => run.records.push(record),
        }
    }
    Ok(Some(run))
}

fn no_header(path: &Path, first: &[u8], alone: bool) -> Result<Option<JournalRun>, JournalError> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    match serde_json::from_slice::<Version>(first) {
        Ok(Version { format_version: found }) if found > JOURNAL_FORMAT_VERSION => {
            Err(JournalError::Newer { path: path.to_owned(), found })
        }
        _ if alone => Ok(None),
        _ => Err(JournalError::Read {
            path: path.to_owned(),
            message: "line 1 does not say which plan this is about".to_owned(),
        }),
    }
}

/// Every run of a plan, oldest first.
///
/// # Errors
/// When a journal cannot be read, or comes from a newer program.
pub fn history(state: &StateDirectory, plan: Digest) -> Result<Vec<JournalRun>, JournalError> {
    let mut runs = Vec::new();
    for (_, path) in numbered_files(&state.journals(), plan)? {
        let bytes = read_bounded(&path)?;
        // The name holds only the beginning of the digest.
        runs.extend(parse(&path, &bytes)?.filter(|run| run.header.plan == plan));
    }
    Ok(runs)
}

/// Whether a run carried out everything of a plan, or of the changes, with that digest in an organization, as
/// the journals of a state directory tell, which need not exist.
///
/// # Errors
/// When a journal cannot be read, or comes from a newer program.
pub fn was_applied(
    state: &Path,
    expected: Digest,
    organization: &PlanOrganization,
) -> Result<bool, JournalError> {
    let runs = runs_about(state, expected.to_string().as_bytes())?;
    Ok(runs.iter().any(|JournalRun { header, finished, .. }| {
        [header.plan, header.changes_digest].contains(&expected)
            && header.organization == organization.id
            && header.base_url == organization.base_url
            && matches!(finished, Some((ApplyStatus::Applied | ApplyStatus::AlreadyApplied, _)))
    }))
}

/// The runs of a state directory, which need not exist, whose journals hold some bytes: most are about
/// something else, and may be long.
pub(super) fn runs_about(state: &Path, about: &[u8]) -> Result<Vec<JournalRun>, JournalError> {
    let directory = state.join("journals");
    let failed = |error: std::io::Error| JournalError::Read {
        path: directory.clone(),
        message: error.to_string(),
    };
    let entries = match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut runs = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let bytes = read_bounded(&path)?;
        if bytes.windows(about.len()).any(|window| window == about) {
            runs.extend(parse(&path, &bytes)?);
        }
    }
    Ok(runs)
}

pub(crate) fn read_bounded(path: &Path) -> Result<Vec<u8>, JournalError> {
    let failed = |message: String| JournalError::Read { path: path.to_owned(), message };
    // A pipe would never end, and a link may lead anywhere.
    let found = std::fs::symlink_metadata(path);
    found.and_then(|found| refuse_irregular(&found)).map_err(|error| failed(error.to_string()))?;
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(failed(format!("larger than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

pub(super) fn file_name(plan: Digest, number: u32) -> String {
    format!("{}-{number:04}.jsonl", plan.short(16))
}

/// The journals of a plan with their numbers, in that order.
pub(super) fn numbered_files(
    directory: &Path,
    plan: Digest,
) -> Result<Vec<(u32, PathBuf)>, JournalError> {
    let failed = |error: std::io::Error| JournalError::Read {
        path: directory.to_owned(),
        message: error.to_string(),
    };
    let prefix = format!("{}-", plan.short(16));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(".jsonl"))
            .and_then(|number| number.parse::<u32>().ok());
        if let Some(number) = number {
            files.push((number, entry.path()));
        }
    }
    files.sort_unstable();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use mixaccess_model::{ActingIdentity, ChangeId, Dialect, Email, OrganizationId, Subject};

    use super::*;
    use crate::{Outcome, Runner};

    fn at(second: u32) -> Timestamp {
        format!("2026-03-01T10:00:{second:02}Z").parse().unwrap()
    }

    fn header() -> Record {
        Record::Started(Box::new(Header {
            format_version: JOURNAL_FORMAT_VERSION,
            made_by: "mixaccess 0.1.0".into(),
            plan: Digest::of_bytes(b"plan"),
            changes_digest: Digest::of_bytes(b"changes"),
            seal: Digest::of_bytes(b"seal"),
            changes: 2,
            organization: OrganizationId(1),
            base_url: "https://mixpanel.com".into(),
            api: Dialect::Members,
            acting_as: ActingIdentity::default(),
            runner: Runner { pid: 7, host: "ci".into(), user: "deploy".into() },
            started_at: at(0),
            resumes: None,
            overrides: Vec::new(),
        }))
    }

    fn records() -> Vec<Record> {
        let mut records = vec![header()];
        for (number, id) in ["ä", "b"].into_iter().enumerate() {
            records.push(Record::Intent {
                change: ChangeId(id.into()),
                subject: Subject::Person { email: Email::new("zoë@acme.example"), user: None },
                action: "grant".into(),
                invited_at: None,
                attempt: 1,
                at: at(u32::try_from(number).unwrap()),
            });
            records.push(Record::Outcome {
                change: ChangeId(id.into()),
                at: at(9),
                outcome: Outcome::Applied { settled_by_reading: false },
            });
        }
        records.push(Record::Finished { status: ApplyStatus::Applied, at: at(10), mismatches: 0 });
        records
    }

    fn lines(records: &[Record]) -> Vec<Vec<u8>> {
        records
            .iter()
            .map(|record| {
                let mut line = serde_json::to_vec(record).unwrap();
                line.push(b'\n');
                line
            })
            .collect()
    }

    #[test]
    fn torn_at_any_byte_it_reads_as_a_prefix() {
        let records = records();
        let lines = lines(&records);
        let whole = lines.concat();
        for cut in 0..=whole.len() {
            let mut ends = 0;
            let complete = lines
                .iter()
                .take_while(|line| {
                    ends += line.len();
                    ends <= cut
                })
                .count();
            let run = parse(Path::new("j"), &whole[..cut]).unwrap();
            if complete == 0 {
                assert_eq!(run, None, "cut at {cut}");
                continue;
            }
            let run = run.unwrap();
            let events = complete.min(records.len() - 1);
            assert_eq!(run.records, records[1..events], "cut at {cut}");
            assert_eq!(run.finished.is_some(), complete == records.len());
            assert!(!run.damaged);
        }
    }

    #[test]
    fn a_lost_line_in_the_middle_is_damage() {
        let mut lines = lines(&records());
        lines[1] = b"\0\0\0\0\n".to_vec();
        let run = parse(Path::new("j"), &lines.concat()).unwrap().unwrap();
        assert!(run.damaged);
        assert_eq!(run.records.len(), 3);
    }

    #[test]
    fn a_newer_journal_and_a_lost_header_are_refused() {
        let newer = b"{\"record\":\"started\",\"format_version\":4,\"more\":true}\n";
        assert_eq!(
            parse(Path::new("j"), newer).unwrap_err(),
            JournalError::Newer { path: "j".into(), found: 4 }
        );
        let mut lines = lines(&records());
        lines[0] = b"\xff\n".to_vec();
        assert!(matches!(parse(Path::new("j"), &lines.concat()), Err(JournalError::Read { .. })));
        assert_eq!(parse(Path::new("j"), &lines[0]).unwrap(), None);
    }

    #[test]
    fn a_journal_of_the_first_version_is_read() {
        let records = records();
        let text = String::from_utf8(lines(&records).concat()).unwrap();
        let subject = r#""subject":{"kind":"person","email":"zoë@acme.example"}"#;
        assert_eq!(text.matches(subject).count(), 2);
        let old = text
            .replace(subject, r#""email":"zoë@acme.example""#)
            .replace(r#""format_version":3"#, r#""format_version":1"#);
        let run = parse(Path::new("j"), old.as_bytes()).unwrap().unwrap();
        assert_eq!((run.header.format_version, run.damaged), (1, false));
        assert_eq!(run.records, records[1..records.len() - 1]);
    }

    #[test]
    fn history_is_in_order_and_of_this_plan_alone() {
        let root = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(root.path()).unwrap();
        let plan = Digest::of_bytes(b"plan");
        let text = lines(&records()).concat();
        for number in [10_000, 2, 1] {
            std::fs::write(state.journals().join(file_name(plan, number)), &text).unwrap();
        }
        let other = Digest::of_bytes(b"other");
        std::fs::write(state.journals().join(file_name(other, 1)), &text).unwrap();
        std::fs::write(state.journals().join("notes.txt"), "x").unwrap();
        let names =
            history(&state, plan).unwrap().iter().map(JournalRun::file_name).collect::<Vec<_>>();
        assert_eq!(names, [1, 2, 10_000].map(|number| file_name(plan, number)));
        assert!(history(&state, other).unwrap().is_empty());
    }
}
