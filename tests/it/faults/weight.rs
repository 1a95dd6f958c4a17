//! Answers without an end, and answers that unpack to a gigabyte: what the program holds of them at the most, measured on the
//! program itself with its own limits.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use keyroll::simulator::Fault;

use crate::support::keyroll::begin;
use crate::support::pretended::{Estate, gaps};

/// What a scan may hold beyond what it holds when all is well, in MiB: a few answers as large as one may be.
const MORE: u64 = 200;

/// A gigabyte of blanks in a megabyte.
fn bomb() -> Arc<[u8]> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..1024 {
        packer.write_all(&[b' '; 1024 * 1024]).unwrap();
    }
    packer.finish().unwrap().into()
}

/// Scans with the program, and tells the most memory that it held, in MiB.
async fn peak_of_a_scan(estate: &Estate) -> u64 {
    let mut scan = begin(estate.folder.path(), &["scan", "--no-alerts"], Stdio::null());
    let status = format!("/proc/{}/status", scan.id().unwrap());
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    let mut peak = 0;
    loop {
        tokio::select! {
            _ = scan.wait() => break,
            _ = looks.tick() => {}
        }
        let text = fs::read_to_string(&status).unwrap_or_default();
        let most = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        peak = peak.max(most.unwrap_or(0));
    }
    assert!(peak > 0, "the memory of the process can be read");
    peak / 1024
}

/// The endpoint is asked for many groups, so that as many answers come at once as the program lets come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_an_end_is_not_held() {
    let estate = Estate::new().await;
    let usual = peak_of_a_scan(&estate).await;
    let bomb = bomb();
    println!("all is well: {usual} MiB");
    for (name, fault) in [
        ("a gigabyte in every answer", Fault::Flood(1 << 30)),
        ("gzip that unpacks to a gigabyte", Fault::Gzip(bomb)),
        ("lists a million deep", Fault::Nested(1_000_000)),
    ] {
        estate.simulator.set_fault("group-member", fault);
        let peak = peak_of_a_scan(&estate).await;
        estate.simulator.clear_faults();
        println!("{name}: {peak} MiB");
        assert!(peak < usual + MORE, "{name}: {peak} MiB were held, where {usual} are usual");
        // What is nested in a member that nobody asks for is passed over, and the answer is read whole.
        let after = estate.assess();
        assert!(
            name.starts_with("lists")
                || gaps(&after).iter().any(|gap| gap.path.contains("group/member") && !gap.reason.is_empty()),
            "{name}"
        );
    }
}
