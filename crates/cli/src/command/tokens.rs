//! `tokens`: the tokens of projects, how old they are, and new values for them (`SERVICE.md`, "Dialect
//! members").

mod rotate;

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use mixaccess_api::{AccessRead as _, Client, ProjectToken};
use mixaccess_model::{DeclaredProject, DesiredState, printable};
use mixaccess_report::Redaction;
use serde::Serialize;

use crate::args::{Format, Tokens as Args, TokensCommand, TokensList as ListArgs};
use crate::connection::{block_on, connect};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{CommandResult, Failure};
use crate::storage;

/// Beyond this age a token should be rotated.
const OLD: SignedDuration = SignedDuration::from_hours(90 * 24);

pub(super) fn run(args: &Args, context: &Context) -> CommandResult {
    match &args.command {
        TokensCommand::List(args) => list(args, context),
        TokensCommand::Rotate(args) => rotate::run(args, context),
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
    let (rows, untold) = block_on(async {
        // Whose tokens these are is not known of another's credentials.
        client.me().await?;
        read(&client, &projects, desired.instant).await
    })??;
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
