//! `tokens`: the tokens of projects, how old they are, and new values for them (seed documents, "API
//! Secret Rotation"; `mixpanel-api.md`, "Dialect `members`").

use std::fmt::Write as _;
use std::io::BufRead as _;

use jiff::{SignedDuration, Timestamp};
use mixaccess_api::{Client, ErrorKind, ProjectToken};
use mixaccess_model::{DeclaredProject, DesiredState, printable};
use mixaccess_report::Redaction;
use serde::Serialize;

use crate::args::{
    Format, Tokens as Args, TokensCommand, TokensList as ListArgs, TokensRotate as RotateArgs,
};
use crate::connection::{block_on, connect};
use crate::console::Console;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::secrets::{self, Secrets};
use crate::storage;

/// Beyond this age a token should be rotated.
const OLD: SignedDuration = SignedDuration::from_hours(90 * 24);

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    match &args.command {
        TokensCommand::List(args) => list(args, context),
        TokensCommand::Rotate(args) => rotate(args, context),
    }
}

/// One token as it is told.
#[derive(Debug, Serialize)]
struct Row {
    project: String,
    id: String,
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    created_at: Option<Timestamp>,
    last_used: Option<Timestamp>,
    age_days: Option<i64>,
    rotate: bool,
}

impl Row {
    fn new(project: &DeclaredProject, token: &ProjectToken, now: Timestamp) -> Self {
        let age = token.created_at.map(|at| now.duration_since(at));
        Self {
            project: project.key.to_string(),
            id: token.id.clone(),
            name: token.name.clone(),
            created_by: token.created_by.clone(),
            created_at: token.created_at,
            last_used: token.last_used,
            age_days: age.map(|age| age.as_hours() / 24),
            rotate: age.is_some_and(|age| age > OLD),
        }
    }
}

fn list(args: &ListArgs, context: &Context) -> CommandResult {
    if !matches!(context.common.format, Format::Human | Format::Json) {
        return Err(Failure::new("tokens are listed for people or as JSON")
            .hint("Use --format human or json."));
    }
    let (_, desired) = context.desired()?;
    let projects = match &args.project {
        Some(key) => vec![declared(&desired, key)?],
        None => desired.projects.iter().collect(),
    };
    let client = connect(context, &desired.organization, &args.connection)?;
    let (rows, untold) = block_on(read(&client, &projects, desired.instant))??;
    if rows.is_empty() && !untold.is_empty() {
        return Err(not_told(&untold));
    }
    let redaction = context.redaction(desired.organization.id);
    let text = match context.common.format {
        Format::Json => String::from_utf8_lossy(&storage::pretty(&rows)?).into_owned(),
        _ => human(&rows, desired.instant),
    };
    context.console.result(&redacted(&text, redaction.as_ref()))?;
    if untold.is_empty() { Ok(Exit::Done) } else { Err(not_told(&untold)) }
}

/// The failure to tell the tokens of these projects, by their keys.
fn not_told(projects: &[String]) -> Failure {
    Failure::new(format!("the service does not tell the tokens of {}", projects.join(", ")))
        .hint("Look them up in the project's settings, under Access Keys.")
}

fn redacted(text: &str, redaction: Option<&Redaction>) -> String {
    redaction.map_or_else(|| text.to_owned(), |redaction| redaction.text(text))
}

async fn tokens_of(
    client: &Client,
    project: &DeclaredProject,
) -> Result<Vec<ProjectToken>, Failure> {
    client.tokens(project.id).await?.ok_or_else(|| not_told(&[project.key.to_string()]))
}

/// The tokens of all projects, and the keys of those whose tokens the service does not tell.
async fn read(
    client: &Client,
    projects: &[&DeclaredProject],
    now: Timestamp,
) -> Result<(Vec<Row>, Vec<String>), Failure> {
    let (mut rows, mut untold) = (Vec::new(), Vec::new());
    for project in projects {
        match client.tokens(project.id).await? {
            Some(tokens) => rows.extend(tokens.iter().map(|token| Row::new(project, token, now))),
            None => untold.push(project.key.to_string()),
        }
    }
    Ok((rows, untold))
}

fn human(rows: &[Row], now: Timestamp) -> String {
    if rows.is_empty() {
        return "No tokens.\n".to_owned();
    }
    let mut text = String::new();
    let mut last = None;
    for row in rows {
        if last != Some(&row.project) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}{}", if last.is_some() { "\n" } else { "" }, row.project);
            last = Some(&row.project);
        }
        let name = row.name.as_deref().unwrap_or("(no name)");
        let _ = write!(text, "  {} {}: ", printable(&row.id), printable(name));
        let _ = match row.age_days {
            Some(days) => write!(text, "{} old", days_word(days)),
            None => write!(text, "age unknown"),
        };
        let _ = match row.last_used {
            Some(at) => {
                let days = now.duration_since(at).as_hours() / 24;
                write!(text, ", last used {} ago", days_word(days))
            }
            None => write!(text, ", never used as far as the service says"),
        };
        if let Some(by) = &row.created_by {
            let _ = write!(text, ", made by {}", printable(by));
        }
        let _ = writeln!(text, "{}", if row.rotate { "  ! older than 90 days" } else { "" });
    }
    let old: Vec<&Row> = rows.iter().filter(|row| row.rotate).collect();
    if let Some(first) = old.first() {
        let _ = writeln!(
            text,
            "\n{} of {} older than 90 days. To replace one: mixaccess tokens rotate {} {}",
            old.len(),
            rows.len(),
            first.project,
            printable(&first.id)
        );
    }
    text
}

