//! Packs that are fine, and every way in which one may not be.

use std::io::{Read, Write};

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::manifest::{Manifest, VERSION};
use super::*;
use crate::digest::Digest;
use crate::model::SnapshotId;

fn now() -> DateTime<Utc> {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

/// A key, and the line of its public file.
fn key() -> (SigningKey, String) {
    let (private, public) = SigningKey::create("evidence of acme", None).unwrap();
    (SigningKey::open("key", &private, None).unwrap(), public)
}

fn trusted(lines: &str) -> TrustedKeys {
    TrustedKeys::read("trusted", lines).unwrap()
}

fn made(number: u64, previous: Option<Digest>) -> Circumstances {
    Circumstances {
        number,
        previous: previous.map(|manifest_sha256| Link { number: number - 1, manifest_sha256 }),
        redacts: None,
        estate: "acme".to_owned(),
        scan: PackedScan {
            id: SnapshotId(12),
            started_at: now(),
            ended_at: now(),
            complete: true,
            snapshot_sha256: Digest::of_bytes(b"snapshot"),
            tool_version: "0.1.0".to_owned(),
        },
        waivers_applied: true,
        tool_version: "0.1.0".to_owned(),
        operator: "Kim Lead".to_owned(),
        host: "audit-1".to_owned(),
        created_at: now(),
        timestamp: None,
    }
}

const MEMBERS: [(&str, &str); 3] =
    [("csv/findings.csv", "id,rule\r\nF-1,token-idle\r\n"), ("README.txt", "Read me."), ("snapshot/head.json", "{}\n")];

fn packed(key: &SigningKey, made: Circumstances, members: &[(&str, &str)]) -> (Vec<u8>, Digest) {
    let mut packer = Packer::default();
    for (path, text) in members {
        packer.add(path, |out| out.write_all(text.as_bytes())).unwrap();
    }
    let mut bytes = Vec::new();
    let packed = packer.finish(made, key, &mut bytes).unwrap();
    (bytes, packed.manifest_sha256)
}

fn read(pack: &[u8], keys: &TrustedKeys) -> Result<Verified, Refusal> {
    verify(pack, keys, |_, _| Ok(()))
}

/// An entry of an archive: what it is called, what it holds, what it is.
type Entry = (String, Vec<u8>, tar::EntryType);

fn entries(pack: &[u8]) -> Vec<Entry> {
    let mut archive = tar::Archive::new(GzDecoder::new(pack));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let (name, sort) = (String::from_utf8(entry.path_bytes().to_vec()).unwrap(), entry.header().entry_type());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes, sort)
    });
    entries.collect()
}

/// The archive with these entries, however odd their names.
fn archived(entries: &[Entry]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes, sort) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_entry_type(*sort);
        header.set_cksum();
        tar.append(&header, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn altered(pack: &[u8], alter: impl FnOnce(&mut Vec<Entry>)) -> Vec<u8> {
    let mut entries = entries(pack);
    alter(&mut entries);
    archived(&entries)
}

#[test]
fn a_pack_is_taken_with_the_key_alone_and_is_the_same_twice() {
    let (key, public) = key();
    let (pack, digest) = packed(&key, made(1, None), &MEMBERS);
    assert_eq!(pack, packed(&key, made(1, None), &MEMBERS).0);
    let mut taken = Vec::new();
    let verified = verify(pack.as_slice(), &trusted(&public), |member, bytes| {
        taken.push((member.path.clone(), bytes.to_vec()));
        Ok(())
    });
    let verified = verified.unwrap();
    assert_eq!((verified.manifest_sha256, &verified.manifest.made), (digest, &made(1, None)));
    assert!(verified.signed_by.starts_with("SHA256:"));
    let paths: Vec<&str> = taken.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["README.txt", "csv/findings.csv", "snapshot/head.json"]);
    assert_eq!(taken[1].1, MEMBERS[0].1.as_bytes());
    assert!(read(&archived(&entries(&pack)), &trusted(&public)).is_ok(), "what the test puts together is a pack");
}

