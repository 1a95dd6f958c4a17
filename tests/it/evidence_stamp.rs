//! Packs with a time stamp: an authority that OpenSSL makes stamps over HTTP, OpenSSL verifies what is in the pack, and whatever else
//! comes back or is put in its place is refused.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use keyroll::evidence::{Authorities, StampError, StampRequest, read_stamp};
use tempfile::TempDir;

use crate::evidence::Estate;
use crate::support::keyroll::Run;

const PACK: &str = "evidence/00001-s1.keyroll.tar.gz";

/// Certificates and keys, one folder for all tests; none where OpenSSL is not named.
fn authorities() -> Option<&'static Openssl> {
    static MADE: OnceLock<Option<Openssl>> = OnceLock::new();
    let made = MADE.get_or_init(|| std::env::var_os("KEYROLL_TEST_OPENSSL").map(Openssl::new));
    if made.is_none() {
        crate::support::skipped("KEYROLL_TEST_OPENSSL names no openssl");
    }
    made.as_ref()
}

struct Openssl {
    tool: PathBuf,
    folder: TempDir,
}

/// `rsa` and `curve` and `wide` stamp, each in another way that authorities have; `closed` refuses.
const SETTINGS: &str = "
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[signs]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
[more]
extendedKeyUsage = critical,timeStamping,codeSigning
[lax]
extendedKeyUsage = timeStamping
[req]
distinguished_name = name
[name]
[common]
[rsa]
serial = $ENV::FOLDER/serial
crypto_device = builtin
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha512
clock_precision_digits = 3
accuracy = secs:1, millisecs:500
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
[curve]
serial = $ENV::FOLDER/serial
default_policy = 1.2.3.4.2
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha1
[wide]
serial = $ENV::FOLDER/serial
default_policy = 1.2.3.4.3
digests = sha256
signer_digest = sha384
ordering = yes
ess_cert_id_alg = sha512
[closed]
serial = $ENV::FOLDER/serial
default_policy = 1.2.3.4.4
digests = sha512
signer_digest = sha256
";

