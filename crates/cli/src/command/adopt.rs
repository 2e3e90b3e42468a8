//! `adopt`: writes live differences back into the files, keeping comments and layout.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mixaccess_api::{capabilities, read_live};
use mixaccess_author::{AdoptError, AdoptInput, Adoption, Chosen, FileChange, adopt};
use mixaccess_config::{LoadOptions, Loaded, nearest};
use mixaccess_model::{
    Annotations, DesiredState, DesiredTeam, Email, LiveState, ProjectId, Reads, printable,
};
use mixaccess_planner::what_to_read;
use mixaccess_report::FileDiff;

use crate::args::{Adopt as Args, Format};
use crate::connection::{block_on, check_organization, connect};
use crate::console::Console;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::repository::{Committed, committed};
use crate::situation::{check_same_organization, check_whole};
use crate::storage;
use crate::wording::counted;

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    if !matches!(context.common.format, Format::Human | Format::Json) {
        return Err(Failure::new("adopt tells what it does for people and in JSON only")
            .hint("Use --format human or json."));
    }
    let (loaded, desired) = context.desired()?;
    let (loaded, desired) = (Arc::new(loaded), Arc::new(desired));
    let chosen = chosen(args, &desired)?;
    let live = live(args, context, &desired, &chosen)?;
    let options = LoadOptions {
        root: context.common.config.clone(),
        organization: context.common.organization.clone(),
    };
    let adoption = adopt(&AdoptInput {
        options: &options,
        loaded: &loaded,
        desired: &desired,
        live: &live,
        instant: desired.instant,
        capabilities: capabilities(live.dialect),
        chosen: &chosen,
        annotations: &annotations(args),
    })
    .map_err(|error| failed(context, &loaded, error))?;
    show(context, &desired, &adoption)?;
    if adoption.files.is_empty() {
        return Ok(exit(&adoption));
    }
    may_edit(args, context, &adoption)?;
    agreed(args, &adoption)?;
    write(&adoption.files)?;
    context.console.say(&format!(
        "Wrote {}. See `mixaccess plan`, then commit.",
        counted(adoption.files.len(), "file")
    ));
    Ok(exit(&adoption))
}

/// What was chosen and cannot be adopted is a refusal.
const fn exit(adoption: &Adoption) -> Exit {
    if adoption.refused.is_empty() { Exit::Done } else { Exit::Refused }
}

fn failed(context: &Context, loaded: &Loaded, error: AdoptError) -> Failure {
    let failure = Failure::new(&error);
    match error {
        AdoptError::Contradiction(problems) => match context.show_problems(&problems, loaded) {
            Ok(()) => failure,
            Err(second) => second,
        },
        AdoptError::Plan(_) => failure,
    }
}

fn chosen(args: &Args, desired: &DesiredState) -> Result<Chosen, Failure> {
    let chosen = Chosen {
        all: args.all,
        people: args.people.iter().map(|email| Email::new(email)).collect(),
        projects: args
            .project
            .iter()
            .map(|word| project(word, desired))
            .collect::<Result<_, _>>()?,
        teams: args.team.iter().map(|word| team(word, desired)).collect::<Result<_, _>>()?,
        service_accounts: args.service_account.iter().map(|name| name.as_str().into()).collect(),
    };
    if chosen == Chosen::default() {
        return Err(Failure::new("nothing is chosen").hint(
            "Name people, or --project, --team or --service-account; --all takes every difference.",
        ));
    }
    Ok(chosen)
}

/// A team by its key in the files, or by its name at Mixpanel.
fn team(word: &str, desired: &DesiredState) -> Result<Arc<str>, Failure> {
    let is_meant = |team: &&DesiredTeam| *team.key == *word || *team.name == *word;
    let mut found = desired.teams.iter().flatten().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(Failure::new(format!(
            "--team: `{}` is the key of one team and the name of another",
            printable(word)
        ))
        .hint("Give the other word of the one that is meant.")),
        (Some(team), None) => Ok(Arc::clone(&team.name)),
        (None, _) => Ok(word.into()),
    }
}

/// A project by its key in the files, or by its number.
fn project(word: &str, desired: &DesiredState) -> Result<ProjectId, Failure> {
    let found = desired.projects.iter().find(|project| project.key.as_str() == word);
    if let Some(project) = found {
        return Ok(project.id);
    }
    if let Ok(number) = word.trim().parse::<u64>() {
        return Ok(ProjectId(number));
    }
    let failure = Failure::new(format!("there is no project `{}` in the files", printable(word)));
    let keys = desired.projects.iter().map(|project| project.key.as_str());
    Err(match nearest(word, keys) {
        Some(near) => failure.hint(format!("Did you mean `{near}`?")),
        None => failure.hint("Name one that is not declared by its number."),
    })
}

fn annotations(args: &Args) -> Annotations {
    let text = |text: &Option<String>| {
        text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(Into::into)
    };
    Annotations {
        ticket: text(&args.ticket),
        reason: text(&args.reason),
        requested_by: text(&args.requested_by),
        approved_by: text(&args.approved_by),
    }
}

