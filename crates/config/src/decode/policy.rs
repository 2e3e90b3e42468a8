//! `policy:`, the guard rails.

use jiff::Timestamp;
use mixaccess_model::{
    EffectiveAboveDeclared, Escalations, GuardCode, OrganizationRole, Owners, PlanMaxAge, Policy,
    ProjectRole, Removals, Requirement, UnmanagedAction,
};

use super::{Decoder, Fields, Pair};
use crate::codes;
use crate::declaration::{OverrideDeclaration, PolicyDeclaration};
use crate::document::{Kind, Node};

pub(super) const KEYS: &[&str] = &[
    "owners",
    "protected",
    "removals",
    "reductions",
    "escalations",
    "separation_of_duties",
    "ticket",
    "reason",
    "rules",
    "unmanaged",
    "effective_above_declared",
    "scim",
    "invitations",
    "plan_max_age",
    "overrides",
];
pub(super) const SCIM_KEYS: &[&str] = &["write"];
pub(super) const INVITATION_KEYS: &[&str] = &["remind"];
pub(super) const OVERRIDE_KEYS: &[&str] = &["guard", "maximum", "until", "reason", "ticket"];

impl Decoder<'_, '_> {
    pub(super) fn policy(&mut self, (key, node): Pair<'_, '_>) -> Option<PolicyDeclaration> {
        let fields = self.fields(node, "`policy`", KEYS)?;
        let mut policy = PolicyDeclaration {
            file: self.file,
            span: key.span,
            values: Policy::default(),
            overrides: Vec::new(),
            projects: Vec::new(),
            environments: Vec::new(),
            custom_roles: Vec::new(),
        };
        self.limits(&fields, &mut policy.values);
        if let Some(node) = fields.get("protected") {
            policy.values.protected = self.patterns(node, "`protected`");
        }
        if let Some(node) = fields.get("separation_of_duties") {
            policy.values.separation_of_duties =
                self.switch(node, "`separation_of_duties`").unwrap_or_default();
        }
        policy.values.ticket =
            fields.get("ticket").and_then(|node| self.requirement(node, "`ticket`", &mut policy));
        policy.values.reason =
            fields.get("reason").and_then(|node| self.requirement(node, "`reason`", &mut policy));
        if let Some(node) = fields.get("rules") {
            let items = self.list(node, "`rules`");
            policy.values.rules =
                items.iter().filter_map(|item| self.rule(item, &mut policy)).collect();
        }
        if let Some(node) = fields.get("unmanaged") {
            self.unmanaged(node, &mut policy.values);
        }
        self.switches(&fields, &mut policy.values);
        if let Some(age) = fields.get("plan_max_age").and_then(|node| self.age(node)) {
            policy.values.plan_max_age_seconds = age;
        }
        if let Some(node) = fields.get("overrides") {
            let items = self.list(node, "`overrides`");
            policy.overrides = items.iter().filter_map(|item| self.override_entry(item)).collect();
        }
        Some(policy)
    }

    fn limits(&mut self, fields: &Fields<'_, '_>, values: &mut Policy) {
        if let Some(inner) =
            fields.get("owners").and_then(|node| self.fields(node, "`owners`", &["minimum"]))
            && let Some(node) = inner.get("minimum")
            && let Some(minimum) = self.small_number(node, "`owners.minimum`", 1)
        {
            values.owners = Owners { minimum, set: true };
        }
        if let Some(inner) = fields
            .get("removals")
            .and_then(|node| self.fields(node, "`removals`", &["people", "percent"]))
        {
            let Removals { people, percent } = Removals::default();
            values.removals = Removals {
                people: inner
                    .get("people")
                    .and_then(|node| self.small_number(node, "`removals.people`", 0))
                    .unwrap_or(people),
                percent: inner
                    .get("percent")
                    .and_then(|node| self.percent(node, "`removals.percent`"))
                    .unwrap_or(percent),
            };
        }
        if let Some(inner) = fields
            .get("reductions")
            .and_then(|node| self.fields(node, "`reductions`", &["percent"]))
            && let Some(percent) =
                inner.get("percent").and_then(|node| self.percent(node, "`reductions.percent`"))
        {
            values.reductions.percent = percent;
        }
        if let Some(inner) = fields
            .get("escalations")
            .and_then(|node| self.fields(node, "`escalations`", &["allow", "maximum"]))
        {
            values.escalations = self.escalations(&inner);
        }
    }

    fn switches(&mut self, fields: &Fields<'_, '_>, values: &mut Policy) {
        let words = [
            ("report", EffectiveAboveDeclared::Report),
            ("refuse", EffectiveAboveDeclared::Refuse),
        ];
        if let Some(node) = fields.get("effective_above_declared") {
            values.effective_above_declared =
                self.word(node, "`effective_above_declared`", &words).unwrap_or_default();
        }
        if let Some(inner) =
            fields.get("scim").and_then(|node| self.fields(node, "`scim`", SCIM_KEYS))
            && let Some(node) = inner.get("write")
        {
            values.scim.write = self.switch(node, "`scim.write`").unwrap_or_default();
        }
        if let Some(inner) = fields
            .get("invitations")
            .and_then(|node| self.fields(node, "`invitations`", INVITATION_KEYS))
            && let Some(node) = inner.get("remind")
        {
            values.invitations.remind =
                self.switch(node, "`invitations.remind`").unwrap_or_default();
        }
    }

