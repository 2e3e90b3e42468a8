//! What somebody should have, why, what they have, and what they can do with it.

mod view;

use std::collections::BTreeMap;

use mixaccess_model::{
    Finding, Grant, GrantSource, Invitation, ManagedBy, MemberStatus, OrganizationRole, ProjectRef,
    ProjectRole, Reason, Severity, Validity,
};

use crate::page::{Page, Table, Tone};
use crate::{
    Format, RenderOptions, ReportError, capability, diff, human, json, markdown, row, words,
};
pub use view::{
    ChainEntry, Decision, ExplainDeclared, ExplainLive, ExplainProject, ExplainTeam, ExplainView,
    NextChange, Wanted,
};

/// Renders an explanation.
pub(crate) fn render(
    view: &ExplainView,
    format: Format,
    options: &RenderOptions<'_>,
) -> Result<String, ReportError> {
    match format {
        Format::Json => json::text(view),
        Format::Human => Ok(terminal(view, options)),
        Format::Markdown => Ok(markdown::explanation(view)),
        Format::Sarif | Format::Junit => {
            Err(ReportError::Unsupported { what: "an explanation", format })
        }
    }
}

/// The person and the instant, in one line.
pub(crate) fn title(view: &ExplainView) -> String {
    let name = view.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{}{name} in {} on {}", view.email, view.organization, words::instant(view.instant))
}

/// Labelled facts about the person.
pub(crate) fn facts(view: &ExplainView) -> Vec<(&'static str, String)> {
    let ExplainView { declared, live, next, .. } = view;
    let mut facts = Vec::new();
    match declared {
        Some(declared) => {
            let ExplainDeclared {
                state,
                managed_by,
                organization_role: _,
                reason,
                phase,
                profile,
                teams: _,
            } = declared;
            let managed = match managed_by {
                ManagedBy::Mixpanel => "",
                ManagedBy::Scim => ", managed by the identity provider",
            };
            facts.push(("files", format!("{state}{managed}")));
            facts.extend(phase.as_ref().map(|phase| ("phase", phase.clone())));
            facts.extend(profile.as_ref().map(|profile| ("profile", profile.clone())));
            facts.push(("asked by", asked(reason)));
        }
        None => facts.push(("files", "not declared".to_owned())),
    }
    facts.push((
        "live",
        match live {
            ExplainLive::NotRead => "not read".to_owned(),
            ExplainLive::Absent => "not a member".to_owned(),
            ExplainLive::Member { status: MemberStatus::Active, .. } => "a member".to_owned(),
            ExplainLive::Member { status: MemberStatus::Pending, invitation, .. } => {
                invited(*invitation, view)
            }
        },
    ));
    facts.push(("organization role", organization_role(view)));
    if let ExplainLive::Member { teams, .. } = live
        && !teams.is_empty()
    {
        facts.push(("teams", teams.join(", ")));
    }
    if let Some(declared) = declared {
        facts.extend(declared.teams.iter().map(|team| ("declared in", membership(team))));
    }
    facts.extend(next.as_ref().map(|next| ("next", upcoming(next, view))));
    facts
}

/// A team, what it gives, and what puts somebody into it.
fn membership(team: &ExplainTeam) -> String {
    let given = team.grants.iter().map(|(project, role)| format!("{role} in {project}"));
    let given = given.collect::<Vec<_>>().join(", ");
    let place = team.place.as_ref().map(|place| format!(" ({}:{})", place.file, place.line));
    let place = place.unwrap_or_default();
    match given.is_empty() {
        true => format!("team {}{place}", team.name),
        false => format!("team {}{place}: {given}", team.name),
    }
}

fn organization_role(view: &ExplainView) -> String {
    let wanted = view.declared.as_ref().map(|declared| declared.organization_role);
    let word = |role: Option<OrganizationRole>, absent: &'static str| {
        role.map_or(absent, |role| role.as_str())
    };
    let said = word(wanted, "not declared");
    match view.live {
        ExplainLive::NotRead => format!("declared {said}"),
        ExplainLive::Absent => format!("declared {said}, live none"),
        ExplainLive::Member { organization_role: live, .. } => {
            let agrees = match (wanted, live) {
                (Some(wanted), Some(live)) if wanted == live => " - agrees",
                (Some(_), Some(_)) => " - differs",
                _ => "",
            };
            format!("declared {said}, live {}{agrees}", word(live, "unknown"))
        }
    }
}