impl Openssl {
    fn new(tool: std::ffi::OsString) -> Self {
        let made = Self { tool: tool.into(), folder: tempfile::tempdir().unwrap() };
        fs::write(made.path("settings"), SETTINGS).unwrap();
        for (ca, tsa, key) in [
            ("ca", "rsa", &["rsa:2048"][..]),
            ("ca", "curve", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
            ("ca", "wide", &["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]),
            ("other-ca", "other", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ] {
            if !made.path(&format!("{ca}.pem")).exists() {
                made.run(&[
                    "req",
                    "-x509",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-days",
                    "3650",
                    "-config",
                    "settings",
                    "-extensions",
                    "ca",
                    "-subj",
                    &format!("/CN=Root {ca}"),
                    "-keyout",
                    &format!("{ca}.key"),
                    "-out",
                    &format!("{ca}.pem"),
                ]);
            }
            made.certificate(ca, tsa, key, "stamps");
        }
        for wrong in ["signs", "more", "lax"] {
            made.certificate("ca", wrong, &["rsa:2048"], wrong);
        }
        made
    }

    fn certificate(&self, ca: &str, name: &str, key: &[&str], extensions: &str) {
        let file = |ending: &str| format!("{name}.{ending}");
        let ask = [
            "req",
            "-nodes",
            "-config",
            "settings",
            "-subj",
            &format!("/O=Acme/CN=Stamps {name}"),
            "-keyout",
            &file("key"),
            "-out",
            &file("csr"),
        ];
        self.run(&[&ask[..], &["-newkey"], key].concat());
        self.run(&[
            "x509",
            "-req",
            "-in",
            &file("csr"),
            "-CA",
            &format!("{ca}.pem"),
            "-CAkey",
            &format!("{ca}.key"),
            "-CAcreateserial",
            "-days",
            "3650",
            "-extfile",
            "settings",
            "-extensions",
            extensions,
            "-out",
            &file("pem"),
        ]);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> String {
        let run = Command::new(&self.tool)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("FOLDER", self.folder.path())
            .output()
            .unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success(), "{arguments:?}: {said}");
        said
    }

    /// What a request is answered by one of the authorities.
    fn reply(&self, authority: &str, query: &[u8]) -> Vec<u8> {
        let signer = if authority == "closed" { "rsa" } else { authority };
        let section = if authority == "other" { "curve" } else { authority };
        let work = tempfile::tempdir_in(self.folder.path()).unwrap();
        let file = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
        fs::write(file("q"), query).unwrap();
        // The file of serial numbers is shared.
        static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let one = ONE.lock().unwrap();
        self.run(&[
            "ts",
            "-reply",
            "-queryfile",
            &file("q"),
            "-config",
            "settings",
            "-section",
            section,
            "-signer",
            &format!("{signer}.pem"),
            "-inkey",
            &format!("{signer}.key"),
            "-chain",
            "ca.pem",
            "-out",
            &file("r"),
        ]);
        drop(one);
        fs::read(file("r")).unwrap()
    }

    /// A stamp of some bytes that nobody of ours asked for.
    fn stamp(&self, authority: &str, bytes: &[u8]) -> Vec<u8> {
        let work = tempfile::tempdir_in(self.folder.path()).unwrap();
        let file = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
        fs::write(file("d"), bytes).unwrap();
        self.run(&["ts", "-query", "-data", &file("d"), "-sha256", "-cert", "-out", &file("q")]);
        self.reply(authority, &fs::read(file("q")).unwrap())
    }

    /// The same stamp with something changed in what is stamped, signed anew by whoever has this key.
    fn signed_anew(&self, answer: &[u8], signer: &str, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let work = tempfile::tempdir_in(self.folder.path()).unwrap();
        let file = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
        fs::write(file("r"), answer).unwrap();
        self.run(&["ts", "-reply", "-in", &file("r"), "-token_out", "-out", &file("t")]);
        self.run(&["cms", "-verify", "-noverify", "-inform", "DER", "-in", &file("t"), "-out", &file("i")]);
        let mut info = fs::read(file("i")).unwrap();
        change(&mut info);
        fs::write(file("i"), info).unwrap();
        self.run(&[
            "cms",
            "-sign",
            "-cades",
            "-binary",
            "-nodetach",
            "-md",
            "sha256",
            "-econtent_type",
            "1.2.840.113549.1.9.16.1.4",
            "-in",
            &file("i"),
            "-signer",
            &format!("{signer}.pem"),
            "-inkey",
            &format!("{signer}.key"),
            "-outform",
            "DER",
            "-out",
            &file("n"),
        ]);
        let body = [&[0x30, 3, 2, 1, 0][..], &fs::read(file("n")).unwrap()].concat();
        [&[0x30, 0x82, (body.len() >> 8) as u8, (body.len() & 0xff) as u8][..], &body].concat()
    }
}

/// Puts something in the place of just one part of some bytes.
fn replace(bytes: &mut Vec<u8>, old: &[u8], new: &[u8]) {
    let at = bytes.windows(old.len()).position(|part| part == old).expect("it is in there");
    bytes.splice(at..at + old.len(), new.iter().copied());
}

/// Where the moment of a stamp begins. It has up to three decimals, as zeros at their end are left out.
fn moment_in(stamped: &[u8]) -> usize {
    let is_moment = |part: &[u8]| part[0] == 0x18 && (15..=19).contains(&part[1]) && part[2..5] == *b"202";
    stamped.windows(5).position(is_moment).expect("it says when") + 2
}

/// Changes the year of a moment in what is stamped.
fn in_year(year: &'static str) -> impl FnOnce(&mut Vec<u8>) {
    move |info| {
        let at = moment_in(info);
        info[at..at + 4].copy_from_slice(year.as_bytes());
    }
}

/// A server that is asked for stamps.
struct Authority {
    url: String,
    _runtime: tokio::runtime::Runtime,
}

impl Authority {
    fn answering(answer: impl Fn(&[u8]) -> Response<Body> + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/tsr", listener.local_addr().unwrap());
        let answer = Arc::new(answer);
        let app = axum::Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let answer = answer.clone();
            async move {
                assert_eq!(headers["content-type"], "application/timestamp-query");
                tokio::task::spawn_blocking(move || answer(&body)).await.unwrap()
            }
        });
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, _runtime: runtime }
    }

    /// One that changes requests before they are answered, and answers before they are sent.
    fn between(
        openssl: &'static Openssl,
        name: &'static str,
        asked: impl Fn(&mut Vec<u8>) + Send + Sync + 'static,
        told: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self::answering(move |query| {
            let mut query = query.to_vec();
            asked(&mut query);
            stamped(told(openssl.reply(name, &query)))
        })
    }

    fn honest(openssl: &'static Openssl, name: &'static str) -> Self {
        Self::between(openssl, name, |_| {}, |answer| answer)
    }
}

fn stamped(answer: Vec<u8>) -> Response<Body> {
    Response::builder().header("content-type", "application/timestamp-reply").body(Body::from(answer)).unwrap()
}

fn create(estate: &Estate, url: &str, further: &[&str]) -> Run {
    let create = ["evidence", "create", "--by", "Kim Lead", "--key", "key", "--timestamp", url];
    estate.run(&[&create[..], further].concat())
}

fn ca(openssl: &Openssl, name: &str) -> String {
    openssl.path(name).to_str().unwrap().to_owned()
}

/// A pack with a stamp, of an estate of its own.
fn pack_stamped_by(openssl: &'static Openssl, name: &'static str) -> Estate {
    let estate = Estate::new();
    let run = create(&estate, &Authority::honest(openssl, name).url, &["--timestamp-ca", &ca(openssl, "ca.pem")]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.err.contains("Its signature was stamped 2") && run.err.contains(&format!("CN=Stamps {name}")),
        "{}",
        run.err
    );
    estate
}

type Entry = (String, Vec<u8>);

fn entries(pack: &Path) -> Vec<Entry> {
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(pack).unwrap()));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes)
    });
    entries.collect()
}

