//! The emulator as a running server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::connection::{Acceptor, Handle};
use crate::event::Event;
use crate::fault::{Fault, Faults};
use crate::record::RecordedRequest;
use crate::seed::{Seed, SeedError};
use crate::shape::Shape;
use crate::transition::{Limits, PostExisting};
use crate::world::{Terms, World};

mod handler;

/// How long requests in flight have to finish when the emulator stops.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// How an emulator runs. The default is a faithful service on a free port of 127.0.0.1, by the machine's
/// clock.
#[derive(Clone, Debug)]
pub struct EmulatorOptions {
    /// Where it listens: a loopback address; port 0 is any free one.
    pub address: SocketAddr,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How lists are answered.
    pub shape: Shape,
    /// How long every answer takes.
    pub latency: Option<Duration>,
    /// What a POST of a project role does to somebody who already has an individual one.
    pub post_existing: PostExisting,
    /// Whether a path without its trailing slash answers 301 to the slashed one.
    pub redirect_slash: bool,
    /// Invitation e-mails an hour to one domain; nothing is no limit (`SERVICE.md`, "Hosts and
    /// requests": "rate limit, invitations").
    pub invitations_per_hour: Option<u32>,
    /// How many days an invitation can be accepted; nothing is for ever (`SERVICE.md`, "Behaviour", 6).
    pub invitation_days: Option<u32>,
    /// How long a project with `created_at` stays invisible after it (`SERVICE.md`, "Behaviour", 9).
    pub propagation: Duration,
    /// How long a person whom the identity provider has deactivated keeps their access
    /// (`SERVICE.md`, "Behaviour", 7).
    pub deprovisioning_delay: Duration,
    /// How often the identity provider puts the people it manages back (`SERVICE.md`, "Behaviour", 7).
    pub sync_period: Duration,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Default for EmulatorOptions {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            faults: Vec::new(),
            shape: Shape::default(),
            latency: None,
            post_existing: PostExisting::default(),
            redirect_slash: false,
            invitations_per_hour: Some(10),
            invitation_days: Some(14),
            propagation: Duration::from_secs(5 * 60),
            deprovisioning_delay: Duration::from_secs(10 * 60),
            sync_period: Duration::from_secs(40 * 60),
            clock: Clock::default(),
        }
    }
}

/// Why an emulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// Somebody else than this machine could have reached it.
    #[error("{0} is not a loopback address; use 127.0.0.1 or [::1]")]
    NotLoopback(IpAddr),
    /// The address is taken or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The shape has no place for a next page, or pages without rows.
    #[error(
        "shape {0} cannot be answered; pages need at least one row, and a bare array has no pages"
    )]
    Shape(Shape),
    /// The seed describes an organization that cannot exist.
    #[error(transparent)]
    Seed(#[from] SeedError),
}

/// A running emulator. It stops when it is dropped; [`Emulator::stop`] waits for that.
#[derive(Debug)]
pub struct Emulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<std::io::Result<()>>>,
}

/// What the server's handlers share.
#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    terms: Terms,
    latency: Option<Duration>,
    redirect_slash: bool,
    clock: Clock,
    in_flight: AtomicUsize,
    max_in_flight: AtomicUsize,
    stop: watch::Sender<bool>,
}

impl Emulator {
    /// Starts an emulator on the present tokio runtime.
    ///
    /// # Errors
    /// When the address is not loopback or cannot be listened on, or the seed or the shape is impossible.
    pub async fn start(seed: Seed, options: EmulatorOptions) -> Result<Self, EmulatorError> {
        if !options.address.ip().is_loopback() {
            return Err(EmulatorError::NotLoopback(options.address.ip()));
        }
        if !options.shape.is_possible() {
            return Err(EmulatorError::Shape(options.shape));
        }
        let faults = Faults::new(options.faults.clone());
        let sync_period = signed(options.sync_period);
        let world = World::new(&seed, faults, sync_period, options.clock.now())?;
        let listen = |source| EmulatorError::Listen { address: options.address, source };
        let listener = TcpListener::bind(options.address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let shared = Arc::new(Shared::new(world, address, options));
        let mut stopped = shared.stop.subscribe();
        let service = Router::new()
            .fallback(handler::handle)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Handle>();
        let server = axum::serve(Acceptor(listener), service).with_graceful_shutdown(async move {
            // An error means that the emulator is gone, which is a reason to stop as well.
            let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
        });
        let server = Some(tokio::spawn(server.into_future()));
        Ok(Self { address, shared, server })
    }

    /// What takes the place of `https://mixpanel.com`, without a trailing slash.
    pub fn base_url(&self) -> String {
        self.shared.terms.base_url.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The clock it goes by; moving it moves the emulator.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// The requests that were made, oldest first; of more than 100,000 the latest.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.world().record.requests().cloned().collect()
    }

    /// Forgets the requests that were made and how many were in flight.
    pub fn clear_requests(&self) {
        self.shared.world().record.clear();
        self.shared.max_in_flight.store(0, Ordering::SeqCst);
    }

    /// The most requests that were in flight at once.
    pub fn max_in_flight(&self) -> usize {
        self.shared.max_in_flight.load(Ordering::SeqCst)
    }

    /// What goes wrong from now on, counted anew.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.world().faults = Faults::new(faults);
    }

