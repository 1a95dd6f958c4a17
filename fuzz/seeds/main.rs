//! Makes what fuzzing starts from: a folder of seeds for each target, from the shipped rules, the examples, what the pretended
//! estate answers, and a few lines that are written here. `seeds FOLDER` takes a second or two.
#![no_main]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use keyroll::config::DEFAULTS;
use keyroll::digest::Digest;
use keyroll::evidence::{Circumstances, PackedScan, Packer, SigningKey, StampRequest};
use keyroll::model::{Kind, ReviewRow, SnapshotId};
use keyroll::rules::{Overrides, RuleSet, builtin};
use keyroll::simulator::{Plan, Simulator};
use keyroll::sources::Depth;
use keyroll_fuzz::product::{Answer, Credential, KINDS, content_length, record, request, shortened, source};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A seed of answers is no longer than this: most of a longer one is more of the same.
const LONGEST_ANSWER: usize = 6_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

// Like the targets, it is linked with the fuzzer, which all that is built here counts its steps for: the fuzzer ends before it begins.
fuzz_target!(init: end(), |_input: &[u8]| {});

fn end() {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"));
    let code = match make(folder) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("seeds cannot be made: {error}");
            1
        }
    };
    std::process::exit(code)
}

fn make(folder: PathBuf) -> Outcome<()> {
    fs::create_dir_all(keyroll_fuzz::made())?;
    let seeds = Seeds { folder };
    seeds.cron()?;
    seeds.next_links()?;
    seeds.conditions()?;
    seeds.rule_files()?;
    seeds.configurations()?;
    seeds.tables()?;
    seeds.packs()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(seeds.answers())
}

struct Seeds {
    folder: PathBuf,
}

