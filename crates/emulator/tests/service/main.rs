//! Drives the emulator over HTTP.

#[cfg(test)]
mod app;
#[cfg(test)]
mod client;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod invitations;
#[cfg(test)]
mod projects;
#[cfg(test)]
mod random;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod scim;
#[cfg(test)]
mod service_accounts;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod teams;
#[cfg(test)]
mod writing;
