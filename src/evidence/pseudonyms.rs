//! Pseudonyms for names and mail addresses, so that a pack can be handed to somebody who must not know them. Whoever keeps the table of
//! pseudonyms can tell who is meant; the pack alone cannot.
//!
//! Each name and each address has a pseudonym of its own, the same in every pack that is made with the same table. A name that is an
//! ordinary word of the reports as well (an account called “Admin”) is replaced only where it stands alone, so that what the reports
//! say stays what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

use crate::digest::Digest;
use crate::text::harmless;

/// Where no mail can ever go: RFC 2606, section 2.
const DOMAIN: &str = "redacted.invalid";

/// The table of pseudonyms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pseudonyms {
    /// By what is hidden, in small letters.
    by_original: BTreeMap<String, String>,
    /// The number of the last one.
    last: usize,
}

/// A table of pseudonyms that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the table of pseudonyms: {what}")]
pub struct NoTable {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

impl Pseudonyms {
    /// Reads a table: CSV with the columns `pseudonym` and `original`.
    ///
    /// # Errors
    /// When a line is no pair of a pseudonym of ours and what it hides, or one comes twice.
    pub fn read(text: &str) -> Result<Self, NoTable> {
        let mut table = Self::default();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|error| NoTable { line: 1, what: error.to_string() })?;
        if headers != vec!["pseudonym", "original"] {
            return Err(NoTable { line: 1, what: "expected the columns `pseudonym` and `original`".to_owned() });
        }
        let mut given = BTreeSet::new();
        for record in reader.records() {
            let record = record.map_err(|error| NoTable {
                line: error.position().map_or(0, csv::Position::line),
                what: error.to_string(),
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            let (pseudonym, original) = (record.get(0).unwrap_or_default(), record.get(1).unwrap_or_default());
            let Some(number) = number_of(pseudonym) else {
                return Err(NoTable { line, what: format!("`{pseudonym}` is no pseudonym, such as `name-1`") });
            };
            if !given.insert(number) || original.is_empty() {
                return Err(NoTable { line, what: format!("`{pseudonym}` comes twice, or hides nothing") });
            }
            if table.by_original.insert(original.to_lowercase(), pseudonym.to_owned()).is_some() {
                return Err(NoTable { line, what: "what it hides has a pseudonym already".to_owned() });
            }
            table.last = table.last.max(number);
        }
        Ok(table)
    }

    /// The table as a file, by pseudonym.
    ///
    /// # Panics
    /// Never: memory takes what is written to it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut rows: Vec<(&String, &String)> = self.by_original.iter().collect();
        rows.sort_by_key(|(_, pseudonym)| number_of(pseudonym));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut put = |row: [&str; 2]| writer.write_record(row).expect("internal: memory takes a row");
        put(["pseudonym", "original"]);
        for (original, pseudonym) in rows {
            put([pseudonym, original]);
        }
        let bytes = writer.into_inner().expect("internal: memory takes what is left");
        String::from_utf8(bytes).expect("internal: it was text")
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_original.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_original.is_empty()
    }

    /// The pseudonym of a name or an address, a new one if it has none.
    fn of(&mut self, original: &str) -> String {
        let key = original.to_lowercase();
        if let Some(known) = self.by_original.get(&key) {
            return known.clone();
        }
        self.last += 1;
        let pseudonym = match key.contains('@') {
            true => format!("mail-{}@{DOMAIN}", self.last),
            false => format!("name-{}", self.last),
        };
        self.by_original.insert(key, pseudonym.clone());
        pseudonym
    }
}

fn number_of(pseudonym: &str) -> Option<usize> {
    let mail = pseudonym.strip_prefix("mail-").and_then(|rest| rest.strip_suffix("@redacted.invalid"));
    mail.or_else(|| pseudonym.strip_prefix("name-"))?.parse().ok()
}

/// Puts pseudonyms into texts.
pub struct Redactor<'p> {
    pseudonyms: &'p mut Pseudonyms,
    /// Finds the names that are replaced wherever they stand.
    finder: AhoCorasick,
    /// Their pseudonyms, in the order of the finder.
    found: Vec<String>,
    /// Names that are ordinary words: replaced only where a value is nothing else.
    alone: BTreeMap<String, String>,
    /// All that may have been cut short somewhere, in small letters, with what takes its place.
    whole: BTreeMap<String, String>,
}

/// The shortest beginning of a cut name that is taken for it, and the longest that is looked for, in letters.
const SHORTEST_CUT: usize = 3;
const LONGEST_CUT: usize = 120;