impl Seeds {
    /// Keeps a seed under the name of its content.
    fn keep(&self, target: &str, bytes: &[u8]) -> Outcome<()> {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(Digest::of_bytes(bytes).to_string().replace(':', "-")), bytes)?)
    }

    fn keep_all<'a>(&self, target: &str, head: &[u8], texts: impl IntoIterator<Item = &'a str>) -> Outcome<()> {
        texts.into_iter().try_for_each(|text| self.keep(target, &[head, text.as_bytes()].concat()))
    }

    fn cron(&self) -> Outcome<()> {
        let lines = [
            "30 2 * * 1-5\nEurope/Berlin\n90m\n22:00",
            "@daily\nAmerica/New_York\n1h\n24:00",
            "*/15 * * * *\nAsia/Kolkata\n2d\n0:05",
            "0 0 29 2 *\nUTC\n1w\n23:59",
            "0 2,3 25-31 mar,oct sun\nAustralia/Lord_Howe\n15m\n7:30",
            "59 23 31 12 *\nPacific/Apia\n5s\n00:00",
            "0 */2 1,15 * 3\nAfrica/Casablanca\n10m\n12:00",
            "30 2 * 3 0\nEurope/Dublin\n1h30m\n06:00",
            "1-59/7 0-23/5 * 1-12 0-7\nAntarctica/Troll\n\n",
        ];
        let moments: [i64; 4] = [1_795_312_801, 1_774_745_999, 1_792_889_999, -1];
        moments.iter().try_for_each(|moment| self.keep_all("cron", &moment.to_le_bytes(), lines))
    }

    fn next_links(&self) -> Outcome<()> {
        let links = [
            "https://api.example.com/ex/jira/c1/rest/api/3/things?cursor=a%2Bb",
            "http://evil.example.com/rest/api/3/things?cursor=a%2Bb",
            "//evil.example.com/api/3/things?cursor=a",
            "/ctx/rest/api/3/things?startAt=50",
            "/admin/v1/orgs/o-2/users?cursor=x",
            "?cursor=a%2Bb&_method=DELETE",
            "a+b",
            "/9j/4AAQ==",
            "/rest/api/3/things/../../2/others?x",
            "/rest/api/3/things%2f..?x",
            "https://user:pass@api.example.com/rest/api/3/search?a#b",
            "\\\\evil.example.com\\x?y",
            "https:///rest/api/3/things?x",
            "",
        ];
        (0..5).try_for_each(|base| {
            (0..3).try_for_each(|place| self.keep_all("next_link", &[base, place, base + place], links))
        })
    }

    fn conditions(&self) -> Outcome<()> {
        let frameworks = keyroll::config::frameworks()?;
        let rules = RuleSet::load(&builtin::rules(), &frameworks, &Overrides::default())?;
        let number = |kind: Kind| Kind::ALL.iter().position(|one| *one == kind).and_then(|at| u8::try_from(at).ok());
        for rule in rules.rules().iter().filter(|rule| !rule.require().contains("params.")) {
            let offset = if rule.on_change() { 128 - 128 % Kind::ALL.len() as u8 + Kind::ALL.len() as u8 } else { 0 };
            let kind = number(rule.kind()).unwrap_or_default() + offset;
            let scope = rule
                .scope()
                .filter(|scope| !scope.contains("params."))
                .map_or_else(String::new, |scope| format!("\u{1e}{scope}"));
            self.keep(
                "conditions",
                format!("{}{scope}", rule.require()).as_bytes().iter().fold(vec![kind], grown).as_slice(),
            )?;
        }
        let credential = number(Kind::Credential).unwrap_or_default();
        let odd = [
            "credential.scopes.exists(x, x.startsWith('read') && size(x) > 3)\u{1e}credential.form == 'api-token'\u{1e}{{ credential.name }} of {{ owner.name }}",
            "days_since(credential.created_at) + 3 * -2 <= 9223372036854775807",
            "credential.name.matches('^(a+)+$')",
            "credential.name in ['a', \"b\\n\", r'c', '''d'''] // why",
            "!(!(credential.form != 'x')) || credential.expires_at == null",
        ];
        self.keep_all("conditions", &[credential], odd)?;
        let deep = [
            format!("{}true{}", "(".repeat(300), ")".repeat(300)),
            format!("{}true", "!".repeat(500)),
            format!("{}1 == 1", "-".repeat(400)),
            vec!["true"; 400].join(" && "),
            vec!["credential"; 200].join("."),
            "[".repeat(300),
            format!("{}credential.scopes.exists(x, true){}", "credential.scopes.exists(x, ".repeat(40), ")".repeat(40)),
        ];
        self.keep_all("conditions", &[credential], deep.iter().map(String::as_str))
    }

    fn rule_files(&self) -> Outcome<()> {
        let of = |head: &str, files: Vec<keyroll::problem::SourceText>| {
            files.iter().try_for_each(|file| self.keep("rule_files", format!("{head}{}", file.text).as_bytes()))
        };
        of("", builtin::rules())?;
        of("#pack\n", builtin::packs())?;
        of("#framework\n", builtin::frameworks())?;
        for (head, file) in [
            ("#waivers\n", "examples/waivers.yaml"),
            ("#waivers\n", "examples/mixed-estate/waivers.yaml"),
            ("", "examples/rules/token-with-forbidden-label.yaml"),
        ] {
            self.keep("rule_files", format!("{head}{}", fs::read_to_string(project().join(file))?).as_bytes())?;
        }
        let texts = [
            "id: r\nversion: 1\ntitle: T\nseverity: low\napplies_to: credential\nparams:\n  most: { type: int, default: 3, description: D }\n\
             require: size(credential.name) <= params.most\nmessage: '{{ credential.name }} is long'\nwhy: W\nfix: F\nverify: V\ncases:\n  \
             - { name: a, given: { name: x }, expect: pass }\n  - { name: b, given: { name: 'long' }, expect: fail }\n",
            "#settings\ntoken-idle:\n  severity: low\n  params: { max_idle_days: 120 }\ntoken-label-unclear: { enabled: false }\n",
            "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
            "? {a: b}\n: !!str |+\n  x\n",
            "%YAML 1.2\n---\na: 1\n...\n",
        ];
        self.keep_all("rule_files", &[], texts)?;
        let deep = [
            format!("a: {}{}", "[".repeat(400), "]".repeat(400)),
            "{a: ".repeat(400),
            "- ".repeat(400),
            "? ".repeat(400),
        ];
        self.keep_all("rule_files", &[], deep.iter().map(String::as_str))
    }

    /// References become pasted secrets in one seed of each file, so that every slot has had one.
    fn configurations(&self) -> Outcome<()> {
        let mut texts = vec![DEFAULTS.to_owned()];
        for file in [
            "full.yaml",
            "minimal.yaml",
            "mixed-estate/keyroll.yaml",
            "unattended/keyroll.yaml",
            "file-import/keyroll.yaml",
        ] {
            texts.push(fs::read_to_string(project().join("examples").join(file))?);
        }
        // A comment that looks like YAML shows a key.
        texts.push(DEFAULTS.lines().map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line))).collect());
        for text in texts {
            self.keep("configuration", text.as_bytes())?;
            let pasted = text.split("env:").enumerate().map(|(at, part)| match at {
                0 => part.to_owned(),
                _ => format!(
                    "ATATT3xFfGF0planted9secret{}",
                    part.trim_start_matches(|letter: char| letter.is_ascii_uppercase() || letter == '_')
                ),
            });
            self.keep("configuration", pasted.collect::<String>().as_bytes())?;
        }
        let of_one_source = |source: &str| format!("estate: acme\nsources:\n  - {source}\n");
        let odd = [
            of_one_source("{ name: org, type: atlassian-org, key: ATATT3xFfGF0planted9secret, concurrency: many }"),
            of_one_source(
                "{ name: jira, type: jira-dc, base_url: 5, instance: i, token: 'ATATT3xFfGF0planted9secret', sise: 3 }",
            ),
            of_one_source(
                "{ name: bb, type: bitbucket-cloud, workspace: w, user: u, token: env:NOT_SET, token: ATATT3xFfGF0planted9secret }",
            ),
            format!(
                "{}channels:\n  - {{ name: hook, type: webhook, url: 'https://x.example/ATATT3xFfGF0planted9secret', secret: env:X, headers: {{ X-Key: ATATT3xFfGF0planted9secret }} }}\n",
                of_one_source("{ name: org, type: atlassian-org, key: env:X }")
            ),
            "estate: a\nsources: [{name: o, type: atlassian-org, key: *ATATT3xFfGF0planted9secret}]\n".to_owned(),
            "estate: a\nsources: [{name: o, type: atlassian-org, key: \"ATATT3xFfGF0planted9secret}]\n".to_owned(),
        ];
        odd.iter().try_for_each(|text| self.keep("configuration", text.as_bytes()))
    }

    fn tables(&self) -> Outcome<()> {
        let rows = keyroll_fuzz::asked_about();
        let head = rows.iter().take(1).flat_map(|row| row.fixed("q4").map(|(name, _)| name.to_owned()));
        let head: Vec<String> =
            head.chain(ReviewRow::TOLD.into_iter().chain(ReviewRow::FILLED).map(str::to_owned)).collect();
        let filled = [
            ["keep", "Eve", "2026-11-23", ""],
            ["revoke", "Eve", "2026-11-23", "nobody needs it, \"really\""],
            ["", "", "", ""],
        ];
        for (delimiter, end) in [(",", "\r\n"), (";", "\n"), ("\t", "\n")] {
            let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
            let mut text = head.join(delimiter) + end;
            for (row, filled) in rows.iter().zip(filled) {
                let cells = row
                    .fixed("q4")
                    .into_iter()
                    .map(|(_, text)| text)
                    .chain(ReviewRow::TOLD.map(|name| format!("some {name}")));
                let cells = cells.chain(filled.map(str::to_owned)).map(|cell| quoted(&cell));
                text += &(cells.collect::<Vec<_>>().join(delimiter) + end);
            }
            for partial in [0, 1] {
                self.keep_all("tables", &[0, partial], [text.as_str()])?;
                let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                self.keep("tables", &[&[0, partial, 0xff, 0xfe], utf16.as_slice()].concat())?;
            }
            let form = match delimiter {
                "," => 0,
                ";" => 1,
                _ => 2,
            };
            let tokens = TOKENS.replace(',', delimiter).replace('\n', end);
            for skips in [0, 128] {
                self.keep_all("tables", &[1, form | skips], [tokens.as_str()])?;
            }
            self.keep_all("tables", &[2, form], [tokens.as_str(), text.as_str()])?;
        }
        let row = r#"{"id": 1, "label": "jenkins", "user": "svc-ci", "created": "2026-01-02T03:04:05Z", "expires": "never", "rights": "write read", "secret_hash": "s3cret-planted-9f8e7d6c5b"}"#;
        self.keep_all(
            "tables",
            &[1, 2 << 2],
            [format!("{{\"items\": [{row}, {row}]}}").as_str(), &"[".repeat(300), &"{\"items\":".repeat(300)],
        )?;
        self.keep_all("tables", &[1, 3 << 2], [format!("{row}\n{row}\n").as_str()])
    }

    fn packs(&self) -> Outcome<()> {
        let (private, _) = SigningKey::create("fuzzing", None)?;
        fs::write(keyroll_fuzz::made().join("key"), &private)?;
        let key = SigningKey::open("key", &private, None)?;
        let now: DateTime<Utc> = "2026-11-22T08:00:00Z".parse()?;
        let scan = PackedScan {
            id: SnapshotId(12),
            started_at: now,
            ended_at: now,
            complete: true,
            snapshot_sha256: Digest::of_bytes(b"snapshot"),
            tool_version: "0.1.0".into(),
        };
        let made = Circumstances {
            number: 1,
            previous: None,
            redacts: None,
            estate: "acme".into(),
            scan,
            waivers_applied: true,
            tool_version: "0.1.0".into(),
            operator: "Kim Lead".into(),
            host: "audit-1".into(),
            created_at: now,
            timestamp: None,
        };
        let members = [
            ("csv/findings.csv", "id,rule\r\nF-1,token-idle\r\n"),
            ("README.txt", "Read me."),
            ("snapshot/head.json", "{}\n"),
        ];
        let mut packer = Packer::default();
        for (path, text) in members {
            packer.add(path, |out| out.write_all(text.as_bytes()))?;
        }
        let mut pack = Vec::new();
        packer.finish(made, &key, &mut pack)?;
        let mut archive = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(pack.as_slice()), &mut archive)?;
        self.keep("evidence", &[&[0], pack.as_slice()].concat())?;
        self.keep("evidence", &[&[1], archive.as_slice()].concat())?;
        let entry = |at: usize| -> Outcome<(usize, usize)> {
            let size = std::str::from_utf8(archive.get(at + 124..at + 135).unwrap_or_default())?;
            let length = usize::from_str_radix(size.trim_matches(['\0', ' ']), 8)?;
            Ok((length, at + 512 + length.next_multiple_of(512)))
        };
        let (manifest, after) = entry(0)?;
        let (_, members_at) = entry(after)?;
        let length = u16::try_from(manifest)?.to_le_bytes();
        self.keep(
            "evidence",
            &[&[2], length.as_slice(), &archive[512..512 + manifest], &archive[members_at..]].concat(),
        )?;
        for paths in [
            ["README.txt", "csv/findings.csv"],
            ["../README.txt", "b"],
            ["/etc/x", "a\\..\\b"],
            ["a", "a/b"],
            ["C:x", "con"],
            [".", "a//b"],
        ] {
            self.keep("evidence", format!("\u{3}{}\0text\0{}\0more text\0", paths[0], paths[1]).as_bytes())?;
        }
        self.keep("evidence", &[&[4], b"text".as_slice(), &StampRequest::of(b"text")?.to_der()].concat())
    }

    /// Asks the pretended estate by every source, and keeps each answer as it was and as a seed.
    async fn answers(&self) -> Outcome<()> {
        let now = "2026-11-22T07:30:00Z".parse()?;
        let simulator = Simulator::start(Plan {
            seed: 7,
            accounts: Plan::FEWEST_ACCOUNTS,
            now,
            page_latency: std::time::Duration::ZERO,
        })
        .await?;
        for (number, kind) in (0..).zip(KINDS) {
            let site = (simulator.site_url(), simulator.site_user(), simulator.site_token());
            let (url, user, secret) = match kind {
                "atlassian-org" => (simulator.org_url(), "", simulator.org_key()),
                "bitbucket-cloud" => {
                    (simulator.bitbucket_url(), simulator.bitbucket_user(), simulator.bitbucket_token())
                }
                "jira-dc" => (simulator.jira_dc_url(), "", simulator.jira_dc_token()),
                "confluence-dc" => (simulator.confluence_dc_url(), "", simulator.confluence_dc_token()),
                "bitbucket-dc" => (simulator.bitbucket_dc_url(), "", simulator.bitbucket_dc_token()),
                "jira-align" => (simulator.align_url(), "", simulator.align_token()),
                _ => site,
            };
            let credential = Credential {
                user: user.into(),
                secret: secret.into(),
                workspace: simulator.workspace().into(),
                gateway: None,
            };
            let answers = self.overheard(kind, &url, credential).await?;
            for answer in answers.iter().filter(|answer| answer.body.len() <= LONGEST_ANSWER) {
                let question = answer.question.split('?').next().unwrap_or_default();
                self.keep("answers", &[&[number], question.as_bytes(), b"\n", answer.body.as_slice()].concat())?;
            }
            record(kind, &answers);
        }
        let odd = [
            "\n<!DOCTYPE html><title>Log in</title>",
            "\n",
            "\n{\"values\": [{}, [], 7, null]",
            "\nnull\u{1e}\n[]\u{1e}\n{}",
        ];
        (0..8).try_for_each(|kind| self.keep_all("answers", &[kind], odd))?;
        let deep = ["[".repeat(200), "{\"a\":".repeat(200), format!("\n{}{}", "[".repeat(120), "]".repeat(120))];
        (0..8).try_for_each(|kind| self.keep_all("answers", &[kind, b'\n'], deep.iter().map(String::as_str)))
    }

    /// What a source asks and what it is answered, with long lists cut short on the way.
    async fn overheard(&self, kind: &str, url: &str, credential: Credential) -> Outcome<Vec<Answer>> {
        let folder = tempfile::tempdir()?;
        let heard: Arc<Mutex<Vec<Answer>>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let host = url.trim_start_matches("http://");
        let (host, prefix) =
            host.split_once('/').map_or((host, String::new()), |(host, path)| (host, format!("/{path}")));
        let address = format!("http://{}{prefix}", listener.local_addr()?);
        let (host, notes) = (host.to_owned(), Arc::clone(&heard));
        tokio::spawn(async move {
            while let Ok((line, _)) = listener.accept().await {
                tokio::spawn(pass_on(line, host.clone(), prefix.clone(), Arc::clone(&notes)));
            }
        });
        source(kind, folder.path(), &address, &credential).look(Depth::Whole, &Default::default()).await;
        let mut answers = heard.lock().expect("nobody panicked").clone();
        answers.sort_by(|left, right| left.question.cmp(&right.question));
        answers.dedup_by(|left, right| left.question == right.question);
        Ok(answers)
    }
}