    /// The audit log, oldest first.
    pub fn audit(&self) -> Vec<Event> {
        self.shared.world().log.events().iter().map(|event| (**event).clone()).collect()
    }

    /// The organization as it is now, to look at and to continue from.
    pub fn state(&self) -> Seed {
        self.shared.world().seed()
    }

    /// Puts another organization in the place of this one.
    ///
    /// # Errors
    /// When no such organization can exist; then nothing changes.
    pub fn replace(&self, seed: &Seed) -> Result<(), SeedError> {
        self.shared.world().replace(seed, self.shared.clock.now())
    }

    /// Lets an invited person accept.
    ///
    /// # Errors
    /// What the service says when there is no such person, or they have accepted, or it is too late.
    pub fn accept_invitation(&self, email: &str) -> Result<(), String> {
        let now = self.shared.clock.now();
        let limits = self.shared.terms.limits;
        self.shared.world().accept(email, limits, now).map_err(|refusal| refusal.to_string())
    }

    /// Lets somebody delete a custom role on the service's own pages: everybody who had it becomes a
    /// consumer (`SERVICE.md`, "Behaviour", 10).
    ///
    /// # Errors
    /// What the service says when there is no such project or role.
    pub fn delete_custom_role(&self, project: u64, role: &str) -> Result<(), String> {
        let (now, limits) = (self.shared.clock.now(), self.shared.terms.limits);
        let mut world = self.shared.world();
        let deleted = world.delete_custom_role(project, role, limits, now);
        deleted.map_err(|refusal| refusal.to_string())
    }

    /// Stops listening, ends waits, and lets requests in flight finish.
    pub async fn stop(mut self) {
        self.shared.stop.send_replace(true);
        let Some(mut server) = self.server.take() else { return };
        if tokio::time::timeout(STOP_PATIENCE, &mut server).await.is_err() {
            server.abort();
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.shared.stop.send_replace(true);
    }
}

impl Shared {
    fn new(world: World, address: SocketAddr, options: EmulatorOptions) -> Self {
        let days = |days: u32| SignedDuration::from_hours(i64::from(days).saturating_mul(24));
        let limits = Limits {
            post_existing: options.post_existing,
            invitations_per_hour: options.invitations_per_hour,
            invitation_lifetime: options.invitation_days.map(days),
            propagation: signed(options.propagation),
            deprovisioning: signed(options.deprovisioning_delay),
        };
        let base_url = format!("http://{address}");
        Self {
            world: Mutex::new(world),
            terms: Terms { limits, shape: options.shape, base_url },
            latency: options.latency,
            redirect_slash: options.redirect_slash,
            clock: options.clock,
            in_flight: AtomicUsize::new(0),
            max_in_flight: AtomicUsize::new(0),
            stop: watch::Sender::new(false),
        }
    }

    /// The world as it is by now, also after a panic elsewhere: every write is whole or not at all.
    fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.pass_time(self.terms.limits, self.clock.now());
        world
    }

    /// Waits, for ever without a duration, and no longer than the emulator runs.
    async fn wait(&self, duration: Option<Duration>) {
        let mut stopped = self.stop.subscribe();
        let stop = stopped.wait_for(|is_stopped| *is_stopped);
        match duration {
            // Either end of the wait is as good.
            Some(duration) => drop(tokio::time::timeout(duration, stop).await),
            None => drop(stop.await),
        }
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}