fn write(pack: &Path, entries: &[Entry]) {
    let file = fs::File::create(pack).unwrap();
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::fast()));
    for (name, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
}

#[test]
fn openssl_verifies_the_stamp_in_a_pack() {
    let Some(openssl) = authorities() else { return };
    for name in ["rsa", "curve", "wide"] {
        let estate = pack_stamped_by(openssl, name);
        let authority = ca(openssl, "ca.pem");
        let said = estate.ask(&["evidence", "verify", PACK, "--trust", "key.pub", "--timestamp-ca", &authority]);
        for part in [
            "is valid.",
            &format!("CN=Stamps {name}"),
            "its authority is one of those trusted",
            "under policy 1.2.3.4.",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        let said = estate.ask(&["evidence", "verify", PACK, "--trust", "key.pub"]);
        assert!(said.contains("is valid.") && said.contains("NOT VERIFIED: name its certificates"), "{said}");
        let log = estate.ask(&["evidence", "log", "--trust", "key.pub", "--timestamp-ca", &authority]);
        assert!(log.contains("complete  stamped 2"), "{log}");

        let entries = entries(&estate.path(PACK));
        let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).take(3).collect();
        assert_eq!(names, ["manifest.json", "manifest.json.sig", "manifest.json.sig.tsr"]);
        let manifest: serde_json::Value = serde_json::from_slice(&entries[0].1).unwrap();
        assert!(
            manifest["timestamp"]["authority"].as_str().unwrap().ends_with("/tsr") && manifest["keyroll_evidence"] == 1
        );
        for (name, bytes) in &entries[1..3] {
            fs::write(estate.path(name), bytes).unwrap();
        }
        let file = |name: &str| estate.path(name).to_str().unwrap().to_owned();
        let verify = [
            "ts",
            "-verify",
            "-in",
            &file("manifest.json.sig.tsr"),
            "-data",
            &file("manifest.json.sig"),
            "-CAfile",
            "ca.pem",
        ];
        assert!(openssl.run(&verify).contains("Verification: OK"));
    }
}

#[test]
fn a_pack_without_a_stamp_is_what_it_was() {
    let Some(openssl) = authorities() else { return };
    let estate = Estate::new();
    estate.pack();
    let manifest = entries(&estate.path(PACK)).swap_remove(0).1;
    assert!(!String::from_utf8(manifest).unwrap().contains("timestamp"));
    let said = estate.ask(&["evidence", "verify", PACK, "--trust", "key.pub"]);
    assert!(said.contains("stamped      no:"), "{said}");
    let verify = ["evidence", "verify", PACK, "--trust", "key.pub", "--timestamp-ca", &ca(openssl, "ca.pem")];
    estate.refuse(&verify, "has no time stamp: it was made without one");
    // One that somebody adds is not one that was signed for.
    let mut added = entries(&estate.path(PACK));
    let stamp = openssl.stamp("rsa", &added[1].1);
    added.insert(2, ("manifest.json.sig.tsr".to_owned(), stamp));
    write(&estate.path(PACK), &added);
    estate.refuse(&["evidence", "verify", PACK, "--trust", "key.pub"], "is not listed");
}

