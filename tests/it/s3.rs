//! The Parquet export to a bucket: the same bytes as in a folder, on a real server that speaks S3, and never half of them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keyroll::clock::SystemClock;
use keyroll::digest::Digest;
use keyroll::http::{Bucket, BucketSettings, OutletSettings};
use keyroll::secret::Secret;
use serde_json::Value;

use crate::parquet::{Duck, Estate, LISTED, files};
use crate::support::keyroll::Run;
use crate::support::s3::{self, READER, WRITER};

/// Exports to a place in a bucket, with what S3 tools take from the environment.
fn export(estate: &Estate, place: &str, endpoint: &str, [id, secret]: [&str; 2], more: &[&str]) -> Run {
    let variables = [("AWS_ENDPOINT_URL", endpoint), ("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", secret)];
    estate.run_with(&[&["export", "parquet", "--out", place], more].concat(), &variables)
}

/// What is in a place of a bucket, apart from the manifests.
fn tables(found: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    found
        .iter()
        .filter(|(path, _)| !path.starts_with("_exports/"))
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect()
}

#[test]
fn a_bucket_holds_the_same_bytes_as_a_folder_and_duckdb_reads_them() {
    let Some(server) = s3::shared() else { return };
    let mut bucket = server.bucket();
    let demo = Estate::demo();
    let place = format!("s3://{}/audit/keyroll", bucket.bucket);
    for scan in ["s1", "s2"] {
        demo.run(&["export", "parquet", "--as-of", scan, "--out", "lake"]);
        let run = export(&demo, &place, &server.endpoint(), WRITER, &["--as-of", scan]);
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(run.err.contains(&format!("Parquet files of scan {scan} are in {place}\n")), "{}", run.err);
        assert!(run.err.contains("There may be more"), "{}", run.err);
    }
    let fetched = demo.path("fetched");
    let count = bucket.fetch("audit/keyroll", &fetched);
    let (local, found) = (files(&demo.path("lake")), files(&fetched));
    assert_eq!((found.len(), found.len()), (count, local.len() + 2));
    assert!(tables(&found) == local, "the same files, to the byte");
    assert_eq!(bucket.unfinished(), [""; 0]);

    // The manifests list all that is there, as it is.
    let mut listed = BTreeMap::new();
    for (path, text) in found.iter().filter(|(path, _)| path.starts_with("_exports/")) {
        let manifest: Value = serde_json::from_slice(text).unwrap();
        let scan = manifest["snapshot_id"].as_str().unwrap();
        assert!(path.contains(&format!("/{scan}-")) && path.ends_with(".json"), "{path}");
        for file in manifest["files"].as_array().unwrap() {
            let path = file["path"].as_str().unwrap().to_owned();
            assert_eq!(file["bytes"].as_u64().unwrap() as usize, found[&path].len());
            assert_eq!(file["sha256"].as_str().unwrap(), Digest::of_bytes(&found[&path]).to_string());
            listed.insert(path.clone(), found[&path].clone());
        }
    }
    assert!(listed == local, "each file is in a manifest");

    let Some(mut duck) = Duck::new() else { return };
    // What no manifest lists is not read by whoever asks for what manifests list.
    let expected = duck.table(&fetched, "findings").len();
    let one = local.keys().find(|path| path.starts_with("findings/")).unwrap();
    fs::copy(fetched.join(one), fetched.join(one).with_file_name("half.parquet")).unwrap();
    for statement in LISTED {
        duck.ask(&statement.replace("s3://lake/audit/keyroll", fetched.to_str().unwrap()));
    }
    assert_eq!(duck.ask("SELECT count(*) AS rows FROM findings")[0]["rows"].as_u64().unwrap() as usize, expected);
    fs::remove_file(fetched.join(one).with_file_name("half.parquet")).unwrap();
    for table in ["scans", "findings", "ledger", "resources"] {
        let rows = duck.table(&fetched, table);
        assert!(!rows.is_empty() && rows == duck.table(&demo.path("lake"), table), "{table}");
    }
}

