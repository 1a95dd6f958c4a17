//! A fleet: a folder with one configuration for each tenant, and what they have in common in `defaults.yaml` beside them.
//!
//! `<tenant>` in the common file stands for the name of the tenant, which is that of its file, and `<TENANT>` for the same as
//! names of environment variables have it. What one tenant keeps lies apart from what another does, or the folder is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Config, Places, folder_of, read, shown};
use crate::document::{self, Inherited};
use crate::problem::{Problem, Problems, SourceText};
use crate::store::{Address, Location};
use crate::text::join_and;

/// The file with what the tenants have in common.
pub(super) const DEFAULTS: &str = "defaults.yaml";

/// What stands for the name of the tenant, and for the same in capitals.
const TENANT: [&str; 2] = ["<tenant>", "<TENANT>"];

/// The tenants of a folder.
#[derive(Debug)]
pub struct Fleet {
    /// In the order of their names.
    pub tenants: Vec<Tenant>,
}

/// One tenant of a fleet.
#[derive(Debug)]
pub struct Tenant {
    /// Its name: that of its file without the ending.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// Its configuration, or everything that is wrong in it. The others can be read all the same.
    pub config: Result<Config, Problems>,
}

impl Fleet {
    /// Reads the configurations of all tenants in a folder.
    ///
    /// # Errors
    /// When it is no folder of tenants. What is wrong in the file of one tenant is told there.
    pub fn load(folder: &Path) -> Result<Self, Problems> {
        Self::with(folder, None)
    }

    /// The same, with one tenant by the path that somebody wrote.
    fn with(folder: &Path, own: Option<&Path>) -> Result<Self, Problems> {
        if folder.is_file() {
            let what = format!("`{}` is the configuration of one estate, not a folder of tenants", folder.display());
            let help = format!("name the folder with `--config FOLDER`: a `{DEFAULTS}` and a file for each tenant");
            return Err(Problem::general(what).help(help).into());
        }
        let unreadable = |error: std::io::Error| {
            let what = format!("cannot read the folder of tenants `{}`: {error}", folder.display());
            Problem::general(what).help("name it with `--config FOLDER`")
        };
        let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).and_then(Iterator::collect).map_err(unreadable);
        let mut files: Vec<PathBuf> =
            entries?.iter().map(std::fs::DirEntry::path).filter(|path| is_tenant(path)).collect();
        files.sort();
        if !folder.join(DEFAULTS).is_file() {
            let what = format!("`{}` has no `{DEFAULTS}`", folder.display());
            let help = "it holds what all tenants have in common, and may be empty";
            return Err(Problem::general(what).help(help).into());
        }
        if files.is_empty() {
            let what = format!("`{}` has no tenant", folder.display());
            let help = format!("write a file for each beside `{DEFAULTS}`: `acme.yaml` is that of tenant `acme`");
            return Err(Problem::general(what).help(help).into());
        }
        let tenant = |file: PathBuf| {
            let file = own.filter(|own| own.file_name() == file.file_name()).map_or(file, Path::to_path_buf);
            let config = TenantFile::at(&file).and_then(|tenant| match tenant {
                Some(tenant) => tenant.load(&file),
                None => Err(Problem::general(format!("`{DEFAULTS}` went away while tenants were read")).into()),
            });
            Tenant { name: name_of(&file), file, config }
        };
        let mut fleet = Self { tenants: files.into_iter().map(tenant).collect() };
        fleet.refuse_what_is_shared();
        Ok(fleet)
    }

    /// Two tenants with one store, one folder of reports or one set of secrets would see what the other has.
    fn refuse_what_is_shared(&mut self) {
        let mut owners: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, tenant) in self.tenants.iter().enumerate() {
            let secrets = format!("variables `…{}…` for their secrets", in_capitals(&tenant.name));
            owners.entry(secrets).or_default().push(at);
            let Ok(config) = &tenant.config else { continue };
            owners.entry(format!("the store `{}`", place_of(&config.store))).or_default().push(at);
            owners.entry(format!("the folder `{}` for reports", settled(&config.reports))).or_default().push(at);
            if let Some(packs) = config.serve.as_ref().and_then(|serve| serve.peek("packs")) {
                let packs = settled(&config.folder.join(packs));
                owners.entry(format!("the folder `{packs}` for packs")).or_default().push(at);
            }
        }
        for (what, owners) in owners.into_iter().filter(|(_, owners)| owners.len() > 1) {
            let files: Vec<String> =
                owners.iter().map(|at| format!("`{}`", self.tenants[*at].file.display())).collect();
            for at in owners {
                let problem = Problem::general(format!("the tenants {} share {what}", join_and(&files)));
                let problem = problem.help("give each tenant its own");
                let tenant = &mut self.tenants[at];
                match &mut tenant.config {
                    Err(problems) => problems.push(problem),
                    Ok(_) => tenant.config = Err(problem.into()),
                }
            }
        }
    }
}

