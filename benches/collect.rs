//! Collecting from servers that set a limit: how much of it is used, how much is refused, and how many requests it takes
//! against the fewest that can be; and what the pretended estate that answers costs itself.
//!
//! `cargo bench --bench collect` prints the table; `-- found ACCOUNTS …` founds estates of those sizes and times their
//! answers; `-- script PYTHON` sets keyroll beside `inventory.py`, a plain script on `atlassian-python-api`, in one run.
//! The estate is always a process of its own, so that the memory told is keyroll's, or the script's.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use keyroll::clock::{Clock, SystemClock};
use keyroll::config::read;
use keyroll::document;
use keyroll::http::Factory;
use keyroll::model::{SourceName, Watermarks};
use keyroll::simulator::{Counted, Plan, RateLimit, Simulator};
use keyroll::sources::{Depth, SOURCES, Source};

const LATENCY: Duration = Duration::from_millis(50);

/// Accounts of each site in the table, and of the one that the script reads, which is slow.
const ACCOUNTS: usize = 16_000;
const SCRIPT_ACCOUNTS: usize = 8_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["simulator", trial] => pretend(&Trial::read(trial)),
        ["keyroll", concurrency] => collect(concurrency),
        ["found", sizes @ ..] => {
            sizes.iter().for_each(|accounts| found(accounts.parse().expect("a number of accounts")))
        }
        ["script", python] => beside_script(python, SCRIPT_ACCOUNTS),
        ["script", python, accounts] => beside_script(python, accounts.parse().expect("a number of accounts")),
        [] => table(ACCOUNTS),
        [accounts] => table(accounts.parse().expect("a number of accounts")),
        _ => panic!("unknown arguments: {arguments:?}"),
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
struct Trial {
    tenants: usize,
    accounts: usize,
    per_second: u32,
    counted: Counted,
    told: bool,
}

impl Trial {
    fn write(self) -> String {
        let bucket = self.counted == Counted::InBucket;
        format!("{},{},{},{bucket},{}", self.tenants, self.accounts, self.per_second, self.told)
    }

    fn read(text: &str) -> Self {
        let parts: Vec<&str> = text.split(',').collect();
        let [tenants, accounts, per_second, bucket, told] = parts[..] else { panic!("five parts") };
        Self {
            tenants: tenants.parse().unwrap(),
            accounts: accounts.parse().unwrap(),
            per_second: per_second.parse().unwrap(),
            counted: if bucket == "true" { Counted::InBucket } else { Counted::BySecond },
            told: told.parse().unwrap(),
        }
    }

    fn limit(self) -> RateLimit {
        RateLimit { per_second: self.per_second, counted: self.counted, told: self.told }
    }

    fn in_words(self) -> &'static str {
        match (self.told, self.counted) {
            (true, _) => "told by every answer",
            (false, Counted::InBucket) => "told by refusals only, a bucket",
            (false, Counted::BySecond) => "told by refusals only, second by second",
        }
    }
}

/// Where a site is, how to get in, and how few requests can read it.
#[derive(Debug)]
struct Tenant {
    site: String,
    gateway: String,
    user: String,
    token: String,
    fewest: f64,
}

impl Tenant {
    fn read(line: &str) -> Self {
        let parts: Vec<&str> = line.trim().split('\t').collect();
        let [site, gateway, user, token, fewest] = parts[..] else { panic!("five parts in {line:?}") };
        let [site, gateway, user, token] = [site, gateway, user, token].map(str::to_owned);
        Self { site, gateway, user, token, fewest: fewest.parse().unwrap() }
    }
}

