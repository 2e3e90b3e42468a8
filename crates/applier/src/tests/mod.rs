//! Whole applies against the fake.

mod batch;
mod failure;
mod hostile;
mod interruption;
mod invitation;
mod limit;
mod owner_floor;
mod scenario;
mod subject;
mod world;