#[test]
fn the_same_scan_replaces_its_own_objects_and_leaves_those_of_others() {
    let Some(server) = s3::shared() else { return };
    let mut bucket = server.bucket();
    let estate = Estate::small();
    let place = format!("s3://{}", bucket.bucket);
    let write = || {
        let run = export(&estate, &place, &server.endpoint(), WRITER, &[]);
        assert_eq!(run.code, 0, "{}", run.err);
    };
    write();
    bucket.fetch("", &estate.path("first"));
    let first = files(&estate.path("first"));
    let one = first.keys().find(|path| path.starts_with("findings/")).unwrap();
    let manifest = first.keys().find(|path| path.starts_with("_exports/")).unwrap();
    let [table, _, day, name] = one.split('/').collect::<Vec<_>>()[..] else { panic!("{one}") };

    // An earlier keyroll put rows under another tenant, as its manifest says; beside it lies what nobody says anything about.
    let [outdated, theirs] = ["gone", "theirs"].map(|tenant| format!("{table}/tenant={tenant}/{day}/{name}"));
    let mut earlier: Value = serde_json::from_slice(&first[manifest]).unwrap();
    let entries = earlier["files"].as_array_mut().unwrap();
    let mut entry = entries[0].clone();
    entry["path"] = outdated.as_str().into();
    entries.push(entry);
    bucket.put(manifest, &earlier.to_string());
    for key in [&outdated, &theirs, one] {
        bucket.put(key, "half");
    }
    write();
    bucket.fetch("", &estate.path("second"));
    let mut second = files(&estate.path("second"));
    assert_eq!((second.remove(&theirs), second.contains_key(&outdated)), (Some(b"half".to_vec()), false));
    assert!(second == first, "the same scan gives the same bytes");

    // What is in the place of a manifest and is none is no reason to forget what it might have listed.
    bucket.put(manifest, "{}");
    let run = export(&estate, &place, &server.endpoint(), WRITER, &[]);
    assert!(run.code == 1 && run.err.contains("it is not as keyroll writes it"), "{}", run.err);
}

#[test]
fn what_the_server_refuses_is_told_with_what_to_do() {
    let Some(server) = s3::shared() else { return };
    let bucket = server.bucket();
    let estate = Estate::small();
    let nobody = ["NOBODYKEY", "nobody"];
    let here = format!("s3://{}/x", bucket.bucket);
    for (place, who, why, help) in [
        ("s3://no-such-bucket/x", WRITER, "there is no such bucket (NoSuchBucket", "make the bucket"),
        (&here, nobody, "the access key id is not known there (InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        (&here, [WRITER[0], READER[1]], "does not belong to the access key id", "AWS_SECRET_ACCESS_KEY"),
        (
            &here,
            READER,
            "the access key may not do this (AccessDenied",
            "let this key do s3:PutObject below that place",
        ),
    ] {
        let run = export(&estate, place, &server.endpoint(), who, &["-vvv"]);
        assert_eq!(run.code, 1, "{}", run.err);
        let said = run.err.rsplit_once("error: ").unwrap().1;
        assert!(said.contains(why) && said.contains("help: ") && said.contains(help), "{said}");
        assert!(said.contains("nothing of this export is to be seen there"), "{said}");
        for secret in [WRITER[1], READER[1]] {
            assert!(!run.err.contains(secret), "{}", run.err);
        }
    }
}

/// A line to the server on which something happens to what is sent there; once it gives back false, the line is cut.
fn meddler(port: u16, meddle: impl Fn(&mut Vec<u8>) -> bool + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let meddle = Arc::new(meddle);
    std::thread::spawn(move || {
        for mut near in listener.incoming().flatten() {
            let mut far = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut back, mut home) = (far.try_clone().unwrap(), near.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut back, &mut home));
            let meddle = Arc::clone(&meddle);
            std::thread::spawn(move || {
                let mut piece = [0; 64 * 1024];
                while let Ok(length @ 1..) = near.read(&mut piece) {
                    let mut sent = piece[..length].to_vec();
                    if !meddle(&mut sent) || far.write_all(&sent).is_err() {
                        break;
                    }
                }
                far.shutdown(std::net::Shutdown::Both).ok();
                near.shutdown(std::net::Shutdown::Both).ok();
            });
        }
    });
    address
}

/// True if a piece of what is sent begins a request like this.
fn begins(piece: &[u8], method: &str, part: &str) -> bool {
    let line = String::from_utf8_lossy(piece.split(|byte| *byte == b'\r').next().unwrap()).into_owned();
    line.starts_with(&format!("{method} /")) && line.contains(part)
}

