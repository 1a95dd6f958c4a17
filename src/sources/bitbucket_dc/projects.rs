//! Projects and repositories, public or not, and which repositories secret scanning leaves out.

use super::endpoints::{PROJECTS, REPOSITORIES, SECRET_SCANNING};
use super::page::{BY_START, Slice};
use super::{Visit, container, wire};
use crate::model::{Body, Container, ContainerForm, Fact, Kind, Resource, ResourceId, Setting};
use crate::sources::reading::{Part, Reading};
use crate::sources::row::{hidden_if_empty, hidden_if_null, id, id as id_of, value};

/// The projects there are.
pub(super) struct Projects {
    pub(super) part: Part,
    pub(super) places: Vec<Place>,
}

/// The repositories there are.
pub(super) struct Repositories {
    pub(super) part: Part,
    pub(super) places: Vec<Place>,
}

/// A project or repository, and how paths name it: by the project's key, and of a repository by its slug too.
pub(super) struct Place {
    pub(super) id: ResourceId,
    pub(super) path: Vec<String>,
}

impl Place {
    /// The names in the order in which paths have them.
    pub(super) fn names(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

impl Visit<'_> {
    /// Projects of people are among them.
    pub(super) async fn projects(&self) -> Projects {
        let mut reading = self.common().start(&PROJECTS);
        let request = self.listing(PROJECTS.request(&[]));
        let rows = reading.walk::<Slice<wire::Project>, _>(self.client(), request, BY_START).await.rows;
        let mut places = Vec::new();
        for row in rows {
            let key = id(row.key.clone());
            let project = self.project(row);
            match (key, &project) {
                (Some(key), Some(project)) => places.push(Place { id: project.id.clone(), path: vec![key] }),
                (None, Some(_)) => reading.fall_short("a project came without its key".to_owned()),
                (_, None) => {}
            }
            reading.push(project);
        }
        self.limit_to_visible(&mut reading);
        Projects { part: reading.finish(), places }
    }

    /// Archived repositories are left out unless they are asked for; versions before 8.0 archive nothing.
    pub(super) async fn repositories(&self) -> Repositories {
        let mut reading = self.common().start(&REPOSITORIES);
        let request = self.listing(REPOSITORIES.request(&[]).query("archived", "ALL"));
        let rows = reading.walk::<Slice<wire::Repository>, _>(self.client(), request, BY_START).await.rows;
        let mut places = Vec::new();
        for row in rows {
            let key = row.project.known().and_then(|project| id(project.key.clone()));
            let path = key.zip(id(row.slug.clone())).map(|(key, slug)| vec![key, slug]);
            let repository = self.repository(row);
            match (path, &repository) {
                (Some(path), Some(repository)) => places.push(Place { id: repository.id.clone(), path }),
                (None, Some(_)) => {
                    reading.fall_short("a repository came without its slug or its project's key".to_owned());
                }
                (_, None) => {}
            }
            reading.push(repository);
        }
        self.limit_to_visible(&mut reading);
        Repositories { part: reading.finish(), places }
    }

    /// The repositories in which a secret that somebody pushes is not noticed.
    pub(super) async fn secret_scanning(&self) -> Part {
        let mut reading = self.common().start(&SECRET_SCANNING);
        let request = self.listing(SECRET_SCANNING.request(&[]));
        let rows = reading.walk::<Slice<wire::Repository>, _>(self.client(), request, BY_START).await.rows;
        for row in rows {
            let name = title(&row);
            let setting = id(row.id).map(|id| {
                let container = Fact::Known(self.repository_id(&id));
                let value = Fact::Known("exempt".to_owned());
                let body = Setting { value, container, ..Setting::of("secret-scanning-exempt") };
                let id = self.id(Kind::Setting, &format!("secret-scanning-exempt:{id}"));
                let name = format!("Secret scanning leaves out {name}");
                Resource { id, name, seen_by: Vec::new(), body: Body::Setting(body) }
            });
            reading.push(setting);
        }
        reading.finish()
    }

    /// Bitbucket lists what the account may see and calls that all; an administrator sees everything.
    fn limit_to_visible(&self, reading: &mut Reading<'_>) {
        let why = match self.administers {
            Fact::Known(true) => return,
            Fact::Known(false) => "the account does not administer Bitbucket",
            Fact::Absent | Fact::Unknown => "whether the account administers Bitbucket is not known",
        };
        reading.fall_short(format!("{why}: only what it may see is there for certain"));
    }

    fn project(&self, row: wire::Project) -> Option<Resource> {
        let id = self.project_id(&id(row.id)?);
        let owner = match &row.owner {
            Fact::Known(owner) => self.account_id(owner).map_or(Fact::Unknown, Fact::Known),
            Fact::Absent | Fact::Unknown => Fact::Unknown,
        };
        let body = Container {
            parent: Fact::Known(self.instance_id()),
            key: hidden_if_empty(row.key.clone()),
            public: hidden_if_null(row.public),
            category: hidden_if_empty(row.kind).map(|kind| kind.to_lowercase()),
            owner,
            url: page(row.links),
            ..Container::unknown(ContainerForm::RepositoryProject)
        };
        let name = value(hidden_if_empty(row.name).or(row.key)).unwrap_or_default();
        Some(container(id, name, body))
    }

    fn repository(&self, row: wire::Repository) -> Option<Resource> {
        let name = title(&row);
        let id = self.repository_id(&id(row.id)?);
        let parent = hidden_if_null(row.project)
            .and_then(|project| id_of(project.id).map_or(Fact::Unknown, |id| Fact::Known(self.project_id(&id))));
        let body = Container {
            parent,
            key: hidden_if_empty(row.slug),
            status: hidden_if_null(row.archived).map(|archived| if archived { "archived" } else { "live" }.to_owned()),
            public: hidden_if_null(row.public),
            // There are no pipelines in this product.
            pipelines_enabled: Fact::Known(false),
            url: page(row.links),
            ..Container::unknown(ContainerForm::Repository)
        };
        Some(container(id, name, body))
    }

    fn project_id(&self, native: &str) -> ResourceId {
        self.id(Kind::Container, &format!("repository-project:{native}"))
    }

    fn repository_id(&self, native: &str) -> ResourceId {
        self.id(Kind::Container, &format!("repository:{native}"))
    }
}

/// What people call a repository: `PAY/gateway`.
fn title(row: &wire::Repository) -> String {
    let name = row.slug.known().or(row.name.known()).cloned().unwrap_or_default();
    match row.project.known().and_then(|project| project.key.known()) {
        Some(key) => format!("{key}/{name}"),
        None => name,
    }
}

/// The page that people open.
fn page(links: Fact<wire::Links>) -> Fact<String> {
    let first = value(links).and_then(|links| value(links.own)).and_then(|all| all.into_iter().next());
    first.map_or(Fact::Unknown, |link| hidden_if_empty(link.href))
}