impl<'p> Redactor<'p> {
    /// For these names, with the words that the reports use themselves. Addresses are found without being named.
    ///
    /// # Errors
    /// When there are more names than can be looked for.
    pub fn new<'n>(
        pseudonyms: &'p mut Pseudonyms,
        names: impl IntoIterator<Item = &'n str>,
        words: &BTreeSet<String>,
    ) -> Result<Self, String> {
        let mut names: Vec<&str> = names.into_iter().map(str::trim).filter(|name| !name.is_empty()).collect();
        // In no order of the alphabet: a number must not tell between which names a name stands.
        names.sort_by_cached_key(|name| (Digest::of_bytes(name.to_lowercase().as_bytes()), *name));
        names.dedup();
        let (mut patterns, mut found) = (Vec::new(), Vec::new());
        let (mut alone, mut whole) = (BTreeMap::new(), BTreeMap::new());
        for name in names {
            let pseudonym = pseudonyms.of(name);
            let small = name.to_lowercase();
            whole.insert(small.clone(), pseudonym.clone());
            if name.contains('@') {
                continue;
            }
            if name.chars().count() < 2 || words_of(name).all(|word| words.contains(&word)) {
                alone.insert(small, pseudonym);
                continue;
            }
            for form in [name, &small].into_iter().flat_map(forms).collect::<BTreeSet<_>>() {
                patterns.push(form);
                found.push(pseudonym.clone());
            }
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(&patterns)
            .map_err(|error| error.to_string())?;
        Ok(Self { pseudonyms, finder, found, alone, whole })
    }

    /// The names that are replaced only where they stand alone, sorted.
    pub fn ordinary_words(&self) -> impl Iterator<Item = &str> {
        self.alone.keys().map(String::as_str)
    }

    /// A text with pseudonyms.
    pub fn text(&mut self, text: &str) -> String {
        let whole = self.cut_short(text);
        let text = whole.as_deref().unwrap_or(text);
        let mut shown = String::with_capacity(text.len());
        let mut end = 0;
        for address in addresses(text) {
            shown.push_str(&self.names(text.get(end..address.start).unwrap_or_default()));
            let found = text.get(address.clone()).unwrap_or_default();
            // A pseudonym has taken the place of one that was cut short.
            match number_of(found) {
                Some(_) => shown.push_str(found),
                None => shown.push_str(&self.pseudonyms.of(found)),
            }
            end = address.end;
        }
        shown.push_str(&self.names(text.get(end..).unwrap_or_default()));
        shown
    }

    /// A value that may be nothing but a name.
    pub fn value(&mut self, text: &str) -> String {
        match self.alone.get(&text.trim().to_lowercase()) {
            Some(pseudonym) => pseudonym.clone(),
            None => self.text(text),
        }
    }

    /// A CSV table with pseudonyms. `may_be_name` tells of a column, from 0, whether a cell of it may be nothing but a name, or a
    /// list of them.
    ///
    /// # Errors
    /// When it is no table, or cannot be written.
    pub fn csv(&mut self, table: impl Read, out: impl Write, may_be_name: impl Fn(usize) -> bool) -> io::Result<()> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table);
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        for (number, record) in reader.records().enumerate() {
            let record = record?;
            let cells = record.iter().enumerate().map(|(at, cell)| match number {
                0 => cell.to_owned(),
                _ if may_be_name(at) => cell.split("; ").map(|part| self.value(part)).collect::<Vec<_>>().join("; "),
                _ => self.text(cell),
            });
            writer.write_record(cells)?;
        }
        writer.flush()
    }

    /// A JSON value with pseudonyms in its texts and keys; a text under one of these keys may be nothing but a name.
    pub fn json(&mut self, value: Value, is_name: bool) -> Value {
        match value {
            Value::String(text) if is_name => Value::String(self.value(&text)),
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(values) => Value::Array(values.into_iter().map(|value| self.json(value, is_name)).collect()),
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(key, value)| {
                    let is_name = is_name && key == "known" || NAME_KEYS.contains(&key.as_str());
                    (self.text(&key), self.json(value, is_name))
                });
                Value::Object(fields.collect())
            }
            other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
        }
    }

    /// The text with pseudonyms for names that were cut short with an ellipsis; `None` if there is none.
    fn cut_short(&self, text: &str) -> Option<String> {
        let mut shown = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('…') {
            let mut begins: Vec<usize> = Vec::new();
            let mut next = '…';
            for (at, letter) in before.char_indices().rev().take(LONGEST_CUT) {
                // A name begins where a word does.
                if letter.is_alphanumeric() {
                    begins.push(at);
                } else if next.is_alphanumeric() {
                    begins.push(at + letter.len_utf8());
                }
                next = letter;
            }
            begins.sort_unstable();
            let cut = begins.into_iter().find_map(|at| {
                let is_inside = before.get(..at)?.chars().next_back().is_some_and(char::is_alphanumeric);
                let begun = before.get(at..)?.to_lowercase();
                if is_inside || begun.chars().count() < SHORTEST_CUT {
                    return None;
                }
                let (name, pseudonym) = self.whole.range(begun.clone()..).next()?;
                name.starts_with(&begun).then_some((at, pseudonym))
            });
            match cut {
                Some((at, pseudonym)) => {
                    shown.push_str(before.get(..at).unwrap_or_default());
                    shown.push_str(pseudonym);
                }
                None => shown.push_str(before),
            }
            shown.push('…');
            rest = after;
        }
        shown.push_str(rest);
        (shown != text).then_some(shown)
    }

    fn names(&self, text: &str) -> String {
        let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        let mut shown = String::with_capacity(text.len());
        let mut end = 0;
        for found in self.finder.find_iter(text) {
            let (before, after) = (text.get(..found.start()), text.get(found.end()..));
            let inside = is_word(before.and_then(|before| before.chars().next_back()))
                || is_word(after.and_then(|after| after.chars().next()));
            if inside {
                continue;
            }
            shown.push_str(text.get(end..found.start()).unwrap_or_default());
            shown.push_str(self.found.get(found.pattern().as_usize()).map_or("", String::as_str));
            end = found.end();
        }
        shown.push_str(text.get(end..).unwrap_or_default());
        shown
    }
}

