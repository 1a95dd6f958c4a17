//! What the CSV files hold, for machines: a Tabular Data Package (Frictionless Data, version 1), which lies beside the files and is
//! published with them. Within a version tables and columns are only added, columns at the end of theirs.

use serde::Serialize;

use super::{ColumnForm, SET, cell};
use crate::reports::RenderError;
use crate::reports::json::write_document;

/// The version of the set.
pub(super) const VERSION: &str = "1.0.0";

/// Writes the description of the set, which lies beside the files as `datapackage.json`.
///
/// # Errors
/// When the place it is written to refuses.
pub fn write_data_package(out: &mut dyn std::io::Write) -> Result<(), RenderError> {
    write_document(&package(), out)
}

#[derive(Serialize)]
struct Package {
    profile: &'static str,
    name: &'static str,
    title: &'static str,
    version: &'static str,
    description: String,
    resources: Vec<Table>,
}

#[derive(Serialize)]
struct Table {
    profile: &'static str,
    name: String,
    path: String,
    description: String,
    format: &'static str,
    mediatype: &'static str,
    encoding: &'static str,
    dialect: Dialect,
    schema: Schema,
}

/// RFC 4180, spelt out.
#[derive(Serialize)]
struct Dialect {
    delimiter: &'static str,
    #[serde(rename = "lineTerminator")]
    line_terminator: &'static str,
    #[serde(rename = "quoteChar")]
    quote_char: &'static str,
    #[serde(rename = "doubleQuote")]
    double_quote: bool,
    header: bool,
}

#[derive(Serialize)]
struct Schema {
    fields: Vec<Field>,
    /// Words that stand for no value, in columns that are no text.
    #[serde(rename = "missingValues")]
    missing_values: [&'static str; 3],
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    #[serde(rename = "type")]
    sort: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(rename = "trueValues", skip_serializing_if = "Option::is_none")]
    true_values: Option<[&'static str; 1]>,
    #[serde(rename = "falseValues", skip_serializing_if = "Option::is_none")]
    false_values: Option<[&'static str; 1]>,
    /// The form as keyroll calls it.
    form: &'static str,
    description: &'static str,
}

fn package() -> Package {
    Package {
        profile: "tabular-data-package",
        name: "keyroll-csv",
        title: "The CSV set of keyroll",
        version: VERSION,
        description: format!(
            "{} Readers of this description take `none`, `unknown` and an empty cell alike for no value: whoever needs to tell \
             what is not there from what nobody saw reads the column as text.",
            cell::LEGEND
        ),
        resources: SET
            .iter()
            .map(|table| Table {
                profile: "tabular-data-resource",
                name: table.name.replace('_', "-"),
                path: format!("{}.csv", table.name),
                description: table.about.to_owned(),
                format: "csv",
                mediatype: "text/csv",
                encoding: "utf-8",
                dialect: Dialect {
                    delimiter: ",",
                    line_terminator: "\r\n",
                    quote_char: "\"",
                    double_quote: true,
                    header: true,
                },
                schema: Schema {
                    fields: table.columns.iter().map(|column| field(column.name, column.form, column.about)).collect(),
                    missing_values: ["", "none", "unknown"],
                },
            })
            .collect(),
    }
}

fn field(name: &'static str, form: ColumnForm, description: &'static str) -> Field {
    let (sort, format) = match form {
        ColumnForm::Text | ColumnForm::Id | ColumnForm::Word | ColumnForm::Severity | ColumnForm::List => {
            ("string", None)
        }
        ColumnForm::Number => ("integer", None),
        ColumnForm::YesNo => ("boolean", None),
        ColumnForm::Time => ("datetime", Some("%Y-%m-%dT%H:%M:%SZ")),
        ColumnForm::Day => ("date", None),
    };
    let is = |word| (form == ColumnForm::YesNo).then_some([word]);
    Field { name, sort, format, true_values: is("yes"), false_values: is("no"), form: form.name(), description }
}