fn days_word(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

fn rotate(args: &RotateArgs, context: &Context) -> CommandResult {
    if context.common.format != Format::Human {
        return Err(Failure::new("a rotation has no machine format").hint("Leave --format out."));
    }
    let Some(secrets) = Secrets::from_args(&args.secrets) else {
        return Err(Failure::new("it is not said where the new value goes, so nothing was rotated")
            .hint("Name a new file with --secret-file, or a command such as `vault kv put …` with --secret-command."));
    };
    let (_, desired) = context.desired()?;
    let project = declared(&desired, &args.project)?;
    let client = connect(context, &desired.organization, &args.connection)?;
    let tokens = block_on(tokens_of(&client, project))??;
    let token = tokens.iter().find(|token| token.id == args.token).ok_or_else(|| {
        Failure::new(format!("project {} has no token {}", project.key, printable(&args.token)))
            .hint(format!("Run `mixaccess tokens list --project {}` to see them.", project.key))
    })?;
    let name = token.name.as_deref().unwrap_or(&token.id);
    secrets.check(std::iter::once(name))?;
    if !confirmed(args, project, token, name)? {
        context.console.say("The name differs, so nothing was rotated.");
        return Ok(Exit::Error);
    }
    block_on(hand_over(&client, project, token, name, &secrets, args))??;
    context.console.result(&format!(
        "Rotated token {} of {}. Its new value is in {}.\nUpdate every implementation that uses it: the old value no longer works.\n",
        printable(name),
        project.key,
        secrets.place(name)
    ))?;
    Ok(Exit::Done)
}

async fn hand_over(
    client: &Client,
    project: &DeclaredProject,
    token: &ProjectToken,
    name: &str,
    secrets: &Secrets,
    args: &RotateArgs,
) -> Result<(), Failure> {
    let secret = match client.rotate_token(project.id, &token.id).await {
        Err(error) if error.kind == ErrorKind::OutcomeUnknown => {
            return Err(Failure::new(error).hint(format!(
                "`mixaccess tokens list --project {}` tells by its age whether it was rotated: then nobody has the new value, so rotate it once more.",
                project.key
            )));
        }
        rotated => rotated?,
    };
    let Err(problem) = secrets.hand_over(name, &secret).await else { return Ok(()) };
    // A rotation cannot be taken back, and the new value must not be lost.
    let rescue =
        args.state.state_dir.join(format!("token-{}-{}.secret", project.key, safe(&token.id)));
    let kept = std::fs::create_dir_all(&args.state.state_dir)
        .and_then(|()| secrets::write(&rescue, &secret));
    let failure = Failure::new(format!("the token was rotated, and {problem}"));
    Err(match kept {
        Ok(()) => failure.hint(format!(
            "The new value is kept in {}, for its owner alone: take it from there and delete the file.",
            rescue.display()
        )),
        Err(error) => failure.hint(format!(
            "It could not be kept in {} either ({error}). Rotate the token once more.",
            rescue.display()
        )),
    })
}

fn declared<'a>(desired: &'a DesiredState, key: &str) -> Result<&'a DeclaredProject, Failure> {
    let found = desired.projects.iter().find(|project| project.key.as_str() == key);
    found.ok_or_else(|| {
        let keys = || desired.projects.iter().map(|project| project.key.as_str());
        let failure = Failure::new(format!("no project `{key}` in the files"));
        match mixaccess_config::nearest(key, keys()) {
            Some(near) => failure.hint(format!("Did you mean `{near}`?")),
            None => {
                failure.hint(format!("The projects are {}.", keys().collect::<Vec<_>>().join(", ")))
            }
        }
    })
}

/// Whether the name was typed back, or given.
fn confirmed(
    args: &RotateArgs,
    project: &DeclaredProject,
    token: &ProjectToken,
    name: &str,
) -> Result<bool, Failure> {
    if let Some(given) = &args.confirm_name {
        return Ok(given == name);
    }
    if !Console::can_ask() {
        return Err(Failure::new("nobody can be asked: this is no terminal")
            .hint("Give the token's name with --confirm-name."));
    }
    Console::raw_stderr(&format!(
        "Rotating token {} ({}) of {} makes its present value useless: every implementation that uses it must be updated.\nType its name to go on: ",
        printable(name),
        printable(&token.id),
        project.key
    ));
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::new(format!("cannot read the answer: {error}")))?;
    Ok(answer.trim_end_matches(['\r', '\n']) == name)
}

/// An id as part of a file name.
fn safe(id: &str) -> String {
    id.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect()
}