/// The configuration of one estate, or of one tenant, which is held against those of the others: as in a fleet, it is refused if
/// it would share with one of them what has to be kept apart.
pub(super) fn load(path: &Path) -> Result<Config, Problems> {
    let Some(tenant) = TenantFile::at(path)? else { return Config::parse(&read(path)?, folder_of(path)) };
    let fleet = Fleet::with(folder_of(path), Some(path))?;
    let own = fleet.tenants.into_iter().find(|known| known.file == path);
    // A file that is no tenant by its name can be read all the same, by whoever names it.
    own.map_or_else(|| tenant.load(path), |own| own.config)
}

/// The same without a look at the others: for whoever has held them against each other already.
pub(super) fn load_alone(path: &Path) -> Result<Config, Problems> {
    match TenantFile::at(path)? {
        Some(tenant) => tenant.load(path),
        None => Config::parse(&read(path)?, folder_of(path)),
    }
}

/// A tenant's file, with the one beside it that it inherits from.
struct TenantFile {
    name: String,
    common: SourceText,
}

impl TenantFile {
    /// The tenant of a file; `None` if it is the configuration of one estate that is no tenant of any fleet.
    fn at(path: &Path) -> Result<Option<Self>, Problems> {
        if path.is_dir() {
            let what = format!("`{}` is a folder of tenants", path.display());
            let help = "name the file of one, such as `--config FOLDER/acme.yaml`; `keyroll fleet status` and `keyroll \
                findings --all-tenants` ask all of them";
            return Err(Problem::general(what).help(help).into());
        }
        let common = folder_of(path).join(DEFAULTS);
        if !common.is_file() {
            return Ok(None);
        }
        if path.file_name() == common.file_name() {
            let what = format!("`{}` is what the tenants beside it have in common", path.display());
            return Err(Problem::general(what).help("name the file of one of them").into());
        }
        let name = name_of(path);
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
            let what = format!("`{name}` is no name of a tenant");
            let help = "call its file by letters, digits, `-`, `_` and `.`";
            return Err(Problem::general(what).help(help).into());
        }
        Ok(Some(Self { name, common: read(&common)? }))
    }

    /// Reads the configuration of the tenant.
    fn load(&self, path: &Path) -> Result<Config, Problems> {
        let file = read(path)?;
        let folder = folder_of(path);
        let common = shown(&self.common);
        let fill = |text: &str| {
            TENANT
                .iter()
                .zip([&self.name, &in_capitals(&self.name)])
                .fold(text.to_owned(), |text, (mark, name)| text.replace(mark, name))
        };
        let lower = Inherited { file: &self.common, shown: &common, fill: &fill };
        let root = document::parse_over(&file, &shown(&file), &lower)?;
        let mut problems = Problems::default();
        self.refuse_common_places(&mut problems);
        let places = Places { store: format!("{}.db", self.name), reports: format!("reports/{}", self.name) };
        let config = problems.take(Config::of(root, folder, &places));
        problems.or(())?;
        let config = config.ok_or_else(|| unreachable!("internal: it was read, or there are problems"));
        config.map(|config| Config { inherited: Some(folder.join(DEFAULTS)), ..config })
    }

    /// What is common to all is no place where each of them keeps its own.
    fn refuse_common_places(&self, problems: &mut Problems) {
        let Ok(common) = document::parse_shown(&self.common, &shown(&self.common)) else { return };
        for key in ["store", "reports"] {
            if let Some(text) = common.peek(key)
                && !text.contains(TENANT[0])
            {
                let what = format!("`{key}` is the same for all tenants");
                let help = "write `<tenant>` where the tenant's name is to stand".to_owned();
                let problem = Problem::at(common.file(), common.span_of(key), what);
                problems.push(problem.help(help));
            }
        }
    }
}

