//! Whatever is handed in as an evidence pack: nothing of it lands outside of its folder, and what verifies is what was signed.
//!
//! Input: a byte for the sort, then: a pack; an archive, packed here; a length, a manifest, signed here, and an archive of members;
//! paths and texts with zero bytes between them, which are listed and signed here; a time stamp.
#![no_main]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Component, Path};
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use keyroll::digest::Digest;
use keyroll::evidence::{SigningKey, TrustedKeys, read_stamp, verify, verify_manifest};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// The key by which `seeds` signed the packs that it made; any other one without them.
static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    let private = std::fs::read_to_string(keyroll_fuzz::made().join("key"));
    let private = private.unwrap_or_else(|_| SigningKey::create("fuzzing", None).expect("a key is made").0);
    SigningKey::open("key", &private, None).expect("our own key")
});
static TRUSTED: LazyLock<TrustedKeys> =
    LazyLock::new(|| TrustedKeys::read("trusted", &KEY.public_line().expect("our own key")).expect("our own key"));

fuzz_target!(|bytes: &[u8]| {
    let [sort, bytes @ ..] = bytes else { return };
    keyroll_fuzz::read(bytes, |bytes| match sort % 5 {
        0 => take(bytes),
        1 => take(&packed(&[], bytes)),
        2 => {
            let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
            let (manifest, members) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
            take(&packed(&signed(manifest), members));
        }
        3 => {
            let (manifest, members) = listed(bytes);
            take(&packed(&[signed(&manifest), members].concat(), &[0; 1024]));
        }
        _ => {
            let (signature, stamp) = bytes.split_at(bytes.len().min(4));
            drop(read_stamp(stamp, signature, None).map(|stamp| assert!(!stamp.trusted, "nobody was named")));
        }
    });
});

/// Verifies a pack as `keyroll evidence verify --extract` does, and looks at every byte that it is given.
fn take(pack: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder is made");
    let mut taken: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let verified = verify(pack, &TRUSTED, |member, bytes| {
        let inside = Path::new(&member.path).components().all(|part| matches!(part, Component::Normal(_)));
        assert!(inside && folder.path().join(&member.path).starts_with(folder.path()), "{} leads away", member.path);
        assert!(!member.path.contains(['\\', ':', '\0']), "{} leads away on other systems", member.path);
        let so_far = taken.entry(member.path.clone()).or_default();
        so_far.extend_from_slice(bytes);
        assert!(so_far.len() as u64 <= member.bytes, "{} is no longer than was signed", member.path);
        Ok(())
    });
    let manifest = verify_manifest(pack, &TRUSTED);
    match verified {
        Err(refusal) => assert!(!refusal.to_string().is_empty()),
        Ok(verified) => {
            assert_eq!(manifest.expect("the manifest of what verifies").manifest_sha256, verified.manifest_sha256);
            for member in &verified.manifest.members {
                let bytes = taken.remove(&member.path).unwrap_or_default();
                assert_eq!(
                    (bytes.len() as u64, Digest::of_bytes(&bytes)),
                    (member.bytes, member.sha256),
                    "{}",
                    member.path
                );
            }
            assert!(taken.is_empty(), "nothing else was given");
        }
    }
}

/// A gzipped archive of some entries, in two parts.
fn packed(first: &[u8], then: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(first).and_then(|()| gzip.write_all(then)).expect("memory takes it");
    gzip.finish().expect("memory takes it")
}

/// The entries of a manifest and its signature.
fn signed(manifest: &[u8]) -> Vec<u8> {
    let signature = KEY.sign(manifest).expect("our own key signs");
    [entry("manifest.json", manifest), entry("manifest.json.sig", signature.as_bytes())].concat()
}

/// A manifest that lists what the bytes name, however it is called, and the entries of its members.
fn listed(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut parts = bytes.split(|byte| *byte == 0);
    let (mut members, mut entries) = (Vec::<Value>::new(), Vec::new());
    while let (Some(path), Some(text)) = (parts.next(), parts.next()) {
        let path = String::from_utf8_lossy(path).into_owned();
        entries.extend(entry(&path, text));
        members.push(json!({"path": path, "bytes": text.len(), "sha256": Digest::of_bytes(text)}));
    }
    let manifest = json!({
        "keyroll_evidence": 1, "number": 1, "previous": null, "estate": "acme", "waivers_applied": true, "tool_version": "0.1.0",
        "operator": "Kim Lead", "host": "audit-1", "created_at": "2026-11-22T08:00:00Z",
        "scan": {"id": 12, "started_at": "2026-11-22T08:00:00Z", "ended_at": "2026-11-22T08:00:00Z", "complete": true,
                 "snapshot_sha256": Digest::of_bytes(b"snapshot"), "tool_version": "0.1.0"},
        "members": members,
    });
    (manifest.to_string().into_bytes(), entries)
}

/// One entry of an archive, its name written as it is.
fn entry(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    let field = &mut header.as_ustar_mut().expect("a ustar header").name;
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name.as_bytes()[..length]);
    header.set_size(content.len() as u64);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}