#[test]
fn one_byte_of_any_member_is_noticed() {
    let (key, public) = key();
    let (pack, _) = packed(&key, made(1, None), &MEMBERS);
    for at in 0..entries(&pack).len() {
        let wrong = altered(&pack, |entries| entries[at].1[0] ^= 1);
        let refusal = read(&wrong, &trusted(&public)).unwrap_err();
        match at {
            0 | 1 => assert!(matches!(refusal, Refusal::NotSigned { .. }), "{refusal}"),
            _ => assert!(matches!(&refusal, Refusal::Altered { why, .. } if why.contains("digest")), "{refusal}"),
        }
        for longer in [true, false] {
            let wrong = altered(&pack, |entries| {
                let content = &mut entries[at].1;
                content.resize(if longer { content.len() + 1 } else { content.len() - 1 }, b'x');
            });
            let refusal = read(&wrong, &trusted(&public)).unwrap_err();
            assert!(matches!(refusal, Refusal::NotSigned { .. } | Refusal::Altered { .. }), "{refusal}");
        }
    }
}

#[test]
fn a_member_that_came_went_moved_or_is_another_is_noticed() {
    let (key, public) = key();
    let keys = trusted(&public);
    let (pack, _) = packed(&key, made(2, Some(Digest::of_bytes(b"1"))), &MEMBERS);
    let (older, _) = packed(&key, made(1, None), &[("csv/findings.csv", "id,rule\r\n"), MEMBERS[1], MEMBERS[2]]);
    let file = |name: &str| (name.to_owned(), b"x".to_vec(), tar::EntryType::Regular);
    let refusal = |alter: &dyn Fn(&mut Vec<Entry>)| read(&altered(&pack, alter), &keys).unwrap_err();
    let unlisted = |refusal: Refusal| assert!(matches!(refusal, Refusal::Unlisted { .. }), "{refusal}");
    let missing = |refusal: Refusal| assert!(matches!(refusal, Refusal::Missing { .. }), "{refusal}");
    let changed = |refusal: Refusal| assert!(matches!(refusal, Refusal::Altered { .. }), "{refusal}");
    for at in [2, 3, 5] {
        unlisted(refusal(&|entries| entries.insert(at, file("also.txt"))));
        unlisted(refusal(&|entries| entries.insert(at, file("../../etc/passwd"))));
        unlisted(refusal(&|entries| entries.insert(at, file("/etc/passwd"))));
    }
    unlisted(refusal(&|entries| entries.insert(3, entries[2].clone())));
    unlisted(refusal(&|entries| entries[2].0 = "ReadMe.txt".to_owned()));
    unlisted(refusal(&|entries| entries[3].2 = tar::EntryType::Symlink));
    for sort in [tar::EntryType::GNULongName, tar::EntryType::XHeader, tar::EntryType::XGlobalHeader] {
        unlisted(refusal(&|entries| entries.insert(3, ("x".to_owned(), b"19 path=../../x/y\n".to_vec(), sort))));
    }
    missing(refusal(&|entries| drop(entries.remove(2))));
    missing(refusal(&|entries| drop(entries.pop())));
    missing(refusal(&|entries| entries.swap(2, 3)));
    changed(refusal(&|entries| entries[3] = super::tests::entries(&older)[3].clone()));
    for at in 0..2 {
        let refusal = refusal(&|entries| entries[at] = super::tests::entries(&older)[at].clone());
        assert!(matches!(refusal, Refusal::NotSigned { .. }), "{refusal}");
        let refusal = read(&altered(&pack, |entries| drop(entries.remove(at))), &keys).unwrap_err();
        assert!(matches!(refusal, Refusal::NoPack { .. }), "{refusal}");
    }
}