/// What is live, with the members of chosen projects that are not declared.
fn live(
    args: &Args,
    context: &Context,
    desired: &DesiredState,
    chosen: &Chosen,
) -> Result<LiveState, Failure> {
    if let Some(path) = &args.live.live {
        check_organization(&context.environment, desired.organization.id)?;
        let live = storage::read_live(path)?;
        check_same_organization(&desired.organization, &live)?;
        check_whole(&live, &args.state)?;
        return Ok(live);
    }
    let client = connect(context, &desired.organization, &args.connection)?;
    let declared = desired.projects.iter().map(|project| project.id);
    let projects: Vec<ProjectId> = declared.chain(chosen.projects.iter().copied()).collect();
    let live = block_on(async {
        let dialect = client.find_dialect().await?.dialect;
        let reads = |members: &[_]| -> Reads { what_to_read(desired, members, context.now) };
        read_live(
            &client,
            desired.organization.id,
            dialect,
            &projects,
            reads,
            usize::from(args.connection.concurrency),
            context.now,
        )
        .await
    })??;
    check_whole(&live, &args.state)?;
    Ok(live)
}

fn show(context: &Context, desired: &DesiredState, adoption: &Adoption) -> Result<(), Failure> {
    let redaction = context.redaction(desired.organization.id);
    let shown = |text: String| match &redaction {
        Some(redaction) => redaction.text(&text),
        None => text,
    };
    if context.common.format == Format::Json {
        let value = serde_json::json!({
            "files": adoption.files.iter().map(|file| serde_json::json!({
                "name": shown(file.name.clone()),
                "diff": shown(diff(file, false)),
            })).collect::<Vec<_>>(),
            "adopted": adoption.adopted.iter().map(|one| serde_json::json!({
                "subject": shown(one.subject.to_string()),
                "what": one.what.iter().map(|what| shown(what.clone())).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "not_adopted": adoption.refused.iter().map(|one| serde_json::json!({
                "subject": one.subject.as_ref().map(|subject| shown(subject.to_string())),
                "why": shown(one.why.clone()),
            })).collect::<Vec<_>>(),
        });
        return context.console.result(&String::from_utf8_lossy(&storage::pretty(&value)?));
    }
    let mut text = String::new();
    for file in &adoption.files {
        text.push_str(&diff(file, context.console.color));
    }
    if adoption.files.is_empty() {
        text.push_str("Nothing to adopt.\n");
    }
    for one in &adoption.refused {
        let who = one.subject.as_ref().map_or_else(String::new, |subject| format!("{subject}: "));
        text.push_str(&format!("Not adopted: {}{}\n", printable(&who), printable(&one.why)));
    }
    context.console.result(&shown(text))
}

fn diff(file: &FileChange, color: bool) -> String {
    let FileChange { name, path: _, before, after } = file;
    FileDiff { name, before: before.as_deref(), after: after.as_deref() }.text(color)
}

/// Refuses to edit what git cannot give back, unless told to.
fn may_edit(args: &Args, context: &Context, adoption: &Adoption) -> Result<(), Failure> {
    if args.allow_uncommitted {
        return Ok(());
    }
    let paths: Vec<PathBuf> = adoption.files.iter().map(|file| file.path.clone()).collect();
    let way_past = "Commit them first, or give --allow-uncommitted.";
    match committed(&context.common.config, &paths)? {
        Committed::All => Ok(()),
        Committed::Not(files) => Err(Failure::new(format!(
            "{} to be edited {} not committed: {}",
            counted(files.len(), "file"),
            if files.len() == 1 { "is" } else { "are" },
            printable(&files.join(", "))
        ))
        .hint(way_past)),
        Committed::NoRepository => Err(Failure::new(
            "the files to be edited are in no git repository, so the edits could not be taken back",
        )
        .hint("Keep them in git, or give --allow-uncommitted.")),
    }
}

/// Asks whether to write, unless that is said.
///
/// # Errors
/// When the answer is no, or nobody can be asked.
fn agreed(args: &Args, adoption: &Adoption) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    let question = format!("Write {}? Only `yes` does: ", counted(adoption.files.len(), "file"));
    if Console::ask(&question, "Give --yes to write what is shown.")?.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::new("the answer was not `yes`, so nothing was written"))
}

/// Writes the files that change, and then deletes those that go.
fn write(files: &[FileChange]) -> Result<(), Failure> {
    let named = |file: &FileChange, error: std::io::Error| {
        Failure::new(format!("cannot write {}: {error}", file.name))
    };
    let mut texts: Vec<(&Path, &[u8])> = Vec::with_capacity(files.len());
    for file in files {
        let Some(text) = &file.after else { continue };
        if let Some(parent) = file.path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| named(file, error))?;
        }
        texts.push((&file.path, text.as_bytes()));
    }
    storage::write_all(texts)?;
    for file in files.iter().filter(|file| file.after.is_none()) {
        std::fs::remove_file(&file.path).map_err(|error| named(file, error))?;
    }
    Ok(())
}
