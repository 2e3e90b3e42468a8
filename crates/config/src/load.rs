//! Files to declarations: finding, reading, decoding side by side, merging and checking.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mixaccess_model::{
    DeclaredOrganization, Digest, Email, FileIndex, OrganizationId, ProjectKey, Severity,
};
use rayon::prelude::*;

use crate::check;
use crate::codes;
use crate::declaration::Fragment;
use crate::declared::Declared;
use crate::decode;
use crate::diagnostic::{Diagnostic, Label, file_name};
use crate::document::{self, Kind};
use crate::lookalike;
use crate::merge;
use crate::names::{Interner, Names};
use crate::source::{self, Edited, SourceFile, Tree};
use crate::suggest;
use crate::time::{BadInstant, Written};

/// Most problems that are kept of one run.
const MAX_PROBLEMS: usize = 5_000;

/// Where the files are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// A directory, or one file.
    pub root: PathBuf,
    /// The directory below the root that holds the organization, where there are several.
    pub organization: Option<String>,
}

/// What the files say, before it is resolved for an instant, with every problem that was found.
#[derive(Debug)]
pub struct Loaded {
    pub(crate) files: Vec<Arc<str>>,
    pub(crate) sources: Vec<(SourceFile, Digest)>,
    pub(crate) files_digest: Digest,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) declared: Declared,
    organization: Option<DeclaredOrganization>,
    zone: TimeZone,
}

/// Reads every file below the root. Never fails: problems are diagnostics.
pub fn load(options: &LoadOptions) -> Loaded {
    load_edited(options, &Edited::new())
}

/// The same, as if edits were written: for whoever wants to know what they would come to.
pub fn load_edited(options: &LoadOptions, edited: &Edited) -> Loaded {
    let root = match chosen_root(options) {
        Ok(root) => root,
        Err(problem) => return Loaded::nothing(problem),
    };
    let Tree { files, diagnostics } = source::discover_edited(&root, edited);
    let mut loader = Loader { root, problems: diagnostics, is_complete: true };
    loader.is_complete = loader.problems.is_empty();
    let read = loader.read(&files);
    loader.finish(files, read)
}

/// The organizations that have a directory of their own below `root`, by the name of the directory,
/// sorted.
pub fn organizations(root: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let mut keys: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    keys.sort_unstable();
    keys.retain(|key| source::discover(&root.join(key)).files.iter().any(declares_organization));
    keys
}

fn declares_organization(file: &SourceFile) -> bool {
    let Ok(bytes) = source::read(file) else { return false };
    let Ok(text) = source::text(file, &bytes) else { return false };
    let Ok(Some(node)) = document::parse(&file.name, text) else { return false };
    let Kind::Mapping(entries) = &node.kind else { return false };
    entries
        .iter()
        .any(|(key, _)| matches!(&key.kind, Kind::Scalar { text, .. } if text == "organization"))
}

/// The directory to read: the root, or the chosen organization's below it.
fn chosen_root(options: &LoadOptions) -> Result<PathBuf, Diagnostic> {
    let Some(key) = &options.organization else { return Ok(options.root.clone()) };
    let mut parts = Path::new(key).components();
    let is_plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        && !key.starts_with('.')
        && !key.contains(['/', '\\']);
    let root = options.root.join(key);
    if is_plain && root.is_dir() {
        return Ok(root);
    }
    let known = organizations(&options.root);
    let hint = suggest::did_you_mean(key, known.iter().map(String::as_str)).unwrap_or_else(|| {
        "No directory below declares an organization; leave `--organization` out to read the directory itself.".to_owned()
    });
    let shown = mixaccess_model::printable(key).into_owned();
    Err(Diagnostic::new(codes::UNKNOWN_ORGANIZATION, format!("there is no organization `{shown}`"))
        .at(Label::whole(source::shown(&options.root)))
        .hint(hint))
}

/// What reading one file gave.
struct Read {
    digest: Digest,
    fragment: Fragment,
    problems: Vec<Diagnostic>,
    is_complete: bool,
}

