//! The organization with its past, behind the server's one lock.

use std::collections::{BTreeMap, VecDeque};

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};

use crate::answer::Answer;
use crate::audit::Log;
use crate::call::Call;
use crate::fault::Faults;
use crate::record::{Effect, Record};
use crate::refusal::Refusal;
use crate::routes::{Reply, Route, View, scim};
use crate::seed::{Seed, SeedError};
use crate::shape::Shape;
use crate::state::{Actor, State};
use crate::transition::{Limits, Outcome, Transition, Wish};

/// How many writes ago a stale read can lie.
const REMEMBERED_STATES: usize = 64;

/// Everything that changes while the emulator runs.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) state: State,
    sync_period: SignedDuration,
    next_sync: Timestamp,
    /// Earlier states, the latest last.
    past: VecDeque<State>,
    pub(crate) log: Log,
    /// When service accounts were last used.
    uses: BTreeMap<u64, Timestamp>,
    pub(crate) faults: Faults,
    pub(crate) record: Record,
}

/// What the world is asked with.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    pub(crate) shape: Shape,
    pub(crate) base_url: String,
}

/// How a request is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As the service does.
    Faithful,
    /// A write is answered as if it had been carried out, and is not.
    Lie,
    /// A read answers what was true that many writes ago.
    Stale(usize),
}

impl World {
    /// # Errors
    /// When no such organization can exist.
    pub(crate) fn new(
        seed: &Seed,
        faults: Faults,
        sync_period: SignedDuration,
        now: Timestamp,
    ) -> Result<Self, SeedError> {
        Ok(Self {
            sync_period,
            next_sync: after(now, sync_period),
            state: State::from_seed(seed)?,
            past: VecDeque::new(),
            log: Log::new(seed.events.clone(), seed.scim_log.clone()),
            uses: BTreeMap::new(),
            faults,
            record: Record::default(),
        })
    }

    /// Puts another organization in the place of this one; faults and the record stay.
    ///
    /// # Errors
    /// When no such organization can exist.
    pub(crate) fn replace(&mut self, seed: &Seed, now: Timestamp) -> Result<(), SeedError> {
        self.state = State::from_seed(seed)?;
        self.next_sync = after(now, self.sync_period);
        self.past.clear();
        self.uses.clear();
        self.log = Log::new(seed.events.clone(), seed.scim_log.clone());
        Ok(())
    }

    /// Lets happen what happens by itself until `now`.
    pub(crate) fn pass_time(&mut self, limits: Limits, now: Timestamp) {
        let actor = Actor::identity_provider();
        let due = self.state.provider.due(limits.deprovisioning, now);
        if !due.is_empty() {
            self.happen(limits, now, |transition| transition.deprovision(&actor, &due));
        }
        if now >= self.next_sync && self.state.provider.has_people() {
            self.next_sync = after(now, self.sync_period);
            self.happen(limits, now, |transition| transition.sync(&actor));
        }
    }

