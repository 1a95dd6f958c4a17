//! An export to a bucket: files are sent one after the other, unseen, and published when all have arrived. The manifest comes last: who
//! reads what a manifest lists never sees half an export.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Seek};
use std::path::Path;
use std::sync::Arc;

use crate::cli::block_on;
use crate::cli::complain::{Complaint, chain};
use crate::clock::Clock;
use crate::config::Config;
use crate::digest::Digester;
use crate::http::{Bucket, BucketError, Draft, Refusal};
use crate::reports::{ParquetExport, ParquetFile, ParquetManifest, ParquetManifestFile, RenderError};

/// How the address of a place in a bucket begins.
const SCHEME: &str = "s3://";

/// A place in a bucket.
pub(super) struct Bucketful {
    bucket: Bucket,
    name: String,
    /// What keys begin with; without a slash at its end.
    prefix: String,
}

/// True if what `--out` names is a place in a bucket, or another address, which is none for an export.
pub(super) fn is_of_a_bucket(out: &Path) -> bool {
    out.to_str().is_some_and(|out| out.contains("://"))
}

impl Bucketful {
    /// The place at an address, `s3://BUCKET/PREFIX`. Nothing is asked yet.
    pub(super) fn open(out: &Path, config: &mut Config, clock: &Arc<dyn Clock>) -> Result<Self, Complaint> {
        let Some(address) = out.to_str().and_then(|out| out.strip_prefix(SCHEME)) else {
            let complaint = Complaint::failed(format!("`{}` is no place for an export", out.display()));
            return Err(complaint.help("write it like `s3://BUCKET/PREFIX`, or name a folder"));
        };
        let (name, prefix) = address.split_once('/').unwrap_or((address, ""));
        let prefix = prefix.trim_end_matches('/');
        if prefix.split('/').any(|part| matches!(part, "." | "..") || part.is_empty() && !prefix.is_empty()) {
            let complaint = Complaint::failed(format!("`{}` is no place in a bucket", out.display()));
            return Err(
                complaint.help("write it like `s3://BUCKET/PREFIX`, without empty parts and without dots for parts")
            );
        }
        let bucket = config.bucket(name, clock)?;
        Ok(Self { bucket, name: name.to_owned(), prefix: prefix.to_owned() })
    }

    /// Writes every file and the manifest, and removes files of the same scan that it has no more: an earlier keyroll may have put
    /// its rows elsewhere, and they would count twice.
    pub(super) fn write_all(&self, export: &ParquetExport<'_>) -> Result<usize, Complaint> {
        block_on(async {
            let place = export.manifest_path();
            let earlier = self.earlier(export, &place).await?;
            let mut sent = Vec::new();
            if let Err(complaint) = self.send_all(export, &mut sent).await {
                self.discard(sent).await;
                return Err(complaint);
            }
            let files = self.publish(sent).await?;
            let paths: BTreeSet<String> = files.iter().map(|file| file.path.clone()).collect();
            // As long as something is outdated, the manifest that lists it stays: the next export finds it there.
            for path in earlier.difference(&paths) {
                self.bucket.remove(&self.key(path)).await.map_err(|error| self.outdated(path, &error))?;
            }
            self.put(&place, &export.manifest(files)).await?;
            Ok(paths.len())
        })
    }

    /// The files that an earlier export of the same scan left.
    async fn earlier(&self, export: &ParquetExport<'_>, place: &str) -> Result<BTreeSet<String>, Complaint> {
        let key = self.key(place);
        let Some(text) = self.bucket.get(&key).await.map_err(|error| self.cannot_read(&key, &error))? else {
            return Ok(BTreeSet::new());
        };
        let unreadable = |why: &dyn fmt::Display| {
            let complaint = Complaint::failed(format!("cannot read `{}`: {why}", self.shown(&key)));
            complaint.help("it is not as keyroll writes it: look what put it there, and remove it if nobody needs it")
        };
        let manifest: ParquetManifest = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
        let paths: BTreeSet<String> = manifest.files.into_iter().map(|file| file.path).collect();
        // What it lists may be removed, so it has to be of this scan.
        match paths.iter().all(|path| export.may_be_own(path)) {
            true => Ok(paths),
            false => Err(unreadable(&"it lists files of other scans")),
        }
    }

    async fn send_all(&self, export: &ParquetExport<'_>, sent: &mut Vec<Sent>) -> Result<(), Complaint> {
        for file in export.files() {
            let path = file.path();
            let (content, bytes, sha256) = made(&file).map_err(|error| self.cannot_make(&path, &error))?;
            let key = self.key(&path);
            let draft = self.bucket.draft(&key, content, bytes).await;
            let draft = draft.map_err(|error| self.cannot_write(&key, &error, NOTHING))?;
            sent.push(Sent { draft, file: ParquetManifestFile { path, bytes, sha256 } });
        }
        Ok(())
    }

    /// Lets everybody see what was sent, the table of scans last: of a scan that it does not name nobody takes what is missing for
    /// what there is not. Where that ends half way, what is in place stays: another export may have put it there.
    async fn publish(&self, sent: Vec<Sent>) -> Result<Vec<ParquetManifestFile>, Complaint> {
        let mut published: Vec<ParquetManifestFile> = Vec::new();
        let mut rest = sent;
        while let Some(Sent { draft, file }) = rest.pop() {
            if let Err(error) = self.bucket.publish(&draft).await {
                let complaint = self.cannot_write(&self.key(&file.path), &error, SOME);
                rest.push(Sent { draft, file });
                self.discard(rest).await;
                return Err(complaint);
            }
            published.push(file);
        }
        published.reverse();
        Ok(published)
    }