fn grown(mut bytes: Vec<u8>, byte: &u8) -> Vec<u8> {
    bytes.push(*byte);
    bytes
}

const TOKENS: &str = "id,label,user,created,expires,rights,secret_hash\n\
    1,jenkins,svc-ci,2026-01-02T03:04:05Z,2027-01-02T03:04:05Z,write read,s3cret-planted-9f8e7d6c5b\n\
    2,\"sy\"\"nc\",ada,2026-02-02T03:04:05Z,never,read,s3cret-planted-9f8e7d6c5b\n";

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is in the project's folder")
}

/// Passes requests on to a host of the pretended estate, and notes what it answers.
async fn pass_on(mut line: TcpStream, host: String, prefix: String, notes: Arc<Mutex<Vec<Answer>>>) {
    let mut buffer = Vec::new();
    let Ok(mut there) = TcpStream::connect(&host).await else { return };
    while let Some(asked) = request(&mut line, &mut buffer).await {
        let Ok((status, body)) = exchanged(&mut there, &asked.bytes).await else { return };
        let body =
            serde_json::from_slice::<Value>(&body).map_or(body, |value| shortened(value).to_string().into_bytes());
        if status == "200" {
            let question = asked.question.replacen(&prefix, "", 1);
            notes.lock().expect("nobody panicked").push(Answer { question, body: body.clone() });
        }
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        if line.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
            return;
        }
    }
}

async fn exchanged(there: &mut TcpStream, request: &[u8]) -> std::io::Result<(String, Vec<u8>)> {
    there.write_all(request).await?;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 16 << 10]);
    loop {
        if let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
            if bytes.len() >= head + 4 + content_length(&text) {
                let status = text.split(' ').nth(1).unwrap_or("500").to_owned();
                return Ok((status, bytes.split_off(head + 4)));
            }
        }
        match there.read(&mut chunk).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
