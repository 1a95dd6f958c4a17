//! Long lists: a page of a hundred at a time, and always how many there are in all.

use std::ops::Range;

use serde::Serialize;

use super::{Asked, Frame, Miss};

/// Rows on one page.
const ROWS: usize = 100;

/// Where a page stands in its list.
#[derive(Debug, Serialize)]
pub(super) struct Paging {
    /// The first row, counted from one; zero if there is none.
    first: usize,
    last: usize,
    total: usize,
    page: usize,
    pages: usize,
    earlier: Option<String>,
    later: Option<String>,
}

impl Paging {
    /// The page of a list that is asked for, and the rows on it. `query` is what the list is asked with.
    ///
    /// # Errors
    /// If there is no such page.
    pub(super) fn of(
        frame: &Frame,
        path: &str,
        query: &[(&str, &str)],
        asked: &Asked,
        total: usize,
    ) -> Result<(Self, Range<usize>), Miss> {
        let pages = total.div_ceil(ROWS).max(1);
        let page = match asked.get("page").map(String::as_str) {
            None | Some("") => 1,
            Some(written) => {
                let page = written.parse().ok().filter(|page| (1..=pages).contains(page));
                page.ok_or_else(|| Miss::NotThere(format!("The list has pages 1 to {pages}.")))?
            }
        };
        let rows = (page - 1) * ROWS..(page * ROWS).min(total);
        let to = |page: usize| {
            let page = page.to_string();
            let mut query = query.to_vec();
            query.push(("page", &page));
            frame.link(path, &query)
        };
        let paging = Self {
            first: if total == 0 { 0 } else { rows.start + 1 },
            last: rows.end,
            total,
            page,
            pages,
            earlier: (page > 1).then(|| to(page - 1)),
            later: (page < pages).then(|| to(page + 1)),
        };
        Ok((paging, rows))
    }
}

/// True if any of these texts has the words that are looked for, in whatever case.
pub(super) fn has<'a>(words: &str, texts: impl IntoIterator<Item = &'a str>) -> bool {
    words.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(page: &str, total: usize) -> Result<(Paging, Range<usize>), Miss> {
        let now = "2026-11-22T02:00:00Z".parse().unwrap();
        let frame = Frame { tenant: "acme".into(), who: String::new(), form_word: String::new(), several: false, now };
        let asked = Asked::from([("page".to_owned(), page.to_owned())]);
        Paging::of(&frame, "findings", &[("q", "a b"), ("rule", "")], &asked, total)
    }

    #[test]
    fn each_row_is_on_one_page() {
        let (first, rows) = paging("", 201).unwrap();
        assert_eq!((first.first, first.last, first.pages, rows), (1, 100, 3, 0..100));
        assert_eq!(first.later.as_deref(), Some("/t/acme/findings?q=a%20b&page=2"));
        assert!(first.earlier.is_none());
        let (last, rows) = paging("3", 201).unwrap();
        assert_eq!((last.first, last.last, rows), (201, 201, 200..201));
        assert!(last.later.is_none());
        let (none, rows) = paging("1", 0).unwrap();
        assert_eq!((none.first, none.last, none.total, rows), (0, 0, 0, 0..0));
        for odd in ["0", "4", "-1", "x", "99999999999999999999999", "1 "] {
            assert!(paging(odd, 201).is_err(), "{odd}");
        }
    }
}
