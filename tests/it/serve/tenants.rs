//! A fleet: each visitor sees the tenants that they are named for, and the others are not there.

use std::fs;
use std::path::Path;

use keyroll::model::{Severity, Status, sample};
use keyroll::store::{Location, Store};

use super::{Answer, Served, client};
use crate::store::{Scan, finding};
use crate::support::keyroll::keyroll_with;

const VARIABLES: [(&str, &str); 3] = [
    ("A", "a-token-for-tests-0000000001"),
    ("B", "a-token-for-tests-0000000002"),
    ("C", "a-token-for-tests-0000000003"),
];

const COMMON: &str = "\
estate: Estate of <tenant>
sources:
  - { name: o, type: atlassian-org, key: env:KEY }
serve:
  tokens:
    - { name: a, token: env:A }
    - { name: b, token: env:B }
    - { name: c, token: env:C }
";

fn fleet(folder: &Path, tenants: &[(&str, &str)]) {
    fs::write(folder.join("defaults.yaml"), COMMON).unwrap();
    for (name, text) in tenants {
        fs::write(folder.join(format!("{name}.yaml")), text).unwrap();
        let mut store = Store::create_or_open(Location::File(folder.join(format!("{name}.db")))).unwrap();
        let mut about = finding("token-without-expiry", &sample::credential().id, Severity::High, Status::Open);
        about.message = format!("secret of {name}");
        Scan::of(vec![sample::credential()], Vec::new()).with(vec![about]).commit(&mut store).unwrap();
    }
}

async fn ask(served: &Served, token: &str, path: &str) -> Answer {
    served.ask(client().get(format!("{}{path}", served.url)).bearer_auth(token)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_see_a_tenant_cannot_tell_that_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let packs = folder.path().join("packs-acme");
    fs::create_dir(&packs).unwrap();
    fs::write(packs.join("00001-s1.keyroll.tar.gz"), "a pack").unwrap();
    fleet(
        folder.path(),
        &[
            ("acme", "serve: { visible_to: [token:a, token:b], packs: packs-acme }\n"),
            ("globex", "serve: { visible_to: [token:b] }\n"),
            ("hidden", "# nobody is named\n"),
            ("broken", "serve: { visible_to: [token:a] }\nodd: 1\n"),
        ],
    );
    let served = Served::start(folder.path(), &["--config", ".", "--listen", "127.0.0.1:0"], &VARIABLES);
    let [a, b, c] = VARIABLES.map(|(_, token)| token);
    let missing = ask(&served, a, "/t/there-is-none/").await;
    assert_eq!(missing.status, 404);
    let pages = [
        "",
        "findings",
        "findings/F-ABCDEF",
        "inventory",
        "inventory/credentials",
        "resource?id=x",
        "access",
        "who-can?on=x",
        "history?id=x",
        "coverage",
        "files",
        "files/findings.csv",
        "files/report.html",
        "packs/00001-s1.keyroll.tar.gz",
    ];
    let alike = |page: &str, here: &Answer, nowhere: &Answer| {
        assert_eq!((here.status, &here.body), (404, &nowhere.body), "{page}");
        let names = |answer: &Answer| {
            let mut names: Vec<_> = answer
                .headers
                .iter()
                .filter(|(name, _)| *name != "date")
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(here), names(nowhere), "{page}");
    };
    for page in pages {
        let nowhere = ask(&served, a, &format!("/t/there-is-none/{page}")).await;
        for tenant in ["globex", "hidden", "broken", "GLOBEX", "globex%00", "acme%2F..%2Fglobex", "defaults"] {
            alike(page, &ask(&served, a, &format!("/t/{tenant}/{page}")).await, &nowhere);
        }
        for tenant in ["acme", "globex", "hidden"] {
            let own = ask(&served, c, &format!("/t/{tenant}/{page}")).await;
            assert_eq!(own.status, 404, "{tenant} {page}");
            assert!(!own.body.contains(tenant), "{tenant} {page}");
        }
    }
    let home = ask(&served, a, "/").await;
    assert_eq!((home.status, home.header("location")), (303, "/t/acme/"));
    let both = ask(&served, b, "/").await;
    assert!(
        both.body.contains("href=\"/t/acme/\"")
            && both.body.contains("href=\"/t/globex/\"")
            && !both.body.contains("hidden"),
        "{}",
        both.body
    );
    let none = ask(&served, c, "/").await;
    assert!(none.status == 200 && none.body.contains("no tenant that you may see"), "{}", none.body);
    let own = ask(&served, a, "/t/acme/findings").await;
    assert!(
        own.body.contains("secret of acme") && own.body.contains("Estate of acme")
            || own.body.contains("secret of acme"),
        "{}",
        own.body
    );
    assert!(!own.body.contains("globex"), "{}", own.body);
    let pack = ask(&served, a, "/t/acme/packs/00001-s1.keyroll.tar.gz").await;
    assert_eq!((pack.status, pack.body.as_str(), pack.header("content-type")), (200, "a pack", "application/gzip"));
    for odd in ["..%2F..%2Facme.yaml", "00002-s2.keyroll.tar.gz", "00001-s1.keyroll.tar.gz%00", "%2e%2e%2facme.db"] {
        assert_eq!(ask(&served, a, &format!("/t/acme/packs/{odd}")).await.status, 404, "{odd}");
    }
    let listed = ask(&served, a, "/t/acme/files").await.body;
    assert!(listed.contains("00001-s1.keyroll.tar.gz"), "{listed}");
    // A folder that cannot be looked into is not an empty one.
    fs::remove_dir_all(folder.path().join("packs-acme")).unwrap();
    let listed = ask(&served, a, "/t/acme/files").await.body;
    assert!(listed.contains("nobody can say which there are") && !listed.contains("There is no pack"), "{listed}");
    served.assert_says("cannot be read");
    let taken = ask(&served, a, "/t/acme/packs/00001-s1.keyroll.tar.gz").await;
    assert!(taken.status == 500 && taken.body.contains("The pack cannot be read"), "{}", taken.body);
    served.assert_says("Nobody sees tenant `broken`");
}

#[test]
fn a_tenant_does_not_say_where_all_are_served() {
    let folder = tempfile::tempdir().unwrap();
    fleet(folder.path(), &[("acme", "serve: { visible_to: [token:a], listen: 0.0.0.0:80 }\n")]);
    fs::write(folder.path().join("other.yaml"), "serve: { visible_to: [token:nobody, mail:a@b.example] }\n").unwrap();
    fs::write(folder.path().join("defaults.yaml"), format!("{COMMON}  lissten: x\n")).unwrap();
    let run = keyroll_with(folder.path(), &["serve", "--config", "."], &VARIABLES);
    assert!(run.code == 3 && run.err.contains("unknown key `lissten`"), "{}", run.err);
    // Loopback, so that it begins; what is wrong with a tenant is told, and nobody sees that one.
    fs::write(folder.path().join("defaults.yaml"), COMMON).unwrap();
    let mut served = Served::start(folder.path(), &["--config", ".", "--listen", "127.0.0.1:0"], &VARIABLES);
    let said = served.said();
    assert!(said.contains("`listen` is the same for all tenants"), "{said}");
    assert!(said.contains("there is no token `nobody`"), "{said}");
    assert_eq!(served.end(), Some(0));
}
