//! `init`: writes the files from the live organization, from lists, or to start from.

mod writing;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use mixaccess_api::read_live;
use mixaccess_author::{
    Arrangement, Combined, InitOptions, ListingNote, ScaffoldOptions, Tree, combine, init, offline,
    read_listing, scaffold,
};
use mixaccess_config::{LoadOptions, load};
use mixaccess_model::{
    DeclaredOrganization, FileIndex, LiveState, OrganizationId, Position, ProjectId, ProviderKind,
    Reads, Region, UnreadList, printable,
};

use crate::args::{Format, Init as Args, ProviderWord, RegionWord};
use crate::connection::{base_url_override, block_on, connect};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::repository::{Committed, committed};
use crate::situation::{check_whole, warn_of_unread_rows};
use crate::storage;
use crate::wording::counted;
use writing::write;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    if context.common.redact {
        return Err(Failure::new("files cannot be redacted")
            .hint("They must name people. Leave --redact out."));
    }
    if !matches!(context.common.format, Format::Human | Format::Json) {
        return Err(Failure::new("init tells what it wrote for people and in JSON only")
            .hint("Use --format human or json."));
    }
    let root = directory(context)?;
    let (tree, notes) = if args.scaffold {
        (scaffolded(args), Vec::new())
    } else {
        from_organization(args, context)?
    };
    may_write(&root, &tree)?;
    write(&root, &tree)?;
    report(context, &root, &tree, &notes)?;
    Ok(Exit::Done)
}

/// The directory that is written: of the chosen organization, where one is chosen.
fn directory(context: &Context) -> Result<PathBuf, Failure> {
    let root = context.common.config.clone();
    let Some(key) = &context.common.organization else { return Ok(root) };
    let is_plain = !key.is_empty() && !key.starts_with('.') && !key.contains(['/', '\\']);
    if !is_plain {
        return Err(Failure::new(format!(
            "--organization: `{}` cannot name a directory",
            printable(key)
        ))
        .hint("Write a plain word."));
    }
    Ok(root.join(key))
}

fn scaffolded(args: &Args) -> Tree {
    scaffold(&ScaffoldOptions {
        organization: args.organization_id.map(OrganizationId),
        name: args.name.clone(),
        region: region(args),
    })
}

fn from_organization(args: &Args, context: &Context) -> Result<(Tree, Vec<ListingNote>), Failure> {
    let mut live = live(args, context)?;
    if live.organization_name.is_none() {
        live.organization_name.clone_from(&args.name);
    }
    let mut options = InitOptions {
        arrangement: if args.one_file {
            Arrangement::OneFile
        } else {
            Arrangement::FilePerCollaborator
        },
        region: home(args, context)?,
        identity_provider: args.identity_provider.map(provider),
        was_read: !args.offline,
        ..InitOptions::default()
    };
    let mut notes = Vec::new();
    let was_asked = !args.offline;
    for path in &args.csv {
        let listing = read_listing(&path.display().to_string(), &storage::read(path)?)
            .map_err(|errors| refused_list(&errors))?;
        notes.extend(listing.notes.iter().cloned());
        let Combined { live: combined, remarks, notes: differences } =
            combine(&listing, live, was_asked).map_err(|errors| refused_list(&errors))?;
        live = combined;
        options.remarks.extend(remarks);
        notes.extend(differences);
    }
    Ok((init(&live, &options), notes))
}

/// Most problems of a list that are told.
const MOST_TOLD: usize = 20;

fn refused_list(errors: &[mixaccess_author::ListingError]) -> Failure {
    let told = errors.iter().take(MOST_TOLD).map(|error| format!("{error}. {}", error.hint));
    let mut failure = Failure::new(format!(
        "{} in the list, so nothing was written",
        counted(errors.len(), "error")
    ));
    for line in told {
        failure = failure.hint(line);
    }
    failure
}

