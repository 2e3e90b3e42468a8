//! How long an answer says that its list is.

/// How long the answers say that a list is; the most that any page of it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// `total` and its like: the rows of all pages.
    total: Option<u64>,
    /// `count`: the rows of all pages, or only those of this one.
    count: Option<u64>,
    /// `total_pages` and its like.
    pages: Option<u64>,
}

impl Told {
    /// Takes in one field of an answer, whatever it is about.
    pub(crate) fn hear(&mut self, key: &str, number: Option<u64>) {
        let slot = match key {
            "total" | "total_count" | "totalCount" | "total_results" | "totalResults"
            | "total_items" | "totalItems" | "total_rows" => &mut self.total,
            "count" => &mut self.count,
            "total_pages" | "totalPages" | "page_count" | "pageCount" | "num_pages" => {
                &mut self.pages
            }
            _ => return,
        };
        // Absent is less than any number.
        *slot = number.max(*slot);
    }

    /// Takes in what another page says.
    pub(crate) fn join(&mut self, other: Self) {
        self.total = self.total.max(other.total);
        self.count = self.count.max(other.count);
        self.pages = self.pages.max(other.pages);
    }

    /// What is missing of a list of which so much was received; nothing where it is whole. More than it
    /// says is no matter: somebody may have come in between. Beside a total, a count is that of a page.
    pub(crate) fn missing(self, rows: usize, pages: usize) -> Option<String> {
        let fewer = |had: usize, told: Option<u64>| {
            told.filter(|told| u64::try_from(had).is_ok_and(|had| had < *told))
        };
        if let Some(total) = fewer(rows, self.total.or(self.count)) {
            return Some(format!(
                "the list ends after {rows} of the {total} rows that it says it has"
            ));
        }
        let total = fewer(pages, self.pages)?;
        Some(format!("the list ends after {pages} of the {total} pages that it says it has"))
    }
}