/// What happens next, and when.
pub(crate) fn upcoming(next: &NextChange, view: &ExplainView) -> String {
    let NextChange { at, what } = next;
    format!("{} ({}): {what}", words::instant(*at), words::relative(*at, view.instant))
}

/// What is known of an invitation that is not accepted.
fn invited(invitation: Option<Invitation>, view: &ExplainView) -> String {
    let invitation = invitation.unwrap_or_default();
    let validity = invitation.validity(view.instant);
    let mut text = match validity {
        Validity::Open => "invitation pending",
        Validity::MayHaveExpired => "invitation pending, may have expired",
        Validity::Expired => "invitation expired",
        Validity::Unknown => "invitation pending, the service does not say since when",
    }
    .to_owned();
    if let Some(at) = invitation.sent_at {
        text.push_str(&format!(", sent {}", words::relative(at, view.instant)));
    }
    if let Some(at) = invitation.expires_at.filter(|_| validity != Validity::Expired) {
        text.push_str(&format!(", can be accepted until {}", words::instant(at)));
    }
    text
}

fn origin(reason: &Reason) -> String {
    let Reason { kind, place, annotations } = reason;
    row::Ask { kind: *kind, place: place.as_ref(), annotations }.origin()
}

/// Ticket, reason and people behind what decided; empty when nothing is given.
pub(crate) fn why(project: &ExplainProject) -> String {
    let reason = project.reason.as_ref();
    reason.map(|reason| row::annotation_text(&reason.annotations)).unwrap_or_default()
}