fn read_one(index: usize, file: &SourceFile, interner: &mut Interner<'_>) -> Read {
    let index = FileIndex(u32::try_from(index).unwrap_or(u32::MAX));
    let failed = |digest, problem| Read {
        digest,
        fragment: Fragment::default(),
        problems: vec![problem],
        is_complete: false,
    };
    let bytes = match source::read(file) {
        Ok(bytes) => bytes,
        Err(problem) => return failed(Digest::of_bytes(b""), problem),
    };
    let digest = Digest::of_bytes(&bytes);
    let text = match source::text(file, &bytes) {
        Ok(text) => text,
        Err(problem) => return failed(digest, problem),
    };
    match document::parse(&file.name, text) {
        Ok(Some(root)) => {
            let (fragment, problems) = decode::decode(index, &file.name, &root, interner);
            let is_complete = matches!(root.kind, Kind::Mapping(_) | Kind::Null);
            Read { digest, fragment, problems, is_complete }
        }
        Ok(None) => {
            Read { digest, fragment: Fragment::default(), problems: Vec::new(), is_complete: true }
        }
        Err(problem) => failed(digest, problem),
    }
}

struct Loader {
    root: PathBuf,
    problems: Vec<Diagnostic>,
    /// Whether every file could be read: otherwise what is missing may stand in one that could not.
    is_complete: bool,
}

impl Loader {
    fn read(&mut self, files: &[SourceFile]) -> (Vec<Read>, Names) {
        let names = Mutex::new(Names::default());
        let read: Vec<Read> = files
            .par_iter()
            .enumerate()
            .with_min_len(16)
            .map_init(
                || Interner::new(&names),
                |interner, (index, file)| read_one(index, file, interner),
            )
            .collect();
        (read, names.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn finish(mut self, files: Vec<SourceFile>, (read, names): (Vec<Read>, Names)) -> Loaded {
        let file_names: Vec<Arc<str>> = files.iter().map(|file| Arc::clone(&file.name)).collect();
        let mut fragments = Vec::with_capacity(read.len());
        let mut sources = Vec::with_capacity(read.len());
        for (file, one) in files.into_iter().zip(read) {
            self.is_complete &= one.is_complete;
            self.problems.extend(one.problems);
            fragments.push(one.fragment);
            sources.push((file, one.digest));
        }
        let files_digest = digest_of(&sources);
        if let Some(problem) = self.choose(&sources, &fragments) {
            return Loaded { files: file_names, sources, files_digest, ..Loaded::nothing(problem) };
        }
        let is_empty = sources.is_empty() && self.problems.is_empty();
        let (mut declared, problems) = merge::merge(fragments, names, &file_names);
        self.problems.extend(problems);
        if is_empty {
            self.nothing_declared();
        } else if self.is_complete && declared.organization.is_none() {
            self.no_organization();
        }
        let zone = self.zone(&declared, &file_names);
        let checks = check::check(&mut declared, &zone, &file_names, self.is_complete);
        self.problems.extend(checks);
        self.problems.extend(lookalike::check(&declared.collaborators, &file_names));
        let organization = declared_organization(&declared, &zone);
        Loaded {
            files: file_names,
            sources,
            files_digest,
            diagnostics: sorted(self.problems),
            declared,
            organization,
            zone,
        }
    }

    /// Several organizations in directories of their own, and none was chosen.
    fn choose(
        &self,
        sources: &[(SourceFile, Digest)],
        fragments: &[Fragment],
    ) -> Option<Diagnostic> {
        let mut keys = BTreeSet::new();
        for ((file, _), fragment) in sources.iter().zip(fragments) {
            if !fragment.organizations.is_empty() {
                keys.insert(file.relative.split_once('/')?.0);
            }
        }
        if keys.len() < 2 {
            return None;
        }
        let words = suggest::list(keys.iter().copied()).unwrap_or_default();
        let message = format!("there are {} organizations here", keys.len());
        Some(
            Diagnostic::new(codes::CHOOSE_ORGANIZATION, message)
                .at(Label::whole(source::shown(&self.root)))
                .hint(format!("Choose one with `--organization`: {words}.")),
        )
    }

    fn nothing_declared(&mut self) {
        let hint = "Say where the files are with `--config`; `mixaccess demo` leaves a tree to start from.";
        let problem = Diagnostic::new(codes::NOTHING_DECLARED, "there is no *.yaml or *.yml file")
            .at(Label::whole(source::shown(&self.root)))
            .hint(hint);
        self.problems.push(problem);
    }

    fn no_organization(&mut self) {
        let hint = "Write `organization:` with its `id:` into one of the files.";
        let problem = Diagnostic::new(codes::NO_ORGANIZATION, "no file declares `organization`")
            .at(Label::whole(source::shown(&self.root)))
            .hint(hint);
        self.problems.push(problem);
    }

    fn zone(&mut self, declared: &Declared, files: &[Arc<str>]) -> TimeZone {
        let Some(organization) = &declared.organization else { return TimeZone::UTC };
        let Some((name, span)) = &organization.time_zone else { return TimeZone::UTC };
        if let Ok(zone) = TimeZone::get(name) {
            return zone;
        }
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let hint = suggest::nearest(name, known.iter().map(String::as_str)).map_or_else(
            || "Write an IANA name such as Europe/Berlin or America/New_York.".to_owned(),
            |name| format!("Did you mean `{name}`?"),
        );
        let file = file_name(files, organization.file);
        let message = format!("there is no time zone `{}`", mixaccess_model::printable(name));
        let problem =
            Diagnostic::new(codes::UNKNOWN_TIME_ZONE, message).at(span.label(&file, "")).hint(hint);
        self.problems.push(problem);
        TimeZone::UTC
    }
}

fn declared_organization(declared: &Declared, zone: &TimeZone) -> Option<DeclaredOrganization> {
    let one = declared.organization.as_ref()?;
    Some(DeclaredOrganization {
        id: one.id.unwrap_or(OrganizationId(0)),
        name: one.name.clone(),
        region: one.region,
        api: one.api,
        identity_provider: one.identity_provider.clone(),
        time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        position: one.span.position(one.file),
    })
    .filter(|organization| organization.id.0 > 0)
}

/// Digest over names and contents. Names are those below the root, so that the same files have the
/// same digest wherever they are checked out.
fn digest_of(sources: &[(SourceFile, Digest)]) -> Digest {
    let mut lines: Vec<String> = sources
        .iter()
        .map(|(file, digest)| format!("{digest} {}:{}\n", file.relative.len(), file.relative))
        .collect();
    lines.sort_unstable();
    Digest::of_bytes(lines.concat().as_bytes())
}

fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by(Diagnostic::order);
    diagnostics.dedup();
    if diagnostics.len() > MAX_PROBLEMS {
        // Errors are kept before warnings, and both keep their order.
        diagnostics.sort_by_key(Diagnostic::severity);
        let more = diagnostics.len() - MAX_PROBLEMS;
        diagnostics.truncate(MAX_PROBLEMS);
        diagnostics.sort_by(Diagnostic::order);
        diagnostics
            .push(Diagnostic::new(codes::TOO_MANY, format!("{more} more problems are not shown")));
    }
    diagnostics
}

impl Loaded {
    fn nothing(problem: Diagnostic) -> Self {
        Self {
            files: Vec::new(),
            sources: Vec::new(),
            files_digest: digest_of(&[]),
            diagnostics: vec![problem],
            declared: Declared::default(),
            organization: None,
            zone: TimeZone::UTC,
        }
    }