    fn escalations(&mut self, fields: &Fields<'_, '_>) -> Escalations {
        let maximum = fields
            .get("maximum")
            .and_then(|node| self.small_number(node, "`escalations.maximum`", 0));
        let allow = fields
            .get("allow")
            .map_or(&[][..], |node| self.one_or_more(node, "`escalations.allow`"));
        let allowed = allow
            .iter()
            .filter_map(|item| {
                self.word(item, "`escalations.allow`", &[("organization_owner", ())])
            })
            .count();
        Escalations { allow_organization_owner: allowed > 0, maximum }
    }

    fn requirement(
        &mut self,
        node: &Node<'_>,
        what: &str,
        policy: &mut PolicyDeclaration,
    ) -> Option<Requirement> {
        if matches!(node.kind, Kind::Scalar { .. }) {
            return self.switch(node, what)?.then(Requirement::default);
        }
        let fields = self.fields(node, what, &["roles", "environments"])?;
        let mut requirement = Requirement::default();
        if let Some(node) = fields.get("roles") {
            let items = self.one_or_more(node, "`roles`");
            for (text, span) in self.texts(items, "a role") {
                let role = ProjectRole::parse(&text);
                if role.is_custom() && OrganizationRole::parse(&text).is_none() {
                    policy.custom_roles.push((text, span));
                }
                requirement.roles.push(role.as_str().to_owned());
            }
        }
        if let Some(node) = fields.get("environments") {
            let items = self.one_or_more(node, "`environments`");
            let environments = self.texts(items, "an environment");
            requirement.environments = environments.iter().map(|(text, _)| text.clone()).collect();
            policy.environments.extend(environments);
        }
        if requirement.roles.is_empty() && requirement.environments.is_empty() {
            let hint = "Name roles or environments, or write `true` to ask for it always.";
            self.problem(
                codes::BAD_VALUE,
                node.span,
                format!("{what} names neither roles nor environments"),
                hint,
            );
            return None;
        }
        Some(requirement)
    }

    fn unmanaged(&mut self, node: &Node<'_>, values: &mut Policy) {
        let Some(fields) = self.fields(node, "`unmanaged`", &["action", "ignore"]) else { return };
        let actions = [
            ("report", UnmanagedAction::Report),
            ("suspend", UnmanagedAction::Suspend),
            ("remove", UnmanagedAction::Remove),
        ];
        if let Some(action) =
            fields.get("action").and_then(|node| self.word(node, "`unmanaged.action`", &actions))
        {
            values.unmanaged.action = action;
        }
        if let Some(node) = fields.get("ignore") {
            values.unmanaged.ignore = self.patterns(node, "`unmanaged.ignore`");
        }
    }

    fn age(&mut self, node: &Node<'_>) -> Option<PlanMaxAge> {
        self.duration(node, "`plan_max_age`").map(PlanMaxAge)
    }

    fn override_entry(&mut self, node: &Node<'_>) -> Option<OverrideDeclaration> {
        let fields = self.fields(node, "an override", OVERRIDE_KEYS)?;
        for (key, hint) in [
            ("guard", "Name the guard rail, as the refusal does."),
            ("until", "Say when the override ends; one without an end is forgotten."),
            ("reason", "Say why, for whoever reviews it."),
        ] {
            if fields.get(key).is_none() {
                self.missing_key(node.span, "an override", key, hint);
            }
        }
        let words = GuardCode::ALL.map(|guard| (guard.as_str(), guard));
        let guard = fields.get("guard").and_then(|node| self.word(node, "a guard rail", &words));
        let maximum =
            fields.get("maximum").and_then(|node| self.small_number(node, "`maximum`", 1));
        if let (Some(guard), Some((key, _))) = (guard, fields.pair("maximum"))
            && !guard.takes_maximum()
        {
            let message = format!("`{guard}` takes no `maximum`");
            self.problem(
                codes::BAD_VALUE,
                key.span,
                message,
                "Only removals, reductions and escalations count something.",
            );
        }
        let until = fields.get("until").and_then(|node| self.moment(node, "`until`"));
        let reason =
            fields.get("reason").and_then(|node| self.text(node, "`reason`")).map(str::to_owned);
        let ticket =
            fields.get("ticket").and_then(|node| self.text(node, "`ticket`")).map(str::to_owned);
        Some(OverrideDeclaration {
            span: node.span,
            guard: guard?,
            maximum,
            until: until?,
            last: Timestamp::MAX,
            reason: reason?,
            ticket,
        })
    }
}