    /// Lets something happen that nobody asked for. What cannot happen is left for the next time.
    fn happen(
        &mut self,
        limits: Limits,
        now: Timestamp,
        what: impl FnOnce(Transition<'_>) -> Result<Outcome, Refusal>,
    ) {
        let mut state = self.state.clone();
        if let Ok(outcome) = what(Transition::new(&mut state, &self.log, limits, now)) {
            self.advance(state, &outcome);
        }
    }

    pub(crate) fn seed(&self) -> Seed {
        self.state.to_seed(&self.log, &self.uses)
    }

    /// Carries a request out and answers it.
    pub(crate) fn execute(
        &mut self,
        call: &Call,
        terms: &Terms,
        now: Timestamp,
        mode: Mode,
    ) -> (Answer, Effect) {
        self.respond(call, terms, now, mode).unwrap_or_else(|refusal| {
            let answer = if scim::concerns(&call.path) {
                scim::refused(&refusal)
            } else {
                Answer::refused(&refusal)
            };
            (answer, Effect::Nothing)
        })
    }

    /// Lets an invited person accept.
    pub(crate) fn accept(
        &mut self,
        email: &str,
        limits: Limits,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.commit(limits, now, |transition| transition.accept(email))?;
        Ok(())
    }

    /// Lets somebody delete a custom role on the service's own pages.
    pub(crate) fn delete_custom_role(
        &mut self,
        project: u64,
        role: &str,
        limits: Limits,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.commit(limits, now, |transition| transition.delete_custom_role(project, role))?;
        Ok(())
    }

    /// Lets the identity provider have something else of somebody.
    pub(crate) fn wish(
        &mut self,
        wish: &Wish,
        limits: Limits,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.commit(limits, now, |transition| transition.wish(wish))?;
        Ok(())
    }

    fn respond(
        &mut self,
        call: &Call,
        terms: &Terms,
        now: Timestamp,
        mode: Mode,
    ) -> Result<(Answer, Effect), Refusal> {
        let route = Route::parse(call.trimmed_path(), &self.state.served);
        let route = route.ok_or(Refusal::NoSuchEndpoint)?;
        let actor = if scim::concerns(&call.path) {
            self.identity_provider(call)?
        } else {
            self.actor(call, now)?
        };
        route.check_organization(&self.state)?;
        if call.method == Method::GET {
            let answer = self.read(route, &actor, call, terms, now, mode)?;
            return Ok((answer, Effect::Read));
        }
        let write = |transition: Transition<'_>| route.write(&actor, call, transition);
        if mode == Mode::Lie {
            let mut state = self.state.clone();
            let outcome = write(Transition::new(&mut state, &self.log, terms.limits, now))?;
            let answer = self.view(&state, terms, now).written(&outcome.written);
            return Ok((answer, Effect::Nothing));
        }
        let outcome = self.commit(terms.limits, now, write)?;
        let answer = self.view(&self.state, terms, now).written(&outcome.written);
        let effect = if outcome.has_changed() { Effect::Changed } else { Effect::Unchanged };
        Ok((answer, effect))
    }

    /// The identity behind a request, which has used its account from now on.
    fn actor(&mut self, call: &Call, now: Timestamp) -> Result<Actor, Refusal> {
        let (username, secret) = call.credentials.as_ref().ok_or(Refusal::Unauthenticated)?;
        let actor = self.state.actor(username, secret, now).ok_or(Refusal::Unauthenticated)?;
        self.uses.extend(actor.account.map(|account| (account, now)));
        Ok(actor)
    }

    /// The identity provider, when the request carries the token of SCIM.
    fn identity_provider(&self, call: &Call) -> Result<Actor, Refusal> {
        let token = &self.state.provider.token;
        let is_right = !token.is_empty() && call.bearer.as_ref() == Some(token);
        is_right.then(Actor::identity_provider).ok_or(Refusal::NoSuchToken)
    }

    fn read(
        &self,
        route: Route,
        actor: &Actor,
        call: &Call,
        terms: &Terms,
        now: Timestamp,
        mode: Mode,
    ) -> Result<Answer, Refusal> {
        let state = match mode {
            Mode::Stale(writes) => self.state_before(writes),
            Mode::Faithful | Mode::Lie => &self.state,
        };
        match self.view(state, terms, now).read(route, actor, call)? {
            Reply::One(value) => Ok(Answer::ok(&value)),
            Reply::Answer(answer) => Ok(answer),
            Reply::List { name, rows } => {
                let list = terms.shape.wrap(name, rows, call, &terms.base_url)?;
                Ok(Answer::json(200, &list))
            }
        }
    }

    /// The state that many writes ago, or the earliest that is remembered.
    fn state_before(&self, writes: usize) -> &State {
        match writes {
            0 => &self.state,
            writes => {
                let at = self.past.len().saturating_sub(writes);
                self.past.get(at).unwrap_or(&self.state)
            }
        }
    }

    fn view<'a>(&'a self, state: &'a State, terms: &'a Terms, now: Timestamp) -> View<'a> {
        View {
            state,
            log: &self.log,
            uses: &self.uses,
            shape: terms.shape,
            now,
            limits: terms.limits,
            base_url: &terms.base_url,
        }
    }

    /// Carries a transition out whole or not at all.
    fn commit(
        &mut self,
        limits: Limits,
        now: Timestamp,
        write: impl FnOnce(Transition<'_>) -> Result<Outcome, Refusal>,
    ) -> Result<Outcome, Refusal> {
        let mut state = self.state.clone();
        let outcome = write(Transition::new(&mut state, &self.log, limits, now))?;
        self.advance(state, &outcome);
        Ok(outcome)
    }

    /// Makes a state the present one, and remembers the one before when something happened.
    fn advance(&mut self, state: State, outcome: &Outcome) {
        if !outcome.has_changed() {
            self.state = state;
            return;
        }
        self.log.append(&outcome.events, &outcome.entries);
        if self.past.len() >= REMEMBERED_STATES {
            self.past.pop_front();
        }
        self.past.push_back(std::mem::replace(&mut self.state, state));
    }
}

fn after(now: Timestamp, period: SignedDuration) -> Timestamp {
    now.saturating_add(period).unwrap_or(Timestamp::MAX)
}
