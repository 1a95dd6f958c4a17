//! A mapping: what a row of an export is, and which column holds what. Either written in the configuration, or one of
//! those that come with keyroll.

use std::collections::BTreeMap;

use super::field::{Columns, Defaults, Field, read_dates, read_never};
use super::fields::{Holds, KINDS, NOBODY_IS, fields_of, forms_of};
use crate::document::{self, Located, Node, Section, Value};
use crate::model::{Holder, Kind};
use crate::problem::{Problems, SourceText};
use crate::sources::local::DateForm;
use crate::text::did_you_mean;
use crate::timetable::Zone;

/// The mappings that come with keyroll, by name.
pub(super) const READY_MADE: [(&str, &str); 9] = [
    ("jira-dc-global-permissions", include_str!("mappings/jira-dc-global-permissions.yaml")),
    ("jira-dc-oauth-consumers", include_str!("mappings/jira-dc-oauth-consumers.yaml")),
    ("jira-dc-last-logins", include_str!("mappings/jira-dc-last-logins.yaml")),
    ("jira-dc-tokens", include_str!("mappings/jira-dc-tokens.yaml")),
    ("jira-dc-oauth-clients", include_str!("mappings/jira-dc-oauth-clients.yaml")),
    ("jira-dc-outgoing-oauth", include_str!("mappings/jira-dc-outgoing-oauth.yaml")),
    ("bitbucket-dc-tokens", include_str!("mappings/bitbucket-dc-tokens.yaml")),
    ("github-org-tokens", include_str!("mappings/github-org-tokens.yaml")),
    ("gitlab-tokens", include_str!("mappings/gitlab-tokens.yaml")),
];

/// What a row of an export is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mapping {
    /// The kind of resource that a row becomes.
    pub(super) kind: Kind,
    /// Its form, of a kind that has some.
    pub(super) form: Option<Field>,
    /// What its id is put together from; none where it follows from the rest.
    pub(super) id: Vec<Field>,
    /// What stands before that.
    pub(super) id_prefix: String,
    /// Its name.
    pub(super) name: Option<Field>,
    /// All other fields.
    pub(super) fields: BTreeMap<&'static str, Field>,
    /// Who a grant without a holder is for.
    pub(super) nobody_is: Option<Holder>,
    /// The roles that make administrators of the groups that hold them.
    pub(super) administrators: Vec<String>,
    /// How the export shows that it is whole.
    pub(super) complete_when: CompleteWhen,
    /// The columns it asks for.
    pub(super) columns: Columns,
    pub(super) defaults: Defaults,
    /// How the export is written, if the mapping knows.
    pub(super) format: Option<String>,
    /// Where the rows are in a JSON document, if the mapping knows.
    pub(super) rows: Option<String>,
}

/// How an export shows that it is whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CompleteWhen {
    /// The column that has the count of all rows, in each of them.
    pub(super) total: Option<Field>,
    /// The column that tells of a row whether it is whole, and the words that say so.
    pub(super) row: Option<(Field, Vec<String>)>,
}