/// How a name may be written: as it is, in JSON, in HTML, in CSV, and without what is not shown.
fn forms(name: &str) -> [String; 6] {
    let json = serde_json::to_string(name).unwrap_or_default();
    let html = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html_with_quotes = html.replace('"', "&quot;").replace('\'', "&#x27;").replace('/', "&#x2f;");
    let csv = name.replace('"', "\"\"");
    [name.to_owned(), json.trim_matches('"').to_owned(), html, html_with_quotes, csv, harmless(name)]
}

/// Keys of JSON whose text may be nothing but the name of somebody.
const NAME_KEYS: [&str; 22] = [
    "name",
    "resource_name",
    "account_name",
    "username",
    "owner",
    "by",
    "accepted_by",
    "approver",
    "reviewer",
    "started_by",
    "asked",
    "known_as",
    "manager",
    "vendor_contact",
    "created_by",
    "author",
    "holder",
    "account",
    "actor",
    "from",
    "to",
    "principal",
];

/// The words of a text, in small letters.
pub fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Where mail addresses stand in a text, in order.
fn addresses(text: &str) -> Vec<Range<usize>> {
    let local = |letter: char| letter.is_alphanumeric() || "._%+'-!#$&*=?^`{|}~".contains(letter);
    let domain = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let mut addresses: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (Some(before), Some(after)) = (text.get(..at), text.get(at + 1..)) else { continue };
        let begin =
            before.char_indices().rev().take_while(|(_, letter)| local(*letter)).last().map_or(at, |(begin, _)| begin);
        let host: &str = after.split(|letter| !domain(letter)).next().unwrap_or_default();
        let host = host.trim_end_matches(['.', '-', '_']);
        let begin = begin.max(addresses.last().map_or(0, |last| last.end));
        if begin < at && !host.is_empty() {
            addresses.push(begin..at + 1 + host.len());
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn words() -> BTreeSet<String> {
        ["admin", "open", "jira", "can"].map(str::to_owned).into()
    }

    /// What becomes of a text, with the originals in brackets in place of their pseudonyms.
    fn redacted(names: &[&str], text: &str) -> String {
        let mut pseudonyms = Pseudonyms::default();
        let shown = Redactor::new(&mut pseudonyms, names.iter().copied(), &words()).unwrap().text(text);
        told(&pseudonyms, shown)
    }

    fn told(pseudonyms: &Pseudonyms, mut text: String) -> String {
        let mut by_length: Vec<_> = pseudonyms.by_original.iter().collect();
        by_length.sort_by_key(|(_, pseudonym)| std::cmp::Reverse(pseudonym.len()));
        for (original, pseudonym) in by_length {
            text = text.replace(pseudonym, &format!("[{original}]"));
        }
        text
    }

    #[test]
    fn names_and_addresses_go_wherever_they_stand() {
        let names = ["Mia Sommer", "msommer", "O'Brien & Co", "Ana", "Ana Lee", "Élodie"];
        let text = "Mia Sommer (MSOMMER, mia.sommer@acme.example) gave dc/principal/msommer to O'Brien &amp; Co; anagram, Ana Lee, Élodie.";
        assert_eq!(
            redacted(&names, text),
            "[mia sommer] ([msommer], [mia.sommer@acme.example]) gave dc/principal/[msommer] to [o'brien & co]; anagram, [ana lee], [élodie]."
        );
        assert_eq!(
            redacted(&[], "write to <a+b@x.example>, c@y.example."),
            "write to <[a+b@x.example]>, [c@y.example]."
        );
        assert_eq!(
            redacted(&["Mia Sommer", "m.sommer@acme.example"], "of Mia So… or m.so…, Mi…"),
            "of [mia sommer]… or [m.sommer@acme.example]…, Mi…"
        );
        assert_eq!(redacted(&[], "@all a@ @ me@"), "@all a@ @ me@");
        assert_eq!(redacted(&[], "a@b@c.example"), "[a@b]@c.example");
    }

    #[test]
    fn an_ordinary_word_goes_only_where_it_stands_alone() {
        let mut pseudonyms = Pseudonyms::default();
        let mut redactor = Redactor::new(&mut pseudonyms, ["Admin", "open", "Jira Admin", "Kim"], &words()).unwrap();
        assert_eq!(redactor.ordinary_words().collect::<Vec<_>>(), ["admin", "jira admin", "open"]);
        let text = redactor.text("Admin can open Jira, and Kim");
        let value = json!({ "status": "open", "name": "open", "owner": { "known": "Admin" }, "text": ["Kim"], "n": 1 });
        let value = redactor.json(value, false).to_string();
        let mut table = Vec::new();
        redactor.csv("kim,b\r\nopen,open\r\n\"Kim; Admin\",x\r\n".as_bytes(), &mut table, |at| at == 0).unwrap();
        assert_eq!(told(&pseudonyms, text), "Admin can open Jira, and [kim]");
        let expected = r#"{"n":1,"name":"[open]","owner":{"known":"[admin]"},"status":"open","text":["[kim]"]}"#;
        assert_eq!(told(&pseudonyms, value), expected);
        let table = told(&pseudonyms, String::from_utf8(table).unwrap());
        assert_eq!(table, "kim,b\r\n[open],open\r\n[kim]; [admin],x\r\n");
    }

    #[test]
    fn the_table_is_read_back_and_grows() {
        let mut pseudonyms = Pseudonyms::default();
        let shown =
            Redactor::new(&mut pseudonyms, ["Kim, \"K\"", "Ana"], &words()).unwrap().text("Kim, \"K\" a@b.example");
        let table = pseudonyms.to_text();
        let mut again = Pseudonyms::read(&table).unwrap();
        assert_eq!(again, pseudonyms);
        let mut redactor = Redactor::new(&mut again, ["Bo", "Kim, \"K\""], &words()).unwrap();
        assert_eq!(redactor.text("Kim, \"K\" a@b.example"), shown);
        assert_eq!(redactor.text("Bo"), "name-4", "a new one gets the next number");
        assert!(again.to_text().starts_with(&table), "what is in the table stays as it is");
        for wrong in [
            "a,b\n",
            "pseudonym,original\nx,y\n",
            "pseudonym,original\nname-1,a\nname-1,b\n",
            "pseudonym,original\nname-1,a\nname-2,A\n",
            "pseudonym,original\nname-1\n",
            "pseudonym,original\nname-1,\n",
        ] {
            assert!(Pseudonyms::read(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_a_name_or_an_address_is_left(
            before in "[ -~äß\u{202e}]{0,20}", name in "[a-z]{3,8}[0-9]{2}", user in "[a-z.]{1,8}", host in "[a-z]{1,8}", after in "[ -~äß]{0,20}",
        ) {
            let address = format!("{user}@{host}.example");
            let mut pseudonyms = Pseudonyms::default();
            let mut redactor = Redactor::new(&mut pseudonyms, [name.as_str()], &words()).unwrap();
            let shown = redactor.text(&format!("{before} {name} {address} {after}"));
            let around = redactor.text(&format!("{before}  {after}"));
            prop_assert!(!shown.contains(&format!(" {name} ")), "{}", shown);
            prop_assert!(!shown.contains(&address) || around.contains(&address), "{}", shown);
        }
    }
}