/// Whatever goes wrong while a stamp is made: no pack, nothing left of one, the reason, and what to do.
#[test]
fn without_a_valid_stamp_no_pack_is_made() {
    let Some(openssl) = authorities() else { return };
    let plain = |status: u16, body: Vec<u8>| {
        move |_: &[u8]| {
            Response::builder()
                .status(status)
                .header("location", "http://127.0.0.1:1/")
                .body(Body::from(body.clone()))
                .unwrap()
        }
    };
    let stalled = |_: &[u8]| {
        std::thread::park_timeout(Duration::from_secs(5));
        stamped(Vec::new())
    };
    let nonce = |query: &mut Vec<u8>| {
        let at = query.len() - 4;
        query[at] ^= 1;
    };
    let imprint = |query: &mut Vec<u8>| {
        let at = query.windows(2).position(|part| part == [4, 32]).unwrap() + 5;
        query[at] ^= 1;
    };
    let same = |_: &mut Vec<u8>| {};
    let by = move |signer: &'static str| {
        Authority::between(openssl, "rsa", same, move |answer| openssl.signed_anew(&answer, signer, |_| {}))
    };
    let cases: Vec<(Authority, &str, &str)> = vec![
        (Authority::answering(plain(500, b"out of order".to_vec())), "answered 500: out of order", "try again later"),
        (Authority::answering(plain(302, Vec::new())), "redirects are not followed", "try again later"),
        (Authority::answering(plain(200, b"hello".to_vec())), "it cannot be read", "look whether the address"),
        (Authority::answering(plain(200, Vec::new())), "it cannot be read", "look whether the address"),
        (Authority::answering(plain(200, vec![0x30; 2 << 20])), "longer than a stamp", "try again later"),
        (Authority::answering(stalled), "timed out", "try again later"),
        (Authority::honest(openssl, "closed"), "it does not take this sort of digest", "use another authority"),
        (
            Authority::between(openssl, "rsa", nonce, |answer| answer),
            "it answers another request",
            "use another authority",
        ),
        (
            Authority::between(openssl, "rsa", imprint, |answer| answer),
            "it is of something else",
            "use another authority",
        ),
        (Authority::honest(openssl, "other"), "it is by another authority", "look whether the file"),
        (by("signs"), "it does not say what it is for", "use another authority"),
        (by("more"), "it is for something else, or for more than that", "use another authority"),
        (by("lax"), "what it is for is not marked as critical", "use another authority"),
        (
            Authority::between(openssl, "rsa", same, |answer| openssl.signed_anew(&answer, "rsa", in_year("2001"))),
            "was not valid at 2001-",
            "use another authority",
        ),
        (
            Authority::between(openssl, "rsa", same, |mut answer| {
                let at = answer.len() - 20;
                answer[at] ^= 1;
                answer
            }),
            "the signature is wrong",
            "use another authority",
        ),
    ];
    let estate = Estate::new();
    for (authority, why, help) in cases {
        let run =
            create(&estate, &authority.url, &["--timestamp-ca", &ca(openssl, "ca.pem"), "--timestamp-timeout", "3"]);
        assert_eq!(run.code, 1, "{why}: {}", run.out);
        for part in ["no pack was made", why, help] {
            assert!(run.err.contains(part), "{part} in {}", run.err);
        }
        assert_eq!(fs::read_dir(estate.path("evidence")).unwrap().count(), 0, "{why}: nothing is left");
    }
    let nobody = create(&estate, "http://127.0.0.1:1/tsr", &[]);
    assert!(nobody.code == 1 && nobody.err.contains("no answer"), "{}", nobody.err);
    for (url, why) in [
        ("tsa.example.com", "is not a URL"),
        ("http://localhost/tsr?key=1", "has a query"),
        ("https://a:b@localhost/", "user or password"),
    ] {
        let run = create(&estate, url, &[]);
        assert!(run.code == 1 && run.err.contains(why), "{url}: {}", run.err);
    }
    let run = create(&estate, "http://localhost/", &["--timestamp-ca", "key.pub"]);
    assert!(run.code == 1 && run.err.contains("is no file of certificates"), "{}", run.err);
    assert_eq!(estate.run(&["evidence", "create", "--by", "K", "--key", "key", "--timestamp-ca", "x"]).code, 2);
}