fn live(args: &Args, context: &Context) -> Result<LiveState, Failure> {
    if let Some(path) = &args.live.live {
        let live = storage::read_live(path)?;
        check_whole(&live, &args.state)?;
        return Ok(live);
    }
    let Some(number) = args.organization_id.filter(|number| *number > 0) else {
        return Err(Failure::new("it is not known which organization to ask")
            .hint("Give its number with --organization-id or MIXPANEL_ORGANIZATION_ID; or start with --scaffold."));
    };
    if args.offline {
        let projects =
            args.project.iter().map(|one| named_ones(one)).collect::<Result<Vec<_>, _>>()?;
        let projects = projects.into_iter().flatten().collect();
        return Ok(offline(OrganizationId(number), args.name.clone(), projects, context.now));
    }
    if !args.project.is_empty() {
        return Err(Failure::new("--project is for --offline: the service tells projects itself"));
    }
    let organization = DeclaredOrganization {
        id: OrganizationId(number),
        name: None,
        region: region(args),
        api: None,
        identity_provider: None,
        time_zone: "UTC".to_owned(),
        position: Position { file: FileIndex(0), line: 1, column: 1 },
    };
    let client = connect(context, &organization, &args.connection)?;
    let concurrency = usize::from(args.connection.concurrency);
    let now: Timestamp = context.now;
    let live = block_on(async {
        let dialect = client.find_dialect().await?.dialect;
        let reads = |_: &[_]| Reads::EVERYTHING;
        read_live(&client, organization.id, dialect, &[], reads, concurrency, now).await
    })??;
    check_whole(&live, &args.state)?;
    warn_of_unread_rows(context, &live);
    for unread in &live.unread {
        let what = unread.list.as_str();
        match unread.project {
            // Whoever has access there would look as if there were none.
            Some(project) if unread.list == UnreadList::ProjectMembers => {
                return Err(Failure::new(format!(
                    "the members of project {project} were not read, so nothing was written: {}",
                    unread.why
                ))
                .hint("Give the service account admin of that project."));
            }
            Some(project) => context.console.warn(&format!(
                "the {what} of project {project} were not read and are not written: {}",
                unread.why
            )),
            None => context
                .console
                .warn(&format!("the {what} were not read and are not written: {}", unread.why)),
        }
    }
    Ok(live)
}

/// `NAME=NUMBER`, or several with commas between them: a comma is part of a name where no number is in
/// front of it.
fn named_ones(text: &str) -> Result<Vec<(String, ProjectId)>, Failure> {
    let mut found = Vec::new();
    let mut pending = String::new();
    for part in text.split(',') {
        if !pending.is_empty() {
            pending.push(',');
        }
        pending.push_str(part);
        if let Ok(one) = named(&pending) {
            found.push(one);
            pending.clear();
        } else if part.contains('=') {
            // A number that is none, and not the beginning of the next name.
            break;
        }
    }
    if !pending.trim().is_empty() || found.is_empty() {
        found.push(named(&pending)?);
    }
    Ok(found)
}

/// `NAME=NUMBER`
fn named(text: &str) -> Result<(String, ProjectId), Failure> {
    let pair = text.rsplit_once('=').and_then(|(name, number)| {
        let number = number.trim().parse::<u64>().ok().filter(|number| *number > 0)?;
        Some((name.trim().to_owned(), ProjectId(number)))
    });
    pair.filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        Failure::new(format!("--project: `{}` is not NAME=NUMBER", printable(text)))
            .hint("Mixpanel shows the number in the project settings.")
    })
}

const fn region(args: &Args) -> Region {
    match args.region {
        RegionWord::Us => Region::Us,
        RegionWord::Eu => Region::Eu,
        RegionWord::In => Region::In,
    }
}

const fn provider(word: ProviderWord) -> ProviderKind {
    match word {
        ProviderWord::Okta => ProviderKind::Okta,
        ProviderWord::Entra => ProviderKind::Entra,
        ProviderWord::Onelogin => ProviderKind::Onelogin,
    }
}

/// The region that files are to name: the one whose host the environment names, else the one that was
/// asked for. No other address ever goes into files.
fn home(args: &Args, context: &Context) -> Result<Region, Failure> {
    let named = base_url_override(&context.environment)?.and_then(|url| Region::of_base_url(&url));
    Ok(named.unwrap_or_else(|| region(args)))
}