/// Turns the first bytes of a Parquet file into others.
fn damage(piece: &mut [u8]) -> bool {
    let at = piece.windows(4).position(|bytes| bytes == b"PAR1");
    at.map(|at| piece[at + 3] = b'2').is_some()
}

#[test]
fn what_is_damaged_on_the_way_is_sent_again_and_never_taken() {
    let Some(server) = s3::shared() else { return };
    let mut bucket = server.bucket();
    let estate = Estate::small();
    estate.run(&["export", "parquet", "--out", "lake"]);
    let place = format!("s3://{}", bucket.bucket);
    let count = AtomicUsize::new(0);
    let once = meddler(server.port, move |piece| {
        if count.load(Ordering::SeqCst) == 0 && damage(piece) {
            count.store(1, Ordering::SeqCst);
        }
        true
    });
    let always = meddler(server.port, |piece| {
        damage(piece);
        true
    });
    let run = export(&estate, &place, &always, WRITER, &[]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(
        run.err.contains("what arrived is not what was sent (") && run.err.contains("look at proxies"),
        "{}",
        run.err
    );
    assert_eq!((bucket.fetch("", &estate.path("none")), bucket.unfinished()), (0, Vec::new()));
    let run = export(&estate, &place, &once, WRITER, &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    bucket.fetch("", &estate.path("fetched"));
    assert!(tables(&files(&estate.path("fetched"))) == files(&estate.path("lake")));
}

#[test]
fn an_export_that_is_cut_off_leaves_nothing_to_be_seen() {
    let Some(server) = s3::shared() else { return };
    let mut bucket = server.bucket();
    let estate = Estate::small();
    let place = format!("s3://{}/deep", bucket.bucket);
    // While the last table is sent: nothing was published by then.
    let sending = meddler(server.port, |piece| !begins(piece, "PUT", "/resources/"));
    let run = export(&estate, &place, &sending, WRITER, &[]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("cannot write `s3://") && run.err.contains("/resources/tenant="), "{}", run.err);
    assert!(run.err.contains("no answer: ") && run.err.contains("nothing of this export is to be seen"), "{}", run.err);
    assert_eq!(bucket.fetch("", &estate.path("none")), 0);

    // While it is published: other tables are in place by then, but no scan is named, and nothing lists them.
    let publishing =
        meddler(server.port, |piece| !begins(piece, "POST", "/scans/") || begins(piece, "POST", "uploads"));
    let run = export(&estate, &place, &publishing, WRITER, &[]);
    assert!(run.code == 1 && run.err.contains("export it again"), "{}", run.err);
    assert!(bucket.fetch("deep", &estate.path("half")) > 0);
    let half = files(&estate.path("half"));
    assert!(half.keys().all(|path| !path.starts_with("scans/") && !path.starts_with("_exports/")), "{:?}", half.keys());

    // Another try puts it right.
    let run = export(&estate, &place, &server.endpoint(), WRITER, &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    bucket.fetch("deep", &estate.path("fetched"));
    estate.run(&["export", "parquet", "--out", "lake"]);
    assert!(tables(&files(&estate.path("fetched"))) == files(&estate.path("lake")));
}

#[test]
fn what_an_export_may_remove_is_its_own() {
    let Some(server) = s3::shared() else { return };
    let mut bucket = server.bucket();
    let estate = Estate::small();
    let place = format!("s3://{}/lake", bucket.bucket);
    assert_eq!(export(&estate, &place, &server.endpoint(), WRITER, &[]).code, 0);
    bucket.fetch("lake", &estate.path("fetched"));
    let (path, text) =
        files(&estate.path("fetched")).into_iter().find(|(path, _)| path.starts_with("_exports/")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let mut other = manifest["files"][0].clone();
    other["path"] = "../others/precious.parquet".into();
    manifest["files"].as_array_mut().unwrap().push(other);
    bucket.put(&format!("lake/{path}"), &manifest.to_string());
    let run = export(&estate, &place, &server.endpoint(), WRITER, &[]);
    assert!(run.code == 1 && run.err.contains("it lists files of other scans"), "{}", run.err);
    for odd in ["S3://lake/x", "s3a://lake/x", "gs://lake"] {
        let run = export(&estate, odd, &server.endpoint(), WRITER, &[]);
        assert!(run.code == 1 && run.err.contains("is no place for an export"), "{}", run.err);
    }
}

#[test]
fn an_object_of_several_parts_arrives_whole() {
    let Some(server) = s3::shared() else { return };
    let mut looker = server.bucket();
    let [id, secret] = WRITER.map(|word| Secret::new(word.to_owned()));
    let bucket = Bucket::new(&BucketSettings {
        endpoint: server.endpoint(),
        region: "us-east-1".to_owned(),
        bucket: looker.bucket.clone(),
        path_style: true,
        key_id: id,
        secret_key: secret,
        session_token: None,
        line: OutletSettings {
            ca_file: None,
            proxy: None,
            timeout: Duration::from_secs(60),
            allow_http: false,
            clock: Arc::new(SystemClock),
        },
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..20_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    // As a tenant may be called: nothing of a key is taken for anything else than what it is.
    let key = "findings/tenant=100%25 %2F..+ü~&?#/file";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let draft = bucket.draft(key, &content[..], content.len() as u64).await.unwrap();
        assert_eq!(bucket.get(key).await.unwrap(), None, "unseen before it is published");
        bucket.publish(&draft).await.unwrap();
        let given_up = bucket.draft("given-up", &b"abc"[..], 3).await.unwrap();
        bucket.discard(given_up).await.unwrap();
        let short = bucket.draft("short", &b"abc"[..], 4).await.unwrap_err().to_string();
        assert!(short.contains("has become shorter"), "{short}");
    });
    assert_eq!((looker.fetch("", folder.path()), looker.unfinished()), (1, Vec::new()));
    assert!(fs::read(folder.path().join(key)).unwrap() == content);
    runtime.block_on(async {
        bucket.put(key, b"small".to_vec()).await.unwrap();
        assert_eq!(bucket.get(key).await.unwrap().unwrap(), b"small");
        bucket.remove(key).await.unwrap();
        bucket.remove(key).await.unwrap();
        assert_eq!(bucket.get(key).await.unwrap(), None);
    });
}

/// Somebody who answers every request alike.
fn always(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut line in listener.incoming().flatten() {
            let (mut heard, mut piece) = (Vec::new(), [0; 16 * 1024]);
            while !heard.ends_with(b"\r\n\r\n") {
                let Ok(length @ 1..) = line.read(&mut piece) else { break };
                heard.extend_from_slice(&piece[..length]);
            }
            let (head, body) = answer.split_once('|').unwrap();
            let length = body.len();
            let answer = format!("HTTP/1.1 {head}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
            drop(line.write_all(answer.as_bytes()));
        }
    });
    address
}

/// What no server of the tests' can be brought to say.
#[test]
fn refusals_of_other_stores_are_told_with_what_to_do() {
    let estate = Estate::small();
    for (answer, why, help) in [
        (
            "403 Forbidden\r\n|<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>",
            "the clocks of this machine and of the store are too far apart (RequestTimeTooSkewed, status 403: The difference",
            "set the clock of this machine",
        ),
        (
            "400 Bad Request\r\n|<Error><Code>AuthorizationHeaderMalformed</Code><Message>wrong</Message><Region>eu-west-3</Region></Error>",
            "the bucket is in another region (AuthorizationHeaderMalformed, status 400: wrong; it is in `eu-west-3`)",
            "`region` in the section `s3` of the configuration, or AWS_REGION",
        ),
        (
            "301 Moved Permanently\r\nlocation: http://127.0.0.1:9/\r\nx-amz-bucket-region: eu-west-3\r\n|",
            "the bucket is in another region (status 301; it is in `eu-west-3`)",
            "AWS_REGION",
        ),
        (
            "400 Bad Request\r\n|<Error><Code>ExpiredToken</Code><Message>over</Message></Error>",
            "the session token is not valid any more (ExpiredToken, status 400: over)",
            "AWS_SESSION_TOKEN",
        ),
        (
            "503 Slow Down\r\n|<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>",
            "the store is too busy, or broken (SlowDown, status 503: Reduce your request rate.)",
            "it was tried again for a while",
        ),
        ("403 Forbidden\r\n|", "the access key may not do this (status 403)", "s3:GetObject, and s3:ListBucket"),
        (
            "400 Bad Request\r\n|<html>\u{1b}[31mno <Code>s3cret-of-the-key</Code></html>",
            "the store refuses (***, status 400)",
            "the store's own words",
        ),
        ("200 OK\r\n|<html>Welcome!</html>", "it is not as keyroll writes it", "look what put it there"),
    ] {
        let run = export(&estate, "s3://lake/x", &always(answer), ["KEY", "s3cret-of-the-key"], &[]);
        assert_eq!(run.code, 1, "{}", run.err);
        assert!(run.err.contains(help) && !run.err.contains("s3cret-of"), "{}", run.err);
        assert!(run.err.contains(why) || run.err.contains("cannot read `s3://lake/x/_exports/"), "{why}: {}", run.err);
    }
}

#[test]
fn where_nobody_is_and_what_is_no_place_is_told() {
    let estate = Estate::small();
    let keys = ["KEY", "secret"];
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (place, endpoint, why, help) in [
        ("s3://lake/x", &*format!("http://{closed}"), "no answer: ", "look whether the `endpoint`"),
        ("s3://lake/x", "http://s3.example.com", "everybody on the way could read along", "look at the section `s3`"),
        (
            "s3://lake/x",
            "ftp://s3.example.com",
            "the endpoint does not start with https://",
            "look at the section `s3`",
        ),
        (
            "s3://lake/x",
            "https://me:pw@s3.example.com",
            "the endpoint holds a user or password",
            "look at the section `s3`",
        ),
        ("s3:///x", "http://127.0.0.1", "the bucket's name may have letters", "look at the section `s3`"),
        ("s3://la ke/x", "http://127.0.0.1", "the bucket's name may have letters", "look at the section `s3`"),
        ("s3://lake/../x", "http://127.0.0.1", "`s3://lake/../x` is no place in a bucket", "s3://BUCKET/PREFIX"),
        ("s3://lake/a//x", "http://127.0.0.1", "`s3://lake/a//x` is no place in a bucket", "s3://BUCKET/PREFIX"),
    ] {
        let run = export(&estate, place, endpoint, keys, &[]);
        assert!([1, 3].contains(&run.code), "{}", run.err);
        assert!(run.err.contains(why) && run.err.contains(help) && !run.err.contains("pw@"), "{why}: {}", run.err);
    }
    let without =
        |variables: &[(&str, &str)]| estate.run_with(&["export", "parquet", "--out", "s3://lake"], variables).err;
    assert!(without(&[]).contains("AWS_REGION or AWS_ENDPOINT_URL"));
    let said = without(&[("AWS_REGION", "eu-central-1"), ("AWS_ACCESS_KEY_ID", "KEY")]);
    assert!(said.contains("`AWS_SECRET_ACCESS_KEY` is not set"), "{said}");
}

/// What the configuration says goes before the environment, and keys never come from both.
#[test]
fn the_configuration_says_where_the_bucket_is_and_who_asks() {
    let Some(server) = s3::shared() else { return };
    let mut bucket = server.bucket();
    let estate = Estate::small();
    let config = fs::read_to_string(estate.path("keyroll.yaml")).unwrap();
    let section = format!(
        "s3:\n  endpoint: {}\n  access_key_id: env:OWN_ID\n  secret_access_key: env:OWN_SECRET\n  timeout_seconds: 30\n",
        server.endpoint()
    );
    let place = format!("s3://{}/x", bucket.bucket);
    let variables = [
        ("OWN_ID", WRITER[0]),
        ("OWN_SECRET", WRITER[1]),
        ("AWS_ACCESS_KEY_ID", "other"),
        ("AWS_SECRET_ACCESS_KEY", "other"),
        ("AWS_SESSION_TOKEN", "other"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ];
    let run = |section: &str| {
        fs::write(estate.path("keyroll.yaml"), format!("{config}{section}")).unwrap();
        estate.run_with(&["export", "parquet", "--out", &place], &variables)
    };
    let half = run("s3:\n  secret_access_key: env:OWN_SECRET\n  reigon: x\n");
    assert_eq!(half.code, 3, "{}", half.err);
    assert!(half.err.contains("`access_key_id` is missing") && half.err.contains("reigon"), "{}", half.err);
    let whole = run(&section);
    assert_eq!(whole.code, 0, "{}", whole.err);
    assert!(bucket.fetch("x", &estate.path("fetched")) > 4);
}