/// True for what is meant to be the file of a tenant: it ends in `.yaml` or `.yml` and begins with no dot. A link that leads nowhere
/// is one too, for a tenant that cannot be read must not be missing.
fn is_tenant(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    let ends_so = ending.is_some_and(|ending| ending == "yaml" || ending == "yml");
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    ends_so && !path.is_dir() && name != DEFAULTS && !name.starts_with('.')
}

fn name_of(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A name as names of environment variables have it.
fn in_capitals(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }).collect()
}

/// A path without detours, as far as there is something on it.
fn settled(path: &Path) -> String {
    let whole = path.canonicalize().or_else(|_not_there| {
        let name = path.file_name().unwrap_or_default();
        folder_of(path).canonicalize().map(|folder| folder.join(name))
    });
    whole.unwrap_or_else(|_nothing_there| path.to_path_buf()).display().to_string()
}

/// Which store it is, whoever connects to it.
fn place_of(store: &Location) -> String {
    match store {
        Location::File(path) => settled(path),
        Location::Postgres(address) => Address { user: String::new(), ..address.clone() }.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    const OWN: &str = "estate: x\nsources:\n  - { name: o, type: atlassian-org, key: env:KEY }\n";

    fn told(tenant: &Tenant) -> String {
        tenant.config.as_ref().err().map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn tenants_inherit_what_they_do_not_say_and_keep_theirs_apart() {
        let common = "fail_on: critical\nstore: stores/<tenant>.db\nestate: Estate of <tenant>\n";
        let own = "sources:\n  - { name: o, type: atlassian-org, key: env:KEY }\n";
        let files = [("defaults.yaml", common), ("b.yaml", OWN), ("a-1.yaml", own), (".hidden.yaml", "x")];
        let folder = folder(&files);
        let fleet = Fleet::load(folder.path()).unwrap();
        let names: Vec<&str> = fleet.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        assert_eq!(names, ["a-1", "b"]);
        let config = fleet.tenants[0].config.as_ref().unwrap();
        assert_eq!((config.estate.as_str(), config.fail_on), ("Estate of a-1", Some(crate::model::Severity::Critical)));
        assert_eq!(config.store, Location::File(folder.path().join("stores/a-1.db")));
        assert_eq!(config.reports, folder.path().join("reports/a-1"));
        let watched = config.files(&folder.path().join("a-1.yaml")).unwrap();
        assert_eq!(watched, [folder.path().join("a-1.yaml"), folder.path().join("defaults.yaml")]);
        assert_eq!(fleet.tenants[1].config.as_ref().unwrap().estate, "x");
    }

    #[test]
    fn the_name_of_a_tenant_leads_to_its_own_secrets() {
        let common = "estate: x\nsources:\n  - { name: o, type: atlassian-org, key: 'env:KEYROLL_<TENANT>_KEY' }\n";
        let folder = folder(&[("defaults.yaml", common), ("a-1.yaml", "")]);
        let config = Config::load(&folder.path().join("a-1.yaml")).unwrap();
        assert_eq!(config.sources[0].section.peek("key"), Some("env:KEYROLL_A_1_KEY"));
    }

    #[test]
    fn what_two_tenants_would_share_is_refused() {
        let same = format!("store: same.db\n{OWN}");
        let folder = folder(&[("defaults.yaml", ""), ("a.yaml", &same), ("b.yaml", &same), ("c.yaml", OWN)]);
        let fleet = Fleet::load(folder.path()).unwrap();
        for tenant in &fleet.tenants[..2] {
            let told = told(tenant);
            assert!(told.contains("a.yaml` and `") && told.contains("b.yaml` share the store"), "{told}");
            assert!(Config::load(&tenant.file).unwrap_err().to_string().contains("share the store"), "alone as well");
        }
        assert!(Config::load(&fleet.tenants[2].file).is_ok());
        assert!(fleet.tenants[2].config.is_ok());

        let alike = self::folder(&[("defaults.yaml", ""), ("a-b.yaml", OWN), ("a_b.yaml", OWN)]);
        let fleet = Fleet::load(alike.path()).unwrap();
        assert!(told(&fleet.tenants[0]).contains("share variables `…A_B…`"), "{}", told(&fleet.tenants[0]));

        // The same place by another way, before there is anything; and two files of one name.
        let (one, other) = (format!("reports: out\n{OWN}"), format!("reports: ./out\n{OWN}"));
        let detour = self::folder(&[("defaults.yaml", ""), ("a.yaml", &one), ("b.yaml", &other)]);
        let fleet = Fleet::load(detour.path()).unwrap();
        assert!(told(&fleet.tenants[0]).contains("for reports"), "{}", told(&fleet.tenants[0]));
        let twice = self::folder(&[("defaults.yaml", ""), ("a.yaml", OWN), ("a.YML", OWN)]);
        let fleet = Fleet::load(twice.path()).unwrap();
        assert!(told(&fleet.tenants[1]).contains("share the store"), "{}", told(&fleet.tenants[1]));

        let common = self::folder(&[("defaults.yaml", "store: all.db\n"), ("a.yaml", OWN)]);
        let problems = Config::load(&common.path().join("a.yaml")).unwrap_err();
        assert!(problems.to_string().contains("defaults.yaml:1:8: `store` is the same for all tenants"), "{problems}");
    }

    #[cfg(unix)]
    #[test]
    fn a_tenant_whose_file_is_out_of_reach_is_not_missing() {
        let folder = folder(&[("defaults.yaml", ""), ("a.yaml", OWN)]);
        std::os::unix::fs::symlink("/nowhere/b.yaml", folder.path().join("b.yaml")).unwrap();
        let fleet = Fleet::load(folder.path()).unwrap();
        assert_eq!(fleet.tenants.len(), 2);
        assert!(told(&fleet.tenants[1]).contains("cannot read"), "{}", told(&fleet.tenants[1]));
    }

    #[test]
    fn one_tenant_that_is_wrong_leaves_the_others_alone_and_a_folder_without_any_is_refused() {
        let folder =
            folder(&[("defaults.yaml", "fail_on: nver\n"), ("a.yaml", OWN), ("b.yaml", "fail_on: low\nsources: 3\n")]);
        let fleet = Fleet::load(folder.path()).unwrap();
        assert!(
            told(&fleet.tenants[0]).contains("defaults.yaml:1:10: `fail_on` cannot be `nver`"),
            "{:?}",
            fleet.tenants
        );
        assert!(told(&fleet.tenants[1]).contains("b.yaml:2:10: `sources`"), "{}", told(&fleet.tenants[1]));
        for (files, what) in
            [(vec![("a.yaml", OWN)], "has no `defaults.yaml`"), (vec![("defaults.yaml", "")], "has no tenant")]
        {
            let folder = self::folder(&files);
            let problems = Fleet::load(folder.path()).unwrap_err().to_string();
            assert!(problems.contains(what), "{problems}");
        }
        let problems = Config::load(folder.path()).unwrap_err().to_string();
        assert!(problems.contains("is a folder of tenants"), "{problems}");
        let problems = Config::load(&folder.path().join("defaults.yaml")).unwrap_err().to_string();
        assert!(problems.contains("have in common"), "{problems}");
    }
}