    async fn put(&self, place: &str, manifest: &ParquetManifest) -> Result<(), Complaint> {
        let key = self.key(place);
        let text = serde_json::to_vec_pretty(manifest).expect("internal: a manifest can be written as JSON");
        self.bucket.put(&key, text).await.map_err(|error| self.cannot_write(&key, &error, SOME))
    }

    /// The error that is told is the one that matters. What is left is unseen, and the store can be told to forget it by itself.
    async fn discard(&self, sent: Vec<Sent>) {
        for Sent { draft, .. } in sent {
            // Whoever does not answer now does not answer for the others either.
            if let Err(BucketError::Unreachable(_) | BucketError::Untrusted(_)) = self.bucket.discard(draft).await {
                return;
            }
        }
    }

    fn key(&self, path: &str) -> String {
        if self.prefix.is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) }
    }

    fn shown(&self, key: &str) -> String {
        format!("{SCHEME}{}/{key}", self.name)
    }

    /// A file cannot be made before it is sent.
    pub(super) fn cannot_make(&self, path: &str, error: &RenderError) -> Complaint {
        let complaint = Complaint::failed(format!("cannot make `{path}` for {self}: {}", chain(error)));
        complaint.help(format!(
            "each file is written to the folder for temporary files (TMPDIR) before it is sent; {NOTHING}"
        ))
    }

    fn cannot_write(&self, key: &str, error: &BucketError, left: &str) -> Complaint {
        let complaint = Complaint::failed(format!("cannot write `{}`: {error}", self.shown(key)));
        complaint.help(format!("{}; {left}", remedy(error, "s3:PutObject")))
    }

    fn cannot_read(&self, key: &str, error: &BucketError) -> Complaint {
        let complaint =
            Complaint::failed(format!("cannot look for an earlier export at `{}`: {error}", self.shown(key)));
        complaint.help(format!(
            "{}; {NOTHING}",
            remedy(error, "s3:GetObject, and s3:ListBucket, without which a store tells nobody that there is none")
        ))
    }

    fn outdated(&self, path: &str, error: &BucketError) -> Complaint {
        let complaint =
            Complaint::failed(format!("cannot remove what is outdated at `{}`: {error}", self.shown(&self.key(path))));
        let left = "the new files are in place; until the old one is gone, its rows count twice";
        complaint.help(format!("{}; {left}", remedy(error, "s3:DeleteObject")))
    }
}

impl fmt::Display for Bucketful {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.shown(&self.prefix).trim_end_matches('/'))
    }
}

/// A file that was sent, and that nobody sees yet.
struct Sent {
    draft: Draft,
    file: ParquetManifestFile,
}

/// What an export that failed leaves.
const NOTHING: &str = "nothing of this export is to be seen there";
const SOME: &str = "some of its files may be in place, and no manifest lists them as they are: export it again";

/// A file that no other program sees, from its beginning, with its length and digest.
fn made(file: &ParquetFile<'_, '_>) -> Result<(File, u64, crate::digest::Digest), RenderError> {
    let mut out = BufWriter::new(tempfile::tempfile()?);
    file.write(&mut out)?;
    let mut content = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    content.rewind()?;
    let mut digester = Digester::default();
    let bytes = io::copy(&mut content, &mut digester)?;
    content.rewind()?;
    Ok((content, bytes, digester.finish()))
}

/// What to do next. `right` is what asking takes.
fn remedy(error: &BucketError, right: &str) -> String {
    let why = match error {
        BucketError::NotSent(_) => {
            return "look at the address after `--out` and at the section `s3` of the configuration".to_owned();
        }
        BucketError::Unreachable(_) => {
            return "look whether the `endpoint` of the section `s3` (AWS_ENDPOINT_URL) is right and the store is up"
                .to_owned();
        }
        BucketError::Untrusted(_) => {
            return "name whoever vouches for the certificate: `ca_file` in the section `s3` of the configuration"
                .to_owned();
        }
        BucketError::Unreadable(_) => {
            return "look whether the `endpoint` of the section `s3` (AWS_ENDPOINT_URL) is that of a store that speaks S3".to_owned();
        }
        BucketError::Refused { why, .. } => why,
    };
    match why {
        Refusal::NoBucket => "make the bucket, or name another after `--out s3://`; `endpoint` and `path_style` decide where it is looked for".to_owned(),
        Refusal::Missing => "somebody else may have removed it: export again".to_owned(),
        Refusal::Denied => format!("let this key do {right} below that place, or use another key"),
        Refusal::UnknownKey => "look whether AWS_ACCESS_KEY_ID (`access_key_id`) is of this store and was not withdrawn".to_owned(),
        Refusal::WrongSecret => "look whether AWS_SECRET_ACCESS_KEY (`secret_access_key`) goes with the access key id".to_owned(),
        Refusal::Ended => "get new keys with a new AWS_SESSION_TOKEN (`session_token`)".to_owned(),
        Refusal::Clock => "set the clock of this machine: requests are signed with the time, and a store takes minutes, no more".to_owned(),
        Refusal::Region => "write that region: `region` in the section `s3` of the configuration, or AWS_REGION".to_owned(),
        Refusal::Damaged => "something on the way changes what is sent: look at proxies, and export again".to_owned(),
        Refusal::Busy => "it was tried again for a while: export again later".to_owned(),
        Refusal::Full => "make room, or raise the quota of the bucket".to_owned(),
        Refusal::Other => "the store's own words say what it does not take".to_owned(),
    }
}