/// Pretends to be the sites of a trial, tells where they are, and whenever a line is read what became of the requests.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn pretend(trial: &Trial) {
    let mut sites = Vec::new();
    for seed in 0..trial.tenants {
        // The dates in headers have to be those of the machine's clock.
        let now = SystemClock.now();
        let plan = Plan { seed: 7 + seed as u64, accounts: trial.accounts, now, page_latency: LATENCY };
        sites.push(Simulator::start(plan).await.unwrap());
    }
    for site in &sites {
        let fewest = site.site_size().fewest_requests();
        let (user, token) = (site.site_user(), site.site_token());
        println!("{}\t{}\t{user}\t{token}\t{fewest}", site.site_url(), site.org_url());
        site.limit(trial.limit());
    }
    tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            drop(line.unwrap());
            for site in &sites {
                let taken = site.taken_by_site();
                println!("{}\t{}\t{}", taken.admitted, taken.refused, taken.span.as_secs_f64());
            }
        }
    })
    .await
    .unwrap();
}

/// The pretended sites in their process.
struct Sites {
    child: Child,
    asking: ChildStdin,
    answers: BufReader<ChildStdout>,
    tenants: Vec<Tenant>,
}

/// What the sites say about the requests to all of them.
struct Taken {
    admitted: f64,
    refused: f64,
    /// The longest time from the first request to a site to the last.
    span: f64,
}

