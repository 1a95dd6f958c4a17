//! Catalogues of controls: which frameworks there are, and which controls each has. A rule names its controls; a
//! catalogue knows nothing of rules.

use std::ops::Range;

use crate::document::{self, Located};
use crate::model::ControlId;
use crate::problem::{Problem, Problems, SourceText};
use crate::text::did_you_mean;

/// A framework's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framework {
    /// The file it was read from.
    pub file: SourceText,
    /// Its short name, before the colon of a control: `soc2`.
    pub id: String,
    /// Its full name.
    pub title: String,
    /// Which edition the controls are from.
    pub version: String,
    /// What it is, and who asks for it.
    pub about: String,
    /// Its controls, in its own order.
    pub controls: Vec<Control>,
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its id within the framework: `CC6.1`.
    pub id: String,
    /// What it asks for, in our words.
    pub title: String,
    /// What to look at by hand, where no rule can tell.
    pub by_hand: Option<String>,
    /// Its place in the catalogue.
    pub span: Range<usize>,
}

/// Reads catalogue files.
///
/// # Errors
/// Everything that is wrong with any of them; two of the same id included.
pub fn read_all(files: &[SourceText]) -> Result<Vec<Framework>, Problems> {
    let mut problems = Problems::default();
    let mut frameworks: Vec<Framework> = Vec::new();
    for file in files {
        let Some(framework) = problems.take(Framework::read(file)) else { continue };
        if let Some(first) = frameworks.iter().find(|known| known.id == framework.id) {
            let what = format!("framework `{}` is already in {}", framework.id, first.file.name);
            problems.push(Problem::at(file, 0..0, what).help("give one of them another id"));
            continue;
        }
        frameworks.push(framework);
    }
    problems.or(frameworks)
}

impl Framework {
    /// Reads a catalogue file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(file: &SourceText) -> Result<Self, Problems> {
        let mut section = document::parse(file)?;
        let id = section.need("id");
        let title = section.need("title");
        let version = section.need("version");
        let about = section.need("about");
        let mut controls: Vec<Control> = Vec::new();
        for mut control in section.sections("controls") {
            let (id, title) = (control.need::<Located<String>>("id"), control.need("title"));
            let by_hand = control.get("by_hand");
            if let Some(id) = &id
                && controls.iter().any(|control| control.id == id.value)
            {
                let help = "each control has one entry: leave one of them out, or correct its id";
                control.wrong(id.span.clone(), format!("control `{}` comes twice", id.value), Some(help.to_owned()));
            }
            let whole = id.zip(title).map(|(id, title)| Control { id: id.value, title, by_hand, span: id.span });
            controls.extend(section.take(control.finish(whole)));
        }
        let framework =
            || Some(Self { file: file.clone(), id: id?, title: title?, version: version?, about: about?, controls });
        let framework = framework();
        section.finish(framework)
    }
}

/// The control that a rule names, if there is one.
pub(super) fn control(
    frameworks: &[Framework],
    file: &SourceText,
    written: &Located<String>,
) -> Result<ControlId, Problem> {
    let wrong = |what: String| Problem::at(file, written.span.clone(), what);
    let Some(control) = ControlId::parse(&written.value) else {
        let help = "write framework and control, such as `soc2:CC6.1`";
        return Err(wrong(format!("`{}` is no control", written.value)).help(help));
    };
    let Some(framework) = frameworks.iter().find(|framework| framework.id == control.framework()) else {
        let ids: Vec<&str> = frameworks.iter().map(|framework| framework.id.as_str()).collect();
        let help = match did_you_mean(control.framework(), ids.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if ids.is_empty() => "there is no catalogue at all".to_owned(),
            None => format!("there are {}", ids.join(", ")),
        };
        return Err(wrong(format!("there is no catalogue of framework `{}`", control.framework())).help(help));
    };
    let id = written.value.split_once(':').map_or("", |(_, id)| id);
    if framework.controls.iter().any(|known| known.id == id) {
        return Ok(control);
    }
    let problem = wrong(format!("{} has no control `{id}`", framework.title));
    Err(match did_you_mean(id, framework.controls.iter().map(|known| known.id.as_str())) {
        Some(near) => problem.help(format!("did you mean `{}:{near}`?", framework.id)),
        None => problem.help(format!("the catalogue `{}` lists those there are", framework.id)),
    })
}