#[test]
fn another_key_is_named_and_two_are_trusted_while_one_takes_over() {
    let ((old, old_public), (new, new_public)) = (key(), key());
    let (pack, _) = packed(&new, made(1, None), &MEMBERS);
    let refusal = read(&pack, &trusted(&old_public)).unwrap_err().to_string();
    assert!(refusal.contains("SHA256:") && refusal.contains("not trusted"), "{refusal}");
    let both = format!("# since 2025\n{old_public}\nkeyroll namespaces=\"keyroll-evidence\" {new_public}");
    assert!(read(&pack, &trusted(&both)).is_ok());
    assert!(read(&packed(&old, made(1, None), &MEMBERS).0, &trusted(&both)).is_ok());
    let over = format!("keyroll valid-before=\"20250101\" {new_public}");
    let authority = format!("keyroll cert-authority {new_public}");
    for wrong in ["", "# nothing\n", "ssh-rsa AAAA x\n", "ssh-ed25519 AAAA x\n", &over, &authority] {
        assert!(TrustedKeys::read("trusted", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_key_may_have_a_password() {
    let (private, public) = SigningKey::create("acme", Some("correct horse")).unwrap();
    assert!(matches!(SigningKey::open("key", &private, None), Err(KeyError::Locked)));
    assert!(matches!(SigningKey::open("key", &private, Some("wrong")), Err(KeyError::WrongPassword)));
    let key = SigningKey::open("key", &private, Some("correct horse")).unwrap();
    assert_eq!(format!("{}\n", key.public_line().unwrap()), public);
    assert!(matches!(SigningKey::open("key", "no key", None), Err(KeyError::NoKey { .. })));
    assert!(matches!(SigningKey::open("key", &public, None), Err(KeyError::NoKey { .. })));
}

/// Signed by the trusted key all the same: whoever has the key cannot make a pack that leads out of its folder or that doubles a path.
#[test]
fn even_a_signed_manifest_is_looked_at() {
    let (key, public) = key();
    let signed = |manifest: &[u8]| {
        let signature = key.sign(manifest).unwrap().into_bytes();
        let (manifest, sort) = (manifest.to_vec(), tar::EntryType::Regular);
        archived(&[("manifest.json".to_owned(), manifest, sort), ("manifest.json.sig".to_owned(), signature, sort)])
    };
    let with = |paths: &[&str]| {
        let member = |path: &&str| Member { path: (*path).to_owned(), bytes: 0, sha256: Digest::of_bytes(b"") };
        let members = paths.iter().map(member).collect();
        Manifest { keyroll_evidence: VERSION, made: made(1, None), members }.to_bytes()
    };
    assert!(read(&signed(&with(&[])), &trusted(&public)).is_ok());
    for path in ["../x", "/x", "a/../b", "a//b", "a\\b", "C:/x", "a/", "", "x\n", "ä"] {
        let refusal = read(&signed(&with(&[path])), &trusted(&public)).unwrap_err();
        assert!(matches!(refusal, Refusal::PathLeadsAway { .. }), "{path:?}: {refusal}");
    }
    for paths in [["b", "a"], ["a", "a"]] {
        let refusal = read(&signed(&with(&paths)), &trusted(&public)).unwrap_err();
        assert!(matches!(refusal, Refusal::NoManifest { .. }), "{refusal}");
    }
    let newer = String::from_utf8(with(&[])).unwrap().replace("\"keyroll_evidence\": 1", "\"keyroll_evidence\": 2");
    let refusal = read(&signed(newer.as_bytes()), &trusted(&public)).unwrap_err();
    assert!(matches!(refusal, Refusal::Newer { version: 2 }), "{refusal}");
    let refusal = read(&signed(b"{}"), &trusted(&public)).unwrap_err();
    assert!(matches!(refusal, Refusal::NoManifest { .. }), "{refusal}");
}

#[test]
fn a_bomb_goes_off_nowhere() {
    let (key, public) = key();
    let (pack, _) = packed(&key, made(1, None), &MEMBERS);
    let zeros = |entries: &mut Vec<Entry>, at: usize, size: usize| entries[at].1 = vec![0; size];
    for at in [0, 1] {
        let refusal = read(&altered(&pack, |entries| zeros(entries, at, 20 << 20)), &trusted(&public)).unwrap_err();
        assert!(matches!(refusal, Refusal::NoPack { .. }), "{refusal}");
    }
    let refusal = read(&altered(&pack, |entries| zeros(entries, 2, 50 << 20)), &trusted(&public)).unwrap_err();
    assert!(matches!(refusal, Refusal::Altered { .. }), "{refusal}");
    // Behind the last entry there is nothing, packed or not.
    let mut behind = pack.clone();
    behind.extend_from_slice(b"x");
    assert!(matches!(read(&behind, &trusted(&public)), Err(Refusal::Unlisted { .. })));
    let mut raw = Vec::new();
    GzDecoder::new(pack.as_slice()).read_to_end(&mut raw).unwrap();
    for more in [vec![1; 512], vec![0; 10 << 20]] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&raw).unwrap();
        gzip.write_all(&more).unwrap();
        let refusal = read(&gzip.finish().unwrap(), &trusted(&public)).unwrap_err();
        assert!(matches!(refusal, Refusal::Unlisted { .. }), "{refusal}");
    }
}

#[test]
fn what_is_no_pack_says_so() {
    let (_, public) = key();
    for bytes in [&b""[..], b"PK\x03\x04", b"{}", &[0x1f, 0x8b, 8, 0]] {
        let refusal = read(bytes, &trusted(&public)).unwrap_err();
        assert!(matches!(refusal, Refusal::NoPack { .. } | Refusal::Unreadable(_)), "{refusal}");
    }
}

#[test]
fn a_chain_shows_what_is_missing_replaced_doubled_or_odd() {
    let (key, public) = key();
    let keys = trusted(&public);
    let mut packs = Vec::new();
    let mut previous = None;
    for number in 1..=5 {
        let (pack, digest) = packed(&key, made(number, previous), &MEMBERS);
        packs.push((format!("{number}.tar.gz"), read(&pack, &keys).unwrap()));
        previous = Some(digest);
    }
    let breaks = |packs: Vec<(String, Verified)>| -> Vec<Vec<Break>> {
        chain(packs).into_iter().map(|chained| chained.breaks).collect()
    };
    let mut turned = packs.clone();
    turned.reverse();
    assert_eq!(breaks(turned), vec![Vec::new(); 5], "whole, in whatever order they are found");
    let without = |gone: &[usize]| {
        packs.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, pack)| pack.clone()).collect::<Vec<_>>()
    };
    assert_eq!(breaks(without(&[1, 2]))[1], [Break::Missing { first: 2, last: 3 }]);
    assert_eq!(breaks(without(&[0]))[0], [Break::Missing { first: 1, last: 1 }]);
    assert_eq!(breaks(without(&[4])), vec![Vec::new(); 4], "that the last one is missing nothing in the others tells");
    let other = |number: u64, previous| {
        let members = [("other.txt", "other")];
        (format!("other-{number}.tar.gz"), read(&packed(&key, made(number, previous), &members).0, &keys).unwrap())
    };
    let mut replaced = without(&[2]);
    replaced.push(other(3, Some(packs[1].1.manifest_sha256)));
    assert_eq!(breaks(replaced), [vec![], vec![], vec![], vec![Break::Replaced { number: 3 }], vec![]]);
    let mut doubled = packs.clone();
    doubled.push(other(5, Some(packs[3].1.manifest_sha256)));
    assert_eq!(breaks(doubled)[5], [Break::Doubled { number: 5, other: "5.tar.gz".to_owned() }]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Whatever byte of the file is changed or cut off: the pack is refused, or it says the very same.
    #[test]
    fn no_changed_byte_changes_what_is_believed(at in any::<prop::sample::Index>(), bit in 0..8u32, cut in any::<bool>()) {
        let (key, public) = key();
        let (pack, _) = packed(&key, made(1, None), &MEMBERS);
        let whole = read(&pack, &trusted(&public)).unwrap();
        let mut wrong = pack.clone();
        if cut {
            wrong.truncate(at.index(pack.len()));
        } else {
            wrong[at.index(pack.len())] ^= 1 << bit;
        }
        let mut taken = Vec::new();
        let verified = verify(wrong.as_slice(), &trusted(&public), |_, bytes| { taken.extend_from_slice(bytes); Ok(()) });
        if let Ok(verified) = verified {
            prop_assert_eq!(verified, whole);
            prop_assert_eq!(taken.len(), MEMBERS.iter().map(|(_, text)| text.len()).sum::<usize>());
        }
    }
}
