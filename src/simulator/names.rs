//! Invented names for the people, teams, projects and tokens of the pretended estate.
//! None of them reads like a machine: what reads like one is planted on purpose.

pub(super) const FIRST: &[&str] = &[
    "Ada", "Bela", "Carmen", "Dmitri", "Elif", "Farid", "Greta", "Hanna", "Ivo", "Jonas", "Kaja", "Lena", "Mara",
    "Nils", "Oskar", "Paula", "Quentin", "Rosa", "Samir", "Tilda", "Ulrich", "Vera", "Wanda", "Xenia", "Yara", "Zeno",
    "Aiko", "Bruno", "Chidi", "Dana", "Emeka", "Fiona", "Goran", "Hugo", "Ingrid", "Jamal", "Kofi", "Lucia", "Mirek",
    "Naledi", "Orla", "Piotr", "Ravi", "Saoirse", "Tomas", "Uma", "Viktor", "Wiebke", "Yusuf", "Zoe", "Anneke", "Bas",
    "Clara", "Davit", "Esme", "Felix", "Gaia", "Henrik", "Isolde", "Juno",
];

pub(super) const LAST: &[&str] = &[
    "Adeyemi",
    "Bergstrom",
    "Castellano",
    "Dvorak",
    "Eriksen",
    "Fontaine",
    "Grabowski",
    "Haugen",
    "Ibrahim",
    "Jansen",
    "Kowalczyk",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Quiroga",
    "Rautio",
    "Schreiber",
    "Takeda",
    "Uchida",
    "Vasquez",
    "Weidner",
    "Ximenes",
    "Yilmaz",
    "Zieliński",
    "Abernathy",
    "Brandão",
    "Cheung",
    "Delacroix",
    "Ekström",
    "Fischer",
    "Galanis",
    "Hoffmann",
    "Iwu",
    "Jokinen",
    "Karlsson",
    "Laurent",
    "Mbeki",
    "Nakamura",
    "Oduya",
    "Pellegrini",
    "Rosenthal",
    "Sato",
    "Tanaka",
    "Urbina",
    "Vogel",
    "Wójcik",
    "Yamada",
    "Zubiri",
    "Ashdown",
    "Bianchi",
    "Caruana",
    "Dragomir",
    "Engström",
    "Farrugia",
    "Giordano",
    "Hartwig",
    "Ingram",
    "Kapoor",
];

pub(super) const DEPARTMENTS: &[&str] =
    &["Engineering", "Finance", "Legal", "Marketing", "Operations", "People", "Product", "Sales", "Support"];

pub(super) const JOBS: &[&str] =
    &["Engineer", "Senior Engineer", "Analyst", "Designer", "Team Lead", "Product Manager", "Specialist", "Accountant"];

pub(super) const TIME_ZONES: &[&str] =
    &["Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo", "Africa/Johannesburg", "Australia/Sydney"];

/// Mail domains of outside firms whose people were invited.
pub(super) const OUTSIDE: &[&str] = &["northwind-consulting.example", "bluepeak.example", "studio-lumen.example"];

pub(super) const TEAMS: &[&str] = &[
    "atlas", "beacon", "cobalt", "delta", "ember", "falcon", "granite", "harbor", "indigo", "juniper", "kestrel",
    "lagoon", "meridian", "nimbus", "onyx", "prairie", "quartz", "ridge", "summit", "tundra",
];

pub(super) const WORKS: &[&str] = &[
    "Billing",
    "Checkout",
    "Catalogue",
    "Delivery",
    "Fleet",
    "Hiring",
    "Identity",
    "Ledger",
    "Mobile",
    "Onboarding",
    "Payments",
    "Quality",
    "Reporting",
    "Search",
    "Travel",
    "Website",
];

/// Labels that people give to tokens for their own machines.
pub(super) const OWN_LABELS: &[&str] = &[
    "laptop",
    "desktop",
    "vs code",
    "intellij",
    "home office",
    "raycast",
    "terminal",
    "my notebook",
    "work phone",
    "jira cli",
    "obsidian",
    "browser extension",
];

/// Scopes that a read-only personal token may have.
pub(super) const READ_SCOPES: &[&str] = &["read:jira-work", "read:jira-user", "read:me"];