    /// Every problem, sorted by file and line.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether any problem is an error; then nothing can be resolved.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|one| one.severity() == Severity::Error)
    }

    /// The files that were read, sorted, as the user would type them.
    pub fn files(&self) -> &[Arc<str>] {
        &self.files
    }

    /// Digest over names and contents of the files.
    pub const fn files_digest(&self) -> Digest {
        self.files_digest
    }

    /// The addresses of the collaborators, sorted.
    pub fn collaborator_emails(&self) -> impl Iterator<Item = &Email> {
        self.declared.collaborators.iter().map(|one| &one.email)
    }

    /// The keys of the projects, sorted by the projects' ids.
    pub fn project_keys(&self) -> impl Iterator<Item = &ProjectKey> {
        self.declared.project_keys.iter()
    }

    /// The organization, when it is declared with an id.
    pub const fn organization(&self) -> Option<&DeclaredOrganization> {
        self.organization.as_ref()
    }

    /// The organization's time zone; UTC where none is declared.
    pub fn time_zone(&self) -> TimeZone {
        self.zone.clone()
    }

    /// Reads an instant as `--at` takes it: a date is the beginning of that day in the organization's
    /// time zone, a time without an offset is a time in that zone.
    ///
    /// # Errors
    /// When the text is no date or time.
    pub fn parse_instant(&self, text: &str) -> Result<Timestamp, BadInstant> {
        Written::parse(text)?.start(&self.zone)
    }
}