impl Sites {
    fn start(trial: Trial) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["simulator", &trial.write()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (asking, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut sites = Self { child, asking, answers, tenants: Vec::new() };
        sites.tenants = (0..trial.tenants).map(|_| Tenant::read(&sites.line())).collect();
        sites
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }

    fn taken(&mut self) -> Taken {
        writeln!(self.asking).unwrap();
        let mut all = Taken { admitted: 0.0, refused: 0.0, span: 0.0 };
        for _ in 0..self.tenants.len() {
            let numbers: Vec<f64> = self.line().trim().split('\t').map(|number| number.parse().unwrap()).collect();
            all.admitted += numbers[0];
            all.refused += numbers[1];
            all.span = all.span.max(numbers[2]);
        }
        all
    }

    /// Lets the process end, and waits for it.
    fn close(self) {
        drop(self.asking);
        let mut child = self.child;
        assert!(child.wait().unwrap().success(), "the pretended sites failed");
    }
}

/// What reading took: seconds, the peak of memory in MiB, and what was found, in words.
struct Figures {
    seconds: f64,
    peak: f64,
    found: String,
}

/// Has keyroll read all tenants at once, in a process of its own.
fn keyroll(tenants: &[Tenant], concurrency: usize) -> Figures {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["keyroll", &concurrency.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for Tenant { site, gateway, user, token, fewest } in tenants {
        writeln!(input, "{site}\t{gateway}\t{user}\t{token}\t{fewest}").unwrap();
    }
    drop(input);
    figures(child)
}

fn figures(child: Child) -> Figures {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "a part of the bench failed");
    let told = String::from_utf8(output.stdout).unwrap();
    let mut parts = told.trim().splitn(3, '\t');
    let mut number = || parts.next().unwrap().parse().unwrap();
    let (seconds, peak) = (number(), number());
    Figures { seconds, peak, found: parts.next().unwrap().to_owned() }
}

/// The part that is measured: sources are built as for a scan, and read. Rules and store take no part in it.
fn collect(concurrency: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "estate: bench\nstore: keyroll.db\nsources:\n".to_owned();
    for (number, line) in std::io::stdin().lines().enumerate() {
        let tenant = Tenant::read(&line.unwrap());
        let token = folder.path().join(format!("token-{number}"));
        write_secret(&token, &tenant.token);
        text.push_str(&format!(
            "  - name: site-{number}\n    type: jira-cloud\n    base_url: {}\n    gateway_url: {}\n    user: {}\n    \
             token: file:{}\n    concurrency: {concurrency}\n",
            tenant.site,
            tenant.gateway,
            tenant.user,
            token.display()
        ));
    }
    let file = folder.path().join("keyroll.yaml");
    fs::write(&file, text).unwrap();
    look(&file);
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn look(file: &Path) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let factory = Factory::new(Arc::clone(&clock));
    let mut configuration = document::parse(&read(file).unwrap()).unwrap();
    let sources: Vec<Box<dyn Source>> = configuration
        .sections("sources")
        .into_iter()
        .map(|mut section| {
            let (kind, name): (String, String) = (section.need("type").unwrap(), section.need("name").unwrap());
            let kind = SOURCES.iter().find(|known| known.name == kind).unwrap();
            (kind.build)(SourceName::from(name.as_str()), section, &factory, Arc::clone(&clock)).unwrap()
        })
        .collect();
    let since = Watermarks::default();
    let begin = Instant::now();
    let collections = join_all(sources.iter().map(|source| source.look(Depth::Whole, &since))).await;
    let seconds = begin.elapsed().as_secs_f64();
    let resources: usize = collections.iter().map(|one| one.resources.len()).sum();
    let gaps = collections.iter().flat_map(|one| &one.ledger).filter(|entry| entry.is_gap());
    let gaps: Vec<String> = gaps.map(|entry| format!("{}: {}", entry.endpoint, entry.reason)).collect();
    let whole = if gaps.is_empty() { "whole".to_owned() } else { format!("not whole: {}", gaps.join("; ")) };
    println!("{seconds}\t{}\t{resources} sightings, {whole}", peak_mebibytes());
}

fn write_secret(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn table(accounts: usize) {
    println!("Jira sites of {accounts} accounts, {} ms an answer", LATENCY.as_millis());
    let (second, bucket) = (Counted::BySecond, Counted::InBucket);
    for (per_second, concurrency) in [(100, 8), (350, 32)] {
        for (counted, told) in [(second, true), (bucket, false), (second, false)] {
            for tenants in [1, 4] {
                let trial = Trial { tenants, accounts, per_second, counted, told };
                line(trial, concurrency);
            }
        }
    }
}

fn line(trial: Trial, concurrency: usize) {
    let mut sites = Sites::start(trial);
    let figures = keyroll(&sites.tenants, concurrency);
    let taken = sites.taken();
    let fewest: f64 = sites.tenants.iter().map(|tenant| tenant.fewest).sum();
    sites.close();
    let Trial { tenants, per_second, .. } = trial;
    // What the limit lets through in that time; a bucket is full at first.
    let first = if trial.counted == Counted::InBucket { 1.0 } else { 0.0 };
    let possible = f64::from(per_second) * tenants as f64 * (figures.seconds + first);
    let asked = taken.admitted + taken.refused;
    println!(
        "{tenants} at {per_second}/s, {:<40} {:>6.1} s   {:>6.1} requests/s each   {:>5.1} % of the limit   {:>5.2} % refused   {asked:>6} requests, {:>+5.2} % of the fewest   peak {:>4.0} MiB   {}",
        format!("{} (concurrency {concurrency})", trial.in_words()),
        figures.seconds,
        taken.admitted / figures.seconds / tenants as f64,
        100.0 * taken.admitted / possible,
        100.0 * taken.refused / asked,
        100.0 * (asked / fewest - 1.0),
        figures.peak,
        figures.found,
    );
}

/// One site, read by keyroll and by the script, one after the other.
fn beside_script(python: &str, accounts: usize) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/inventory.py");
    println!("a Jira site of {accounts} accounts, {} ms an answer", LATENCY.as_millis());
    let trial = |per_second| Trial { tenants: 1, accounts, per_second, counted: Counted::BySecond, told: true };
    let told = |name: &str, figures: &Figures, taken: &Taken| {
        let requests = taken.admitted + taken.refused;
        let Figures { seconds, peak, found } = figures;
        println!("{name:<28} {seconds:>7.1} s   {requests:>6} requests   peak {peak:>5.0} MiB   {found}");
    };
    let mut sites = Sites::start(trial(350));
    let tenant = &sites.tenants[0];
    let mut command = Command::new(python);
    command.arg(script).args([&tenant.site, &tenant.user, &tenant.token]).stdout(Stdio::piped());
    let by_script = figures(command.spawn().unwrap());
    told("the script", &by_script, &sites.taken());
    sites.close();
    for (per_second, concurrency) in [(100, 8), (350, 32)] {
        let mut sites = Sites::start(trial(per_second));
        let ours = keyroll(&sites.tenants, concurrency);
        told(&format!("keyroll, at {per_second} a second"), &ours, &sites.taken());
        sites.close();
        println!(
            "    {:.1} times as fast, {:.2} of the memory",
            by_script.seconds / ours.seconds,
            ours.peak / by_script.peak
        );
    }
}

/// Founds an estate, and times its answers: the first page of a list, and its last.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn found(accounts: usize) {
    let begin = Instant::now();
    let now = "2026-11-21T02:00:00Z".parse().unwrap();
    let plan = Plan { seed: 7, accounts, now, page_latency: Duration::ZERO };
    let simulator = Simulator::start(plan).await.unwrap();
    println!(
        "{accounts} accounts: founded in {:.2} s, {:.0} MiB, {} planted",
        begin.elapsed().as_secs_f64(),
        peak_mebibytes(),
        simulator.truth().plants.len()
    );
    // Chooses the cryptography of this process, though none is needed here.
    drop(Factory::new(Arc::new(SystemClock)));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let size = simulator.site_size();
    let ask = async |base: &str, user: &str, token: &str, path: &str| -> serde_json::Value {
        let request = client.get(format!("{base}{path}")).basic_auth(user, Some(token));
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    };
    let site = async |path: &str| ask(&simulator.site_url(), simulator.site_user(), simulator.site_token(), path).await;
    let group = site("/rest/api/3/group/bulk?maxResults=1").await["values"][0]["groupId"].as_str().unwrap().to_owned();
    let members = format!("/rest/api/3/group/member?groupId={group}&includeInactiveUsers=false&maxResults=50&startAt=");
    let bitbucket = "/2.0/workspaces/acme/permissions/repositories?pagelen=100&page=";
    let (user, token) = (simulator.bitbucket_user(), simulator.bitbucket_token());
    let rights = ask(&simulator.bitbucket_url(), user, token, &format!("{bitbucket}1")).await["size"].as_u64().unwrap();
    let lists = [
        ("accounts of Jira", "/rest/api/3/users/search?maxResults=1000&startAt=", size.accounts, 1000),
        ("active members of a group", members.as_str(), size.members[0] * 9 / 10, 50),
        ("groups", "/rest/api/3/group/bulk?maxResults=50&startAt=", size.members.len(), 50),
        ("projects", "/rest/api/3/project/search?maxResults=100&startAt=", size.live_projects, 100),
        (
            "filters",
            "/rest/api/3/filter/search?overrideSharePermissions=true&maxResults=100&startAt=",
            size.filters,
            100,
        ),
        (
            "people with a seat of Confluence",
            "/wiki/rest/api/search/user?cql=type%3Duser&limit=25&start=",
            accounts / 2,
            25,
        ),
    ];
    for (name, path, rows, page) in lists {
        let last = rows.saturating_sub(page);
        site(&format!("{path}0")).await;
        let first = median(async || drop(site(&format!("{path}0")).await)).await;
        let far = median(async || drop(site(&format!("{path}{last}")).await)).await;
        println!("    {name:<34} {rows:>8} rows   first page {first:>7.2} ms   last page {far:>7.2} ms");
    }
    let page =
        async |number: u64| drop(ask(&simulator.bitbucket_url(), user, token, &format!("{bitbucket}{number}")).await);
    let (first, far) = (median(async || page(1).await).await, median(async || page(rights / 100).await).await);
    println!(
        "    {:<34} {rights:>8} rows   first page {first:>7.2} ms   last page {far:>7.2} ms",
        "rights on repositories"
    );
    println!("    peak {:.0} MiB", peak_mebibytes());
}

/// Milliseconds, the median of some rounds.
async fn median(mut ask: impl AsyncFnMut()) -> f64 {
    let mut times = Vec::new();
    for _ in 0..21 {
        let begin = Instant::now();
        ask().await;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The most memory this process ever held, as Linux tells it; 0 elsewhere.
fn peak_mebibytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: 0 kB");
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