/// Refuses to overwrite what git cannot give back, and to leave files beside the new ones that declare
/// the same.
fn may_write(root: &Path, tree: &Tree) -> Result<(), Failure> {
    let shown = root.display();
    if root.exists() && !root.is_dir() {
        return Err(Failure::new(format!("{shown} is not a directory"))
            .hint("Choose a directory with --config."));
    }
    let options = LoadOptions { root: root.to_path_buf(), organization: None };
    let paths: Vec<PathBuf> = tree.files.iter().map(|file| root.join(&file.path)).collect();
    if root.is_dir() {
        let there = load(&options);
        let written: BTreeSet<&Path> = paths.iter().map(PathBuf::as_path).collect();
        let beside = there.files().iter().find(|file| !written.contains(Path::new(&***file)));
        if let Some(file) = beside {
            return Err(Failure::new(format!("{shown} holds {}, which init would not write", printable(file)))
                .hint("Both together would declare things twice. Choose an empty directory with --config, or remove the files that are there."));
        }
    }
    match committed(root, &paths)? {
        Committed::All => Ok(()),
        Committed::Not(files) => Err(Failure::new(format!(
            "{} below {shown} would be overwritten and {} not committed: {}",
            counted(files.len(), "file"),
            if files.len() == 1 { "is" } else { "are" },
            printable(&files.join(", "))
        ))
        .hint("Commit them first, or choose another directory with --config.")),
        Committed::NoRepository => Err(Failure::new(format!(
            "files below {shown} would be overwritten, and no git repository has them"
        ))
        .hint("Choose another directory with --config, or keep the files in git.")),
    }
}

fn report(
    context: &Context,
    root: &Path,
    tree: &Tree,
    notes: &[ListingNote],
) -> Result<(), Failure> {
    let counts = tree.counts;
    if context.common.format == Format::Json {
        let value = serde_json::json!({
            "directory": root.display().to_string(),
            "files": tree.files.iter().map(|file| &file.path).collect::<Vec<_>>(),
            "projects": counts.projects,
            "profiles": counts.profiles,
            "collaborators": counts.collaborators,
            "teams": counts.teams,
            "service_accounts": counts.service_accounts,
            "left_out": tree.left_out.iter().map(|one| serde_json::json!({ "what": one.what, "why": one.why })).collect::<Vec<_>>(),
            "notes": notes.iter().map(|note| format!("{}: {}", note.place, note.message)).collect::<Vec<_>>(),
        });
        return context.console.result(&String::from_utf8_lossy(&storage::pretty(&value)?));
    }
    let mut lines = vec![format!(
        "Wrote {} below {}: {}, {}, {}, {}, {}.",
        counted(tree.files.len(), "file"),
        root.display(),
        counted(counts.projects, "project"),
        counted(counts.collaborators, "collaborator"),
        counted(counts.profiles, "profile"),
        counted(counts.teams, "team"),
        counted(counts.service_accounts, "service account"),
    )];
    for note in notes {
        lines.push(format!(
            "  {}: {}",
            printable(&note.place.to_string()),
            printable(&note.message)
        ));
    }
    if !tree.left_out.is_empty() {
        lines.push("Not in the files:".to_owned());
        for one in &tree.left_out {
            lines.push(format!("  {}: {}", printable(&one.what), printable(&one.why)));
        }
    }
    lines.push("Look through them, commit them, and see `mixaccess plan`.".to_owned());
    context.console.result(&(lines.join("\n") + "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_parts_projects_only_behind_a_number() {
        let read = |text| named_ones(text).map_err(|failure| failure.error.to_string());
        let project = |name: &str, number| (name.to_owned(), ProjectId(number));
        assert_eq!(read("Web=11,iOS=12"), Ok(vec![project("Web", 11), project("iOS", 12)]));
        assert_eq!(read("a, b=12"), Ok(vec![project("a, b", 12)]));
        assert_eq!(read("a, b=12 , c=d=3,"), Ok(vec![project("a, b", 12), project("c=d", 3)]));
        for wrong in ["", "a", "a=1,b", "a=0", "=1", "a=1,=2", "a=x,b=1"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