#[test]
fn a_stamp_that_was_tampered_with_is_refused() {
    let Some(openssl) = authorities() else { return };
    let estate = pack_stamped_by(openssl, "rsa");
    let whole = entries(&estate.path(PACK));
    let (signature, stamp) = (whole[1].1.clone(), whole[2].1.clone());
    let trusting = ["--timestamp-ca".to_owned(), ca(openssl, "ca.pem")];
    let with = |answer: Option<Vec<u8>>, trusting: &[String]| {
        let mut entries = whole.clone();
        match answer {
            Some(answer) => entries[2].1 = answer,
            None => drop(entries.remove(2)),
        }
        write(&estate.path("tampered"), &entries);
        let verify = ["evidence", "verify", "tampered", "--trust", "key.pub"].map(str::to_owned);
        let all = [&verify[..], trusting].concat();
        estate.run(&all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(with(Some(stamp.clone()), &trusting).code, 0, "what the test puts together is a pack");
    let flipped = |at: usize| {
        let mut wrong = stamp.clone();
        wrong[at] ^= 1;
        wrong
    };
    let anew = |signer: &str, change: fn(&mut Vec<u8>)| openssl.signed_anew(&stamp, signer, change);
    let content = stamp.windows(2).position(|part| part == [4, 32]).unwrap() + 8;
    for (answer, why) in [
        (None, "`manifest.json.sig.tsr` is listed and not there"),
        (Some(openssl.stamp("rsa", b"something else")), "it is of something else"),
        (Some(flipped(content)), "what is stamped is not what was signed"),
        (Some(flipped(stamp.len() - 20)), "the signature is wrong"),
        (Some(anew("signs", |_| {})), "is not one for time stamps"),
        (Some(anew("rsa", |info| in_year("2001")(info))), "was not valid at 2001-"),
        (Some(anew("rsa", |info| in_year("2099")(info))), "was not valid at 2099-"),
        (Some(b"hello".to_vec()), "it cannot be read"),
        (Some(vec![0x30; 70 << 10]), "a file of more than 65536 bytes is not listed"),
        (Some([&stamp[..], b"x"].concat()), "it cannot be read"),
    ] {
        for trusting in [&trusting[..], &[]] {
            let run = with(answer.clone(), trusting);
            assert!(
                run.code == 1 && run.err.contains("is not valid") && run.err.contains(why),
                "{why}: {}{}",
                run.out,
                run.err
            );
        }
    }
    // A stamp of another authority is one, of this signature; whether it is to be trusted is another question.
    let other = openssl.stamp("other", &signature);
    let run = with(Some(other.clone()), &[]);
    assert!(run.code == 0 && run.out.contains("NOT VERIFIED"), "{}{}", run.out, run.err);
    let run = with(Some(other), &trusting);
    assert!(run.code == 1 && run.err.contains("it is by another authority"), "{}", run.err);
    // One that says another moment than the authority did.
    let mut wrong = stamp.clone();
    let at = moment_in(&wrong);
    wrong[at + 3] ^= 1;
    let run = with(Some(wrong), &[]);
    assert!(run.code == 1 && run.err.contains("what is stamped is not what was signed"), "{}", run.err);
}

/// Whatever byte of a stamp is another: it is refused, or it says the very same.
#[test]
fn no_changed_byte_of_a_stamp_changes_what_is_believed() {
    let Some(openssl) = authorities() else { return };
    for (name, most) in [("rsa", usize::MAX), ("curve", usize::MAX)] {
        let stamp = openssl.stamp(name, b"a signature");
        let trusted = Authorities::read("ca.pem", &fs::read(openssl.path("ca.pem")).unwrap()).unwrap();
        let whole = read_stamp(&stamp, b"a signature", Some(&trusted)).unwrap();
        let mut refused = 0;
        for at in (0..stamp.len()).take(most) {
            for change in [1 << (at % 8), 0xff, 0x80] {
                let mut wrong = stamp.clone();
                wrong[at] ^= change;
                match read_stamp(&wrong, b"a signature", Some(&trusted)) {
                    Ok(read) => assert_eq!(read, whole, "byte {at}"),
                    Err(_) => refused += 1,
                }
            }
            assert!(read_stamp(&stamp[..at], b"a signature", None).is_err(), "cut at {at}");
        }
        // Beside what is signed there are a few bytes that say nothing: certificates sent along, versions.
        assert!(refused > stamp.len() * 3 / 2, "{refused} of {}", stamp.len() * 3);
    }
}

#[test]
fn an_answer_is_taken_for_its_own_request_alone() {
    let Some(openssl) = authorities() else { return };
    let (one, other) = (StampRequest::of(b"a signature").unwrap(), StampRequest::of(b"a signature").unwrap());
    let answer = openssl.reply("curve", &one.to_der());
    assert!(!one.accept(&answer, None).unwrap().trusted);
    assert_eq!(other.accept(&answer, None), Err(StampError::OtherRequest));
    assert_eq!(StampRequest::of(b"else").unwrap().accept(&answer, None), Err(StampError::OfSomethingElse));
    // OpenSSL reads the request as it is meant.
    fs::write(openssl.path("ours.tsq"), one.to_der()).unwrap();
    let said = openssl.run(&["ts", "-query", "-in", "ours.tsq", "-text"]);
    for part in ["Hash Algorithm: sha256", "Certificate required: yes", "Nonce: 0x"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let mut unknown = answer.clone();
    replace(&mut unknown, b"Stamps curve", b"Stamps curvy");
    assert!(one.accept(&unknown, None).is_err());
}