/// Where something is asked for, and why.
fn asked(reason: &Reason) -> String {
    let why = row::annotation_text(&reason.annotations);
    [origin(reason), why].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// One line of the table of projects: project, declared, effective, verdict, place.
pub(crate) fn line(project: &ExplainProject) -> [String; 5] {
    let ExplainProject { project, wanted, reason, live, effective, besides, agrees, .. } = project;
    let ProjectRef { id: _, key } = project;
    let declared = match wanted {
        Wanted::Role(role) => role.to_string(),
        Wanted::NoAccess => "none".to_owned(),
        Wanted::Nothing => "-".to_owned(),
    };
    let effective = match (effective, live) {
        (Some(role), grants) => match through(role, wanted, grants.as_deref()) {
            Some(source) => format!("{role} ({source})"),
            None => role.to_string(),
        },
        (None, Some(_)) => "none".to_owned(),
        (None, None) => "-".to_owned(),
    };
    let effective = besides.iter().fold(effective, |text, role| format!("{text} + {role}"));
    let verdict = match agrees {
        Some(true) => "agrees",
        Some(false) => "differs",
        None => "-",
    };
    let place = reason.as_ref().map(origin).unwrap_or_default();
    [key.to_string(), declared, effective, verdict.to_owned(), place]
}

/// What gives an effective role that is not the declared one, unless an individual grant does.
fn through(role: &ProjectRole, wanted: &Wanted, grants: Option<&[Grant]>) -> Option<String> {
    if *wanted == Wanted::Role(role.clone()) {
        return None;
    }
    let mut giving = grants?.iter().filter(|grant| grant.role == *role);
    if giving.clone().any(|grant| grant.source.is_individual()) {
        return None;
    }
    // Not every service tells what the organization role gives.
    let source = giving.next().map_or(&GrantSource::Organization, |grant| &grant.source);
    Some(diff::source_words(source))
}

/// Every grant, when there is more to say than the effective role; empty otherwise.
pub(crate) fn grants(project: &ExplainProject) -> String {
    match project.live.as_deref() {
        None | Some([]) => String::new(),
        Some([only]) if only.source.is_individual() => String::new(),
        Some(grants) => grants.iter().map(granted).collect::<Vec<_>>().join(" + "),
    }
}

fn granted(grant: &Grant) -> String {
    let Grant { project: _, role, source } = grant;
    if source.is_individual() {
        role.to_string()
    } else {
        format!("{role} ({})", diff::source_words(source))
    }
}

/// What came of an entry, in words.
pub(crate) fn decision(decision: &Decision) -> String {
    match decision {
        Decision::Decides => "decides".to_owned(),
        Decision::Overruled { why } => format!("overruled: {why}"),
        Decision::NotYet { from } => format!("not before {}", words::instant(*from)),
        Decision::Expired { until } => format!("expired {}", words::instant(*until)),
    }
}

/// What the person can do, by effective role, with the projects it is held in.
pub(crate) fn abilities(view: &ExplainView) -> Vec<(String, String)> {
    let mut roles: BTreeMap<(&ProjectRole, Option<&ProjectRole>), Vec<&str>> = BTreeMap::new();
    for project in &view.projects {
        // Without live state, what the files want is the best answer there is.
        let known = (&project.effective, &project.live, &project.wanted);
        let ((Some(role), ..) | (None, None, Wanted::Role(role))) = known else { continue };
        roles
            .entry((role, project.at_most.as_ref()))
            .or_default()
            .push(project.project.key.as_str());
        for role in &project.besides {
            roles.entry((role, None)).or_default().push(project.project.key.as_str());
        }
    }
    let can = |role: &ProjectRole, at_most: Option<&ProjectRole>| {
        let list = |role| capability::of(role).map(|list| list.join(", "));
        list(role)
            .or_else(|| Some(format!("at most as {}: {}", at_most?, list(at_most?)?)))
            .unwrap_or_else(|| "what the project's custom role allows".to_owned())
    };
    roles
        .into_iter()
        .rev()
        .map(|((role, at_most), projects)| {
            (format!("{role} in {}", projects.join(", ")), can(role, at_most))
        })
        .collect()
}

fn terminal(view: &ExplainView, options: &RenderOptions<'_>) -> String {
    let mut page = Page::new(options.width, options.color);
    page.wrap(0, 2, &[(Tone::Strong, &title(view))]);
    let mut table = Table::default();
    for (label, text) in facts(view) {
        table.row([(Tone::Dim, label.to_owned()), (Tone::Plain, text)]);
    }
    table.write(&mut page, 2);
    projects(&mut page, view);
    chains(&mut page, view);
    let abilities = abilities(view);
    if !abilities.is_empty() {
        page.blank();
        page.line(0, Tone::Strong, "Can");
        for (role, can) in abilities {
            let role = format!("{role}:");
            page.wrap(2, 4, &[(Tone::Plain, &role), (Tone::Plain, &can)]);
        }
    }
    let of = |severity| view.findings.iter().filter(move |one: &&Finding| one.severity == severity);
    for (heading, severity) in
        [("Errors", Severity::Error), ("Warnings", Severity::Warning), ("Notes", Severity::Note)]
    {
        human::findings(&mut page, heading, &of(severity).collect::<Vec<_>>(), usize::MAX);
    }
    page.finish()
}

fn projects(page: &mut Page, view: &ExplainView) {
    if view.projects.is_empty() {
        return;
    }
    page.blank();
    let mut table = Table::default();
    let header = ["Project", "declared", "effective", "", "decided by"];
    table.row(header.map(|text| (Tone::Strong, text.to_owned())));
    for project in &view.projects {
        let tone = match project.agrees {
            Some(true) => Tone::Good,
            Some(false) => Tone::Bad,
            None => Tone::Dim,
        };
        let [key, declared, effective, verdict, place] = line(project);
        table.row([
            (Tone::Strong, key),
            (Tone::Plain, declared),
            (Tone::Plain, effective),
            (tone, verdict),
            (Tone::Dim, place),
        ]);
    }
    table.write(page, 0);
}

fn chains(page: &mut Page, view: &ExplainView) {
    for project in &view.projects {
        let (why, grants) = (why(project), grants(project));
        if project.chain.is_empty() && project.next.is_none() && why.is_empty() && grants.is_empty()
        {
            continue;
        }
        page.blank();
        page.line(0, Tone::Strong, &format!("Why, in {}", project.project.key));
        if !why.is_empty() {
            page.wrap(2, 4, &[(Tone::Plain, &why)]);
        }
        if !grants.is_empty() {
            page.wrap(2, 4, &[(Tone::Dim, "live:"), (Tone::Plain, &grants)]);
        }
        let mut table = Table::default();
        for ChainEntry { entry, role, place, decision: came } in &project.chain {
            let tone = if *came == Decision::Decides { Tone::Good } else { Tone::Dim };
            let role = role.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
            let place = place.as_ref().map(row::line_of).unwrap_or_default();
            let entry = format!("{entry} - {}", decision(came));
            table.row([(tone, role), (Tone::Dim, place), (tone, entry)]);
        }
        table.write(page, 2);
        if let Some(next) = &project.next {
            page.wrap(2, 4, &[(Tone::Dim, "next:"), (Tone::Plain, &upcoming(next, view))]);
        }
    }
}
