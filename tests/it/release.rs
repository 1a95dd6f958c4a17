//! The digests of a release are signed (`.ci/sign`) as OpenSSH verifies them; without a key it is said that nothing is. How
//! somebody verifies a download is tried by the page on installing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{project, skipped};

/// A folder as `.ci/release` leaves one, but with little in it, and a key beside it.
pub(crate) struct Release {
    folder: PathBuf,
}

impl Release {
    pub(crate) fn new(folder: &Path) -> Self {
        let release = Self { folder: folder.to_owned() };
        fs::create_dir(folder.join("dist")).unwrap();
        fs::write(folder.join("dist/keyroll"), "a program\n").unwrap();
        fs::write(folder.join("dist/keyroll_0.1.0_amd64.deb"), "a package\n").unwrap();
        fs::write(folder.join("dist/keyroll.cdx.json"), "{}\n").unwrap();
        release.shell("cd dist && sha256sum keyroll keyroll.cdx.json keyroll_0.1.0_amd64.deb > SHA256SUMS");
        release.shell("ssh-keygen -q -t ed25519 -N '' -C releases -f keyroll-release");
        release
    }

    /// Signs it; whoever has it gets the public key alone.
    pub(crate) fn signed(&self) {
        let said = self.shell("KEYROLL_RELEASE_KEY=keyroll-release \"$SIGN\" dist");
        assert!(said.contains("Good \"keyroll-release\" signature"), "{said}");
        fs::remove_file(self.folder.join("keyroll-release")).unwrap();
    }

    fn shell(&self, script: &str) -> String {
        let (code, said) = self.tried(script);
        assert_eq!(code, Some(0), "{script}: {said}");
        said
    }

    fn tried(&self, script: &str) -> (Option<i32>, String) {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("exec 2>&1\n{script}")]).current_dir(&self.folder);
        shell.env("SIGN", project().join(".ci/sign")).env_remove("KEYROLL_RELEASE_KEY").env_remove("SSH_AUTH_SOCK");
        let output = shell.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    fn is_signed(&self) -> bool {
        self.folder.join("dist/SHA256SUMS.sig").exists()
    }
}

#[test]
fn a_release_is_signed_by_whoever_has_the_key_and_by_nobody_else() {
    if std::env::var_os("KEYROLL_TEST_SSH_KEYGEN").is_none() {
        skipped("KEYROLL_TEST_SSH_KEYGEN names no ssh-keygen with ssh-agent and ssh-add beside it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let release = Release::new(folder.path());

    release.shell("KEYROLL_RELEASE_KEY=keyroll-release \"$SIGN\" dist");
    assert!(release.is_signed());
    assert!(release.shell("\"$SIGN\" dist").contains("nothing is signed"), "nobody named a key");
    assert!(!release.is_signed(), "the signature of another day is gone");

    // The private half is where only the agent has it.
    release.shell("mkdir kept && mv keyroll-release kept/");
    let by_public_half = "KEYROLL_RELEASE_KEY=keyroll-release.pub \"$SIGN\" dist";
    release.shell(&format!("ssh-agent bash -c 'ssh-add -q kept/keyroll-release && {by_public_half}'"));
    assert!(release.is_signed());
    let (code, said) = release.tried(by_public_half);
    assert!(code != Some(0) && !release.is_signed(), "without the agent there is no signature: {said}");

    fs::write(folder.path().join("dist/keyroll"), "another program\n").unwrap();
    let (code, said) = release.tried("KEYROLL_RELEASE_KEY=kept/keyroll-release \"$SIGN\" dist");
    assert!(code == Some(1) && said.contains("nothing is signed") && !release.is_signed(), "{said}");
}
