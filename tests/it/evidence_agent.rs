//! Packs that an ssh agent signs: OpenSSH's own, which has the key, has another one, is locked, or is told not to confirm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::evidence::Estate;
use crate::support::keyroll::{Run, keyroll_with};

/// The tools of OpenSSH, or none where they are not named.
fn tools() -> Option<PathBuf> {
    let tool = std::env::var_os("KEYROLL_TEST_SSH_KEYGEN").map(PathBuf::from);
    let folder = tool.and_then(|tool| Some(tool.parent()?.to_owned()));
    let folder = folder.filter(|folder| folder.join("ssh-agent").exists() && folder.join("ssh-add").exists());
    if folder.is_none() {
        crate::support::skipped("KEYROLL_TEST_SSH_KEYGEN names no ssh-keygen with ssh-agent and ssh-add beside it");
    }
    folder
}

/// An agent that ends with the test.
struct Agent {
    process: Child,
    socket: String,
    tools: PathBuf,
}

impl Agent {
    /// `answer` is what a prompt of its is answered with: a program.
    fn start(tools: &Path, estate: &Estate, name: &str, answer: &str) -> Self {
        let socket = estate.path(name);
        let process = Command::new(tools.join("ssh-agent"))
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .envs([("SSH_ASKPASS", answer), ("SSH_ASKPASS_REQUIRE", "force"), ("DISPLAY", ":0")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !socket.exists() {
            assert!(begun.elapsed() < Duration::from_secs(10), "the agent does not begin to listen");
            std::thread::yield_now();
        }
        Self { process, socket: socket.to_str().unwrap().to_owned(), tools: tools.to_owned() }
    }

    fn add(&self, arguments: &[&str]) {
        let run = Command::new(self.tools.join("ssh-add"))
            .args(arguments)
            .env("SSH_AUTH_SOCK", &self.socket)
            // Says the same whenever a password is asked for.
            .envs([("SSH_ASKPASS", "/bin/pwd"), ("SSH_ASKPASS_REQUIRE", "force"), ("DISPLAY", ":0")])
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    fn create(&self, estate: &Estate, further: &[&str]) -> Run {
        create(estate, &[("SSH_AUTH_SOCK", &self.socket)], further)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn create(estate: &Estate, variables: &[(&str, &str)], further: &[&str]) -> Run {
    let create = ["--now", "2026-11-22T08:00:00Z", "evidence", "create", "--by", "Kim Lead"];
    keyroll_with(estate.folder(), &[&create[..], further].concat(), variables)
}

fn refused(estate: &Estate, run: &Run, why: &[&str]) {
    assert_eq!(run.code, 1, "{}", run.out);
    for part in why {
        assert!(run.err.contains(part), "{part} in {}", run.err);
    }
    let left = fs::read_dir(estate.path("evidence")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "no pack, and none in the making");
}

#[test]
fn an_agent_signs_and_openssh_verifies() {
    let Some(tools) = tools() else { return };
    let estate = Estate::new();
    let agent = Agent::start(&tools, &estate, "agent", "/bin/true");
    agent.add(&["-c", estate.path("key").to_str().unwrap()]);
    // What the agent has is all that there is.
    fs::remove_file(estate.path("key")).unwrap();
    let run = agent.create(&estate, &["--key", "key.pub"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("is pack 1 of acme") && run.err.contains("The ssh agent signs"), "{}{}", run.out, run.err);
    let pack = "evidence/00001-s1.keyroll.tar.gz";
    estate.ask(&["evidence", "verify", pack, "--trust", "key.pub"]);
    let again = create(&estate, &[], &["--key", "key.pub", "--agent", &agent.socket, "--out", "evidence"]);
    assert_eq!(again.code, 0, "{}", again.err);
    estate.ask(&["evidence", "log", "--trust", "key.pub"]);

    let out = estate.path("plain");
    fs::create_dir(&out).unwrap();
    assert!(Command::new("tar").arg("xzf").arg(estate.path(pack)).current_dir(&out).status().unwrap().success());
    let public = fs::read_to_string(estate.path("key.pub")).unwrap();
    fs::write(out.join("allowed_signers"), format!("keyroll {public}")).unwrap();
    let verified = Command::new(tools.join("ssh-keygen"))
        .args(["-Y", "verify", "-f", "allowed_signers", "-I", "keyroll", "-n", "keyroll-evidence"])
        .args(["-s", "manifest.json.sig"])
        .stdin(fs::File::open(out.join("manifest.json")).unwrap())
        .current_dir(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success() && said.contains("Good \"keyroll-evidence\" signature"), "{said}");
}

#[test]
fn without_an_agent_it_is_said_what_to_do() {
    let estate = Estate::new();
    let public = ["--key", "key.pub"];
    refused(&estate, &create(&estate, &[], &public), &["SSH_AUTH_SOCK is not set", "ssh-add"]);
    refused(&estate, &create(&estate, &[("SSH_AUTH_SOCK", "")], &public), &["SSH_AUTH_SOCK is not set"]);
    let nobody = create(&estate, &[("SSH_AUTH_SOCK", "nowhere")], &public);
    refused(&estate, &nobody, &["no ssh agent answers at nowhere", "--agent"]);
    let file = create(&estate, &[("SSH_AUTH_SOCK", "keyroll.yaml")], &public);
    refused(&estate, &file, &["no ssh agent answers at keyroll.yaml"]);
    // Whoever has a private file does not need one.
    estate.pack();
    fs::remove_dir_all(estate.path("evidence")).unwrap();
    let password = create(&estate, &[("P", "x")], &["--key", "key.pub", "--password", "env:P"]);
    refused(&estate, &password, &["there is nothing that a password opens"]);
    fs::write(estate.path("rsa.pub"), "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQC= x\n").unwrap();
    refused(&estate, &create(&estate, &[], &["--key", "rsa.pub"]), &["is no Ed25519 key", "it is of the sort ssh-rsa"]);
}

#[test]
fn an_agent_that_does_not_sign_is_told_apart() {
    let Some(tools) = tools() else { return };
    let estate = Estate::new();
    let public = ["--key", "key.pub"];
    let agent = Agent::start(&tools, &estate, "agent", "/bin/false");
    refused(
        &estate,
        &agent.create(&estate, &public),
        &["does not have the key SHA256:", "empty, or locked", "ssh-add KEY"],
    );

    estate.ask(&["evidence", "keygen", "other", "--comment", "another one"]);
    agent.add(&[estate.path("other").to_str().unwrap()]);
    refused(&estate, &agent.create(&estate, &public), &["it has SHA256:", "(another one)"]);

    // Somebody is asked, and says no.
    agent.add(&["-c", estate.path("key").to_str().unwrap()]);
    refused(&estate, &agent.create(&estate, &public), &["refused to sign with SHA256:", "confirm"]);

    agent.add(&["-x"]);
    refused(&estate, &agent.create(&estate, &public), &["empty, or locked", "ssh-add -X"]);

    let keygen = ["-q", "-t", "ecdsa", "-N", "", "-f"];
    let made = Command::new(tools.join("ssh-keygen")).args(keygen).arg(estate.path("curve")).status().unwrap();
    assert!(made.success());
    refused(&estate, &agent.create(&estate, &["--key", "curve.pub"]), &["it is of the sort ecdsa-sha2-nistp256"]);
}