impl Mapping {
    /// Reads what is under `mapping`: the name of a ready-made one, or a section.
    pub(super) fn read(section: &mut Section) -> Option<Self> {
        if section.peek("mapping").is_none() && section.has("mapping") {
            let inner = section.section("mapping")?;
            return section.take(read_section(inner));
        }
        let name: Located<String> = section.need("mapping")?;
        let Some((name, text)) = READY_MADE.iter().find(|(known, _)| *known == name.value) else {
            let names = || READY_MADE.iter().map(|(known, _)| *known);
            let help = did_you_mean(&name.value, names()).map_or_else(
                || format!("there are {}; or write one as a section", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            section.wrong(name.span, format!("there is no mapping `{}`", name.value), Some(help));
            return None;
        };
        section.take(ready_made(name, text))
    }

    /// The forms that its resources can have, for the ledger; none if they can have any.
    pub(super) fn forms(&self) -> Vec<&'static str> {
        let known = forms_of(self.kind).map(|forms| forms()).unwrap_or_default();
        let possible = self.form.as_ref().and_then(Field::possible).unwrap_or_default();
        known.into_iter().filter(|form| possible.iter().any(|value| value.as_str() == Some(form))).collect()
    }

    /// The kinds that its rows show.
    pub(super) fn shows(&self) -> Vec<Kind> {
        let groups = Some(Kind::Group).filter(|_| !self.administrators.is_empty());
        groups.into_iter().chain([self.kind]).collect()
    }
}

fn ready_made(name: &str, text: &str) -> Result<Mapping, Problems> {
    let mut section = document::parse(&SourceText::new(&format!("{name}.yaml"), text))?;
    // What it is for, people read in the file.
    let _: Option<String> = section.get("about");
    read_section(section)
}

fn read_section(mut section: Section) -> Result<Mapping, Problems> {
    let kind = read_kind(&mut section);
    let start = Defaults { dates: DateForm::Rfc3339, zone: Zone::UTC, never: Vec::new() };
    let (dates, zone) = read_dates(&mut section, &start);
    let defaults = Defaults { dates, zone, never: read_never(&mut section).unwrap_or_default() };
    let mut columns = Columns::default();
    let read =
        |section: &mut Section, key, holds, columns: &mut Columns| Field::read(section, key, holds, columns, &defaults);

    let forms = kind.and_then(forms_of);
    let form = match forms {
        Some(forms) => read(&mut section, "form", Holds::OneOf(forms), &mut columns),
        None => None,
    };
    if let (Some(kind), Some(_), false) = (kind, forms, section.has("form")) {
        let help = Some("add `form: { value: … }`, or `form:` with a column".to_owned());
        section.wrong(section.span(), format!("the form of the {} is missing", kind.plural()), help);
    }
    let (id, id_prefix) = read_id(&mut section, &mut columns, &defaults);
    if id.is_empty() && !section.has("id") && !matches!(kind, Some(Kind::Grant | Kind::Setting) | None) {
        let help = Some("add `id:` with the column that tells rows apart".to_owned());
        section.wrong(section.span(), "`id` is missing", help);
    }
    let name = read(&mut section, "name", Holds::Text, &mut columns);
    let fields = read_fields(&mut section, kind, &mut columns, &defaults);
    let nobody_is = read_nobody(&mut section);
    let administrators = section.get("administrators").unwrap_or_default();
    let complete_when = read_complete_when(&mut section, &mut columns, &defaults);
    let format = section.get("format");
    let rows = section.get("rows");
    let mapping = kind.map(|kind| Mapping {
        kind,
        form,
        id,
        id_prefix,
        name,
        fields,
        nobody_is,
        administrators,
        complete_when,
        columns,
        defaults,
        format,
        rows,
    });
    section.finish(mapping)
}

fn read_kind(section: &mut Section) -> Option<Kind> {
    let written: Located<String> = section.need("kind")?;
    let kind = KINDS.into_iter().find(|kind| kind.name() == written.value);
    if kind.is_none() {
        let names = KINDS.map(Kind::name);
        let help = did_you_mean(&written.value, names)
            .map_or_else(|| format!("rows can be {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
        section.wrong(written.span, format!("rows cannot be `{}`", written.value), Some(help));
    }
    kind
}

/// A column, a list of columns, or a section with either and a prefix.
fn read_id(section: &mut Section, columns: &mut Columns, defaults: &Defaults) -> (Vec<Field>, String) {
    let is_list = |section: &Section| !section.has("id") || section.peek("id").is_some();
    if is_list(section) {
        let field = Field::read(section, "id", Holds::Text, columns, defaults);
        return (field.into_iter().collect(), String::new());
    }
    let node: Option<Node> = section.get("id");
    let Some(node) = node else { return (Vec::new(), String::new()) };
    if let Value::List(items) = &node.value {
        let names: Vec<Located<String>> = items
            .iter()
            .filter_map(|item| match &item.value {
                Value::Text(name) => Some(Located { value: name.clone(), span: item.span.clone() }),
                _ => None,
            })
            .collect();
        if names.len() != items.len() || names.is_empty() {
            section.wrong(node.span, "`id` is a list of something else than columns", None);
        }
        return (names.iter().map(|name| Field::of_column(section, name, columns, defaults)).collect(), String::new());
    }
    let file = section.file().clone();
    let Some(mut inner) = Section::of(&file, node.clone()) else {
        section.wrong(node.span, "`id` is the name of a column, a list of them, or a section", None);
        return (Vec::new(), String::new());
    };
    let prefix = inner.get("prefix").unwrap_or_default();
    let field = Field::read(&mut inner, "column", Holds::Text, columns, defaults);
    let several: Vec<Located<String>> = inner.get("columns").unwrap_or_default();
    let several: Vec<Field> =
        several.iter().map(|name| Field::of_column(&mut inner, name, columns, defaults)).collect();
    if field.is_none() && several.is_empty() {
        inner.wrong(inner.span(), "`id` names no column", Some("add `column:` or `columns:`".to_owned()));
    }
    section.take(inner.finish(Some(())));
    (field.into_iter().chain(several).collect(), prefix)
}

fn read_fields(
    section: &mut Section,
    kind: Option<Kind>,
    columns: &mut Columns,
    defaults: &Defaults,
) -> BTreeMap<&'static str, Field> {
    let mut fields = BTreeMap::new();
    let Some(mut inner) = section.section("fields") else { return fields };
    let Some(kind) = kind else {
        inner.rest();
        section.take(inner.finish(Some(())));
        return fields;
    };
    for known in fields_of(kind) {
        if let Some(field) = Field::read(&mut inner, known.name, known.holds, columns, defaults) {
            fields.insert(known.name, field);
        }
    }
    if kind == Kind::Grant && !inner.has("role") {
        inner.wrong(inner.span(), "`role` is missing", Some("add the column that says what was granted".to_owned()));
    }
    if kind == Kind::Setting && !inner.has("key") {
        inner.wrong(inner.span(), "`key` is missing", Some("add the column that says what is set".to_owned()));
    }
    section.take(inner.finish(Some(())));
    fields
}

fn read_nobody(section: &mut Section) -> Option<Holder> {
    let written: Located<String> = section.get("nobody_is")?;
    let holder = NOBODY_IS.into_iter().find(|holder| holder.name() == written.value);
    if holder.is_none() {
        let help = Some(format!("a grant without a holder is for {}", NOBODY_IS.map(Holder::name).join(" or ")));
        section.wrong(written.span, format!("`nobody_is` cannot be `{}`", written.value), help);
    }
    holder
}

fn read_complete_when(section: &mut Section, columns: &mut Columns, defaults: &Defaults) -> CompleteWhen {
    let Some(mut inner) = section.section("complete_when") else { return CompleteWhen::default() };
    let total: Option<Located<String>> = inner.get("total_in");
    // An export without this column is whole if the configuration says so.
    let total = total.map(|name| Field::of_optional_column(&mut inner, &name, columns, defaults));
    let column: Option<Located<String>> = inner.get("column");
    let words: Option<Vec<Node>> = inner.get("is");
    let row = match (column, words) {
        (Some(column), Some(words)) => {
            let field = Field::of_column(&mut inner, &column, columns, defaults);
            let words =
                words.iter().map(|word| crate::sources::local::plain(&word.value.to_json()).unwrap_or_default());
            Some((field, words.collect()))
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            inner.wrong(
                inner.span(),
                "`column` and `is` belong together",
                Some("`is: [done]` lists the words of whole rows".to_owned()),
            );
            None
        }
    };
    let read = CompleteWhen { total, row };
    section.take(inner.finish(Some(()))).map(|()| read).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(yaml: &str) -> Vec<String> {
        let section = document::parse(&SourceText::new("m.yaml", yaml)).unwrap();
        read_section(section)
            .err()
            .map_or_else(Vec::new, |problems| problems.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_comes_with_keyroll_has_no_mistakes_and_asks_for_no_secret() {
        for (name, text) in READY_MADE {
            let mapping = ready_made(name, text).unwrap_or_else(|problems| panic!("{problems}"));
            assert!(!mapping.columns.0.is_empty() && text.starts_with("about:"), "{name}");
            assert!(forms_of(mapping.kind).is_none() || !mapping.forms().is_empty(), "{name}");
        }
    }

    #[test]
    fn all_mistakes_of_a_mapping_are_told_at_once() {
        let yaml = "kind: credential\nform: { value: personal-acces-token }\nid: ID\ndates: iso\nfields:\n  owner: { column: WHO, by: mial }\n  \
                    expires: EXPIRES\n  status: { value: x, column: WHY }\n  impersonates: { value: maybe }\n  scopes: HASHED_TOKEN\n";
        let told = told(yaml);
        let expected = [
            "m.yaml:2:16: `personal-acces-token` is not known here; did you mean `personal-access-token`?",
            "m.yaml:4:8: `iso` is no form of dates",
            "`by` cannot be `mial`",
            "unknown key `expires`",
            "`value` and `column` exclude each other",
            "`maybe` is neither true nor false",
            "column `HASHED_TOKEN` is named like the value of a secret",
        ];
        for expected in expected {
            assert!(told.iter().any(|told| told.contains(expected)), "not told: {expected}\n{told:#?}");
        }
        assert_eq!(told.len(), expected.len(), "{told:#?}");
    }

    #[test]
    fn words_that_yaml_takes_for_true_and_false_can_be_mapped_without_quotes() {
        let yaml = "kind: setting\nfields:\n  key: k\n  value: { column: v, values: { true: a, no: b, t: c, 1: d, n: null } }\n";
        let section = document::parse(&SourceText::new("m.yaml", yaml)).unwrap();
        let mapping = read_section(section).unwrap();
        let value = |word: serde_json::Value| {
            let (place, span) = ("line 1".to_owned(), 0..0);
            let row = crate::sources::local::Row { place, span, cells: vec![None, Some(word)] };
            mapping.fields["value"].cell(&row)
        };
        let known = |word: &str| Ok(crate::model::Fact::Known(serde_json::json!(word)));
        assert_eq!(value(serde_json::json!(true)), known("a"));
        assert_eq!(value(serde_json::json!("no")), known("b"));
        assert_eq!(value(serde_json::json!("t")), known("c"));
        assert_eq!(value(serde_json::json!(1)), known("d"));
        assert_eq!(value(serde_json::json!("n")), Ok(crate::model::Fact::Absent));
        assert!(value(serde_json::json!("other")).unwrap_err().contains("true, no, t, 1, n"));
    }

    #[test]
    fn a_mapping_needs_kind_form_and_id() {
        assert_eq!(told("fields: { x: y }\n").len(), 1);
        assert!(told("kind: person\n")[0].contains("rows can be principal"));
        let told = told("kind: credential\n").join("\n");
        assert!(told.contains("form of the credentials is missing") && told.contains("`id` is missing"), "{told}");
    }
}
