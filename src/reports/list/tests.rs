//! Lists: names of columns, and the order of rows whatever they hold.

use proptest::prelude::*;

use super::order::key;
use super::*;
use crate::model::{What, sample};

fn misnamed(shown: &[&str], sort: &[&str]) -> String {
    let Misnamed { what, help } = Listable::of("drift", false, false).view(shown, sort).unwrap_err();
    format!("{what}: {help}")
}

#[test]
fn names_are_those_of_the_files_and_nothing_else() {
    let view = Listable::of("drift", false, false).view(&[" what", "field"], &["-resource_name", "what"]).unwrap();
    assert_eq!(view.shown, [2, 1]);
    assert_eq!(view.sort.iter().map(|by| (by.column, by.falling)).collect::<Vec<_>>(), [(4, true), (2, false)]);
    assert!(
        misnamed(&["Field"], &[]).contains("has no column `Field`: did you mean `field`? it has resource_id, field")
    );
    assert!(misnamed(&[], &["--what"]).contains("`-what`"));
    assert!(misnamed(&["what", "what"], &[]).contains("named twice"));
    assert!(misnamed(&["undecided_because"], &[]).contains("no column"));
    let all = Listable::of("findings", true, true).view(&[], &[]).unwrap();
    assert_eq!(all.shown.len(), 25, "the tenant before, the reason behind");
}

fn sorted(cells: Vec<Cell<'static>>, form: ColumnForm, falling: bool) -> Vec<String> {
    let mut cells = cells;
    cells.sort_by_cached_key(|cell| key(cell, form, falling));
    cells.iter().map(|cell| cell.written().into_owned()).collect()
}

#[test]
fn what_a_column_holds_decides_and_nothing_comes_last_either_way() {
    let numbers = || vec![Cell::own("unknown"), Cell::number(10), Cell::own(""), Cell::number(9), Cell::number(-1)];
    assert_eq!(sorted(numbers(), ColumnForm::Number, false), ["-1", "9", "10", "", "unknown"]);
    assert_eq!(sorted(numbers(), ColumnForm::Number, true), ["10", "9", "-1", "", "unknown"]);
    let severities = || ["low", "critical", "info", "high"].map(Cell::own).to_vec();
    assert_eq!(sorted(severities(), ColumnForm::Severity, true), ["critical", "high", "low", "info"]);
    let names = vec![
        Cell::foreign("beta"),
        Cell::foreign("Alpha"),
        Cell::foreign("alpha"),
        Cell::foreign("=x"),
        Cell::foreign("unknown"),
    ];
    assert_eq!(sorted(names, ColumnForm::Text, false), ["'=x", "Alpha", "alpha", "beta", "'unknown"]);
    let lists = vec![
        Cell::own("empty"),
        Cell::own("none"),
        Cell::own("unknown"),
        Cell::list(["b"].iter()),
        Cell::list(["a", "c"].iter()),
    ];
    assert_eq!(sorted(lists, ColumnForm::List, true), ["b", "a; c", "empty", "none", "unknown"]);
}

#[test]
fn rows_that_are_alike_stay_in_their_order_and_things_follow_their_rows() {
    let changes: Vec<Change> = sample::resources().iter().map(|one| Change::of(What::Added, one)).collect();
    let given: Vec<&Change> = changes.iter().collect();
    let listable = Listable::of("drift", false, false);
    let view = listable.view(&["resource_id"], &["what"]).unwrap();
    let mut list = List::new(listable.clone(), view);
    list.fill_changes(&given, &|_| Some("")).unwrap();
    list.sort();
    let mut arranged = given.clone();
    list.arrange(&mut arranged, |change| vec![change.resource.as_str()]);
    assert_eq!(arranged, given);

    let view = listable.view(&["resource_id"], &["-resource_kind", "resource_name"]).unwrap();
    let mut list = List::new(listable, view);
    list.fill_changes(&given, &|id| (!id.contains("/group/")).then_some("")).unwrap();
    list.sort();
    assert_eq!(list.len(), changes.len() - 1, "one is not wanted");
    list.arrange(&mut arranged, |change| vec![change.resource.as_str()]);
    let kinds: Vec<&str> = arranged.iter().map(|change| change.resource.kind().name()).collect();
    assert_eq!(kinds.last(), Some(&"group"), "what has no row comes last");
    let others: Vec<&str> = kinds.iter().copied().filter(|kind| *kind != "group").collect();
    assert!(others.is_sorted_by(|one, next| one >= next), "{kinds:?}");
    let mut csv = Vec::new();
    list.csv(&mut csv).unwrap();
    assert!(csv.starts_with(b"resource_id\r\n"), "only what is named is shown");
}

proptest! {
    /// Every pair of cells has one order, it is the other way round from the greatest down, and without a value it is the last.
    #[test]
    fn the_order_is_one(texts in proptest::collection::vec("[ -~äÖß]{0,6}|unknown|none", 0..8), own in any::<bool>()) {
        let cells = || texts.iter().map(|text| if own { Cell::own(text.clone()) } else { Cell::foreign_owned(text) }).collect::<Vec<_>>();
        for form in [ColumnForm::Text, ColumnForm::Number, ColumnForm::List, ColumnForm::Severity, ColumnForm::YesNo] {
            let (rising, falling) = (sorted(cells(), form, false), sorted(cells(), form, true));
            let is_value = |text: &&String| !matches!(text.as_str(), "" | "none" | "unknown" | "empty");
            let mut values: Vec<&String> = falling.iter().filter(is_value).collect();
            values.reverse();
            let risen: Vec<&String> = rising.iter().filter(is_value).collect();
            prop_assert_eq!(risen.len(), values.len());
            prop_assert!(rising.iter().skip_while(is_value).all(|text| !is_value(&text)));
            prop_assert!(falling.iter().skip_while(is_value).all(|text| !is_value(&text)));
            prop_assert_eq!(&sorted(cells(), form, false), &rising);
        }
    }
}
