//! What tells the rows of a list apart, so that one which stands there twice is not taken for two.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::{Page, Row};
use crate::error::quotable;

const QUOTE_LIMIT: usize = 120;

/// What tells a row from every other of its list, and what it is called.
#[derive(Debug)]
pub(crate) enum Identity<'a> {
    /// Its number, whatever else it says, and its name.
    Number(u64, &'a str),
    /// An id that is no number.
    Id(&'a str),
    /// All of it, and whom it is about: the list names somebody once for each role, and the like.
    Whole(Cow<'a, str>),
    /// Nothing: two that read alike may well be two.
    Unsaid,
}

impl Identity<'_> {
    /// What it tells apart, in the room of a number.
    fn print(&self, row: &impl fmt::Debug) -> u64 {
        match self {
            Self::Number(number, _) => print_of_number(*number),
            Self::Id(id) => {
                let mut hasher = DefaultHasher::new();
                ("id", id).hash(&mut hasher);
                hasher.finish()
            }
            Self::Whole(_) | Self::Unsaid => print_of_row(row),
        }
    }

    fn named(&self) -> Option<String> {
        let name = match self {
            Self::Number(number, name) => format!("{name} (number {number})"),
            Self::Id(id) => (*id).to_owned(),
            Self::Whole(name) => name.clone().into_owned(),
            Self::Unsaid => return None,
        };
        Some(quotable(&name, QUOTE_LIMIT))
    }
}

fn print_of_number(number: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    ("number", number).hash(&mut hasher);
    hasher.finish()
}

fn print_of_row(row: &impl fmt::Debug) -> u64 {
    struct Hashing(DefaultHasher);
    impl fmt::Write for Hashing {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }
    let mut hashing = Hashing(DefaultHasher::new());
    // It never fails, and a row of which nothing is written would only count as known.
    let _ = write!(hashing, "{row:?}");
    hashing.0.finish()
}

/// The rows of the pages read so far.
#[derive(Default)]
pub(crate) struct Known {
    rows: HashSet<u64>,
    /// How many there are, each once.
    pub(crate) received: usize,
}

impl Known {
    /// Takes in a page; answers whether anything on it is new, or it is empty.
    ///
    /// # Errors
    /// Says what stands on it twice. That a page begins with what the one before ended with is no fault
    /// of it: somebody may have come in between.
    pub(crate) fn take_in<R: Row + fmt::Debug>(&mut self, page: &Page<R>) -> Result<bool, String> {
        let twice = |what: &str| format!("the list names {what} twice");
        let mut prints = HashSet::with_capacity(page.rows.len());
        let mut repeated = 0_usize;
        for row in &page.rows {
            let identity = row.identity();
            let print = identity.print(row);
            repeated += usize::from(self.rows.contains(&print));
            let is_again = !prints.insert(print);
            if let Some(name) = identity.named().filter(|_| is_again) {
                return Err(twice(&name));
            }
        }
        if R::IS_NUMBERED {
            for number in page.unread.iter().filter_map(|(_, odd)| odd.number) {
                let print = print_of_number(number);
                repeated += usize::from(self.rows.contains(&print));
                if !prints.insert(print) {
                    return Err(twice(&format!("number {number}")));
                }
            }
        }
        let new = page.received.saturating_sub(repeated);
        self.rows.extend(prints);
        self.received = self.received.saturating_add(new);
        Ok(new > 0 || page.received == 0)
    }
}
