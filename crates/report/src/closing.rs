//! What frames a plan: for which instant, how old, by which digests, and what to do next.

use mixaccess_model::{ActingIdentity, Override, OverrideOrigin, Plan, PlanContent};

use crate::kind::Kind;
use crate::{Purpose, RenderOptions, Verbosity, words};

/// How far the plan's instant may be from now before that is said loudly.
const SAME_INSTANT_SECONDS: i64 = 60;

/// Digests, dates and what to do next.
#[derive(Debug)]
pub(crate) struct Closing {
    /// The digest over the changes, in full: what `apply --expect` takes.
    pub(crate) changes_digest: String,
    /// Labelled facts about the plan, in order.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// A sentence on what to do next.
    pub(crate) next: &'static str,
    /// The commands that do it.
    pub(crate) commands: Vec<String>,
}

/// Sentences that change the meaning of the whole plan, such as that it undoes another.
pub(crate) fn notices(plan: &Plan, kind: Kind, options: &RenderOptions<'_>) -> Vec<String> {
    let mut notices = Vec::new();
    let content = &plan.content;
    if let Some(undoes) = content.undoes {
        notices.push(format!("Reverses the plan {}.", words::short(&undoes)));
    }
    let now = options.now.unwrap_or(plan.made_at);
    let apart = content.instant.as_second().saturating_sub(now.as_second());
    if content.instant_given && apart.abs() > SAME_INSTANT_SECONDS {
        notices.push(format!(
            "Resolved for another instant than now: {} ({}).",
            words::instant(content.instant),
            words::relative(content.instant, now),
        ));
    }
    let age = now.as_second().saturating_sub(plan.made_at.as_second());
    let maximum = content.policy.plan_max_age_seconds.0;
    if kind != Kind::Drift && u64::try_from(age).is_ok_and(|age| age > maximum) {
        notices.push(format!(
            "Made {}, and the policy lets a plan be applied for {} only: plan again.",
            words::relative(plan.made_at, now),
            words::span(maximum),
        ));
    }
    notices
}

/// Digests, dates and what to do next.
pub(crate) fn closing(plan: &Plan, kind: Kind, options: &RenderOptions<'_>) -> Closing {
    let Plan { format_version: _, digest, changes_digest, made_at, made_by, seal: _, content } =
        plan;
    let PlanContent { instant, acting_as, files_digest, live_digest, .. } = content;
    let verbose = options.verbosity == Verbosity::Verbose;
    let of = |digest: &mixaccess_model::Digest| {
        if verbose { digest.to_string() } else { words::short(digest) }
    };
    let made = match options.now {
        Some(now) => {
            format!(
                "{}, {}, by {made_by}",
                words::instant(*made_at),
                words::relative(*made_at, now)
            )
        }
        None => format!("{} by {made_by}", words::instant(*made_at)),
    };
    let mut facts = vec![("made", made), ("resolved for", words::instant(*instant))];
    if let Some(who) = acting(acting_as) {
        facts.push(("acting as", who));
    }
    facts.push(("plan", of(digest)));
    if verbose {
        facts.push(("files", of(files_digest)));
        facts.push(("live state", of(live_digest)));
    }
    facts.push(("changes", changes_digest.to_string()));
    if options.redact.is_some() {
        facts.push(("redacted", "people are shown by pseudonyms".to_owned()));
    }
    let (next, commands) = next(plan, kind, options);
    Closing { changes_digest: changes_digest.to_string(), facts, next, commands }
}

fn acting(identity: &ActingIdentity) -> Option<String> {
    let ActingIdentity { email, organization_role, listed: _ } = identity;
    let role = organization_role
        .map_or_else(|| "role unknown".to_owned(), |role| format!("organization {role}"));
    email.as_ref().map(|email| format!("{email}, {role}"))
}

fn next(plan: &Plan, kind: Kind, options: &RenderOptions<'_>) -> (&'static str, Vec<String>) {
    if plan.content.is_empty() && !plan.content.is_refused() {
        return ("", Vec::new());
    }
    if matches!(options.purpose, Purpose::Apply) && !plan.content.is_refused() {
        return ("", Vec::new());
    }
    if kind == Kind::Drift {
        return (
            "Somebody changed live state by hand, or the files changed and were not applied. \
             To put back what the files say:",
            vec![format!("mixaccess plan --out plan.json{}", chosen(options))],
        );
    }
    if plan.content.is_refused() {
        return (
            "This plan cannot be applied. Resolve what refuses it, or take the way past it that \
             is named above, and plan again.",
            Vec::new(),
        );
    }
    let file = options
        .plan_file
        .map(|file| format!("mixaccess apply {}{}", quoted(file), chosen(options)));
    let expect = expecting(plan, options);
    match file {
        // Nobody can plan an undo again from the files, so only the file itself will do.
        Some(file) if kind == Kind::Undo => ("To apply exactly these changes:", vec![file]),
        None if kind == Kind::Undo => ("", Vec::new()),
        Some(file) => ("To apply exactly these changes, either of:", vec![file, expect]),
        None => ("To apply exactly these changes:", vec![expect]),
    }
}

/// The command that plans the same again and executes it, with every option that made this plan.
fn expecting(plan: &Plan, options: &RenderOptions<'_>) -> String {
    let mut command = format!("mixaccess apply --expect {}", plan.changes_digest);
    command.push_str(&chosen(options));
    if plan.content.instant_given {
        command.push_str(&format!(" --at {}", plan.content.instant));
    }
    let given = |one: &&Override| one.origin == OverrideOrigin::CommandLine;
    let mut because = None;
    for Override { guard, maximum, reason, .. } in
        plan.content.policy.overrides.iter().filter(given)
    {
        match maximum {
            Some(maximum) => command.push_str(&format!(" --allow {guard}={maximum}")),
            None => command.push_str(&format!(" --allow {guard}")),
        }
        because = Some(reason);
    }
    if let Some(reason) = because {
        command.push_str(&format!(" --because {}", quoted(reason)));
    }
    command
}

/// That not all who come to govern are named, and what names them.
pub(crate) fn not_reviewable(named: usize, all: usize, options: &RenderOptions<'_>) -> String {
    let number = |count| words::number(u64::try_from(count).unwrap_or(u64::MAX));
    let (named, all, command) = (number(named), number(all), whole(options));
    format!("not reviewable here: {named} of {all} named; `{command}` gives everything")
}

/// The command that shows the whole plan.
pub(crate) fn whole(options: &RenderOptions<'_>) -> String {
    match (options.plan_file, options.purpose) {
        (Some(file), _) => format!("mixaccess show {}", quoted(file)),
        (None, Purpose::Drift { .. }) => format!("mixaccess drift{}", chosen(options)),
        (None, Purpose::Plan | Purpose::Undo | Purpose::Apply) => {
            format!("mixaccess plan{}", chosen(options))
        }
    }
}

/// The options that chose the files, as they follow a command.
pub(crate) fn chosen(options: &RenderOptions<'_>) -> String {
    options.chosen.iter().map(|word| format!(" {}", as_option(word))).collect()
}

fn as_option(word: &str) -> String {
    if word.starts_with("--") { word.to_owned() } else { quoted(word) }
}

/// A file name as a POSIX shell reads it back.
pub(crate) fn quoted(file: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let needs = file.is_empty() || file.starts_with('-') || !file.chars().all(plain);
    if needs { format!("'{}'", file.replace('\'', "'\\''")) } else { file.to_owned() }
}
