//! Renderings as people see them, and what must hold of all of them.

mod explained;
mod governing;
mod hostile;
mod machine;
mod named;
mod redacted;
mod terminal;
mod whole;
