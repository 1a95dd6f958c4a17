//! A PostgreSQL server of the tests' own, in a temporary folder: started with the programs in the folder that
//! `KEYROLL_TEST_POSTGRES` names, and gone when it is dropped or the tests end, however they end.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use keyroll::store::{Location, StoreError};

/// What the role `k_writer` logs in with over the network.
pub(crate) const WORD: &str = "w0rd-of-the-writer";

/// A server with one database, `keyroll`, in which the roles are made; the tables are not.
pub(crate) struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    pub(crate) port: u16,
    /// The server, and whoever reads what it says as long as any process of it is there.
    server: Option<(Child, JoinHandle<()>)>,
}

/// The programs; `None`, with a word, where there are none.
pub(crate) fn programs() -> Option<PathBuf> {
    let folder = std::env::var_os("KEYROLL_TEST_POSTGRES");
    if folder.is_none() {
        super::skipped("KEYROLL_TEST_POSTGRES names no folder with PostgreSQL's programs");
    }
    folder.map(PathBuf::from)
}

/// The one server that most tests share. It ends with them.
pub(crate) fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    // A store that cannot be made is told by every test that wants it, and not tried again.
    static SHAPED: OnceLock<Result<(), String>> = OnceLock::new();
    let cluster = SHARED.get_or_init(|| programs().map(Cluster::start_for_good)).as_ref()?;
    let shape = || keyroll::store::migrate(&cluster.location("k_owner", "default")).map_err(|error| told(&error));
    SHAPED.get_or_init(shape).clone().unwrap();
    Some(cluster)
}

/// A store that nobody else uses, in the server that is shared.
pub(crate) fn own_store() -> Option<(&'static Cluster, Location)> {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let cluster = shared()?;
    let tenant = format!("tenant {}", NUMBER.fetch_add(1, Ordering::Relaxed));
    Some((cluster, cluster.location("k_writer", &tenant)))
}

impl Cluster {
    pub(crate) fn start(programs: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("keyroll-pg-").tempdir().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut cluster = Self { folder, programs, port, server: None };
        // The server refuses to run as root.
        if is_root() {
            std::os::unix::fs::chown(&cluster.folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let made = cluster
            .command("initdb")
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"])
            .arg(cluster.data())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nfsync = off\n\
             max_connections = 80\nshared_buffers = 64MB\nlog_min_messages = log\n",
            cluster.folder.display()
        );
        cluster.append("postgresql.conf", &settings);
        fs::write(cluster.data().join("pg_hba.conf"), "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
            .unwrap();
        cluster.run();
        cluster.sql("postgres", "CREATE DATABASE keyroll");
        cluster.sql("keyroll", include_str!("../../../src/store/migrations/postgres/roles.sql"));
        for (login, role) in
            [("k_owner", "keyroll_owner"), ("k_writer", "keyroll_writer"), ("k_reader", "keyroll_reader")]
        {
            cluster.sql("keyroll", &format!("CREATE ROLE {login} LOGIN PASSWORD '{WORD}' IN ROLE {role}"));
        }
        cluster
    }

    /// One that nobody drops: its folder goes when the server does.
    fn start_for_good(programs: PathBuf) -> Self {
        let cluster = Self::start(programs);
        fs::write(cluster.folder.join("tidy"), "").unwrap();
        cluster
    }

    /// The store of a tenant, over the local socket.
    pub(crate) fn location(&self, user: &str, tenant: &str) -> Location {
        Location::read(&self.address(user, tenant), Path::new(".")).unwrap()
    }

    /// The same as people write it.
    pub(crate) fn address(&self, user: &str, tenant: &str) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        let tenant = tenant.replace(' ', "%20");
        format!("postgres://{user}@{host}:{}/keyroll?tenant={tenant}", self.port)
    }

    /// The folder of its local socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.folder
    }

    /// A statement as the administrator; gives back what it says, a row a line.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = self.command("psql");
        psql.args(["-v", "ON_ERROR_STOP=1", "-X", "-q", "-A", "-t", "-U", "postgres", "-d", database]);
        psql.arg("-h").arg(&self.folder).args(["-p", &self.port.to_string(), "-f", "-"]);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// Brings a dump of one database into a new one, with the commands of the README.
    pub(crate) fn restore_into(&self, database: &str) {
        self.sql("postgres", &format!("CREATE DATABASE {database}"));
        self.sql(database, include_str!("../../../src/store/migrations/postgres/roles.sql"));
        let dump = self.folder.join("keyroll.dump");
        let dump = dump.to_str().unwrap();
        let file = format!("--file={dump}");
        self.do_as_administrator("pg_dump", &["--format=custom", "--schema=keyroll", &file, "keyroll"]);
        let into = format!("--dbname={database}");
        self.do_as_administrator("pg_restore", &["--exit-on-error", "--clean", "--if-exists", &into, dump]);
    }

    fn do_as_administrator(&self, program: &str, arguments: &[&str]) {
        let mut command = self.command(program);
        command.args(["-U", "postgres", "-p", &self.port.to_string(), "-h"]).arg(&self.folder).args(arguments);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Ends the server as a power cut would.
    pub(crate) fn kill(&mut self) {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        let all = [vec![pid.clone()], children_of(&pid)].concat().join(" ");
        // Some may be gone by now.
        Command::new("sh").args(["-c", &format!("kill -9 {all}")]).stderr(Stdio::null()).status().unwrap();
        self.wait_for_its_end();
    }

    /// Starts the server, after it was killed too, and waits until it says that it takes connections.
    pub(crate) fn run(&mut self) {
        self.wait_for_its_end();
        // Once nobody holds the other end of its input, it ends the server.
        let keeper = "\"$@\" & server=$!; cat > /dev/null; kill -QUIT $server 2> /dev/null; wait $server; \
            if [ -e tidy ]; then rm -rf \"$PWD\"; fi";
        let mut command = self.command("sh");
        command.args(["-c", keeper, "sh"]).arg(self.programs.join("postgres")).arg("-D").arg(self.data());
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(server.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        // Whatever it says has to be read to its end, or it waits for somebody who does.
        let reader = std::thread::spawn(move || {
            said.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let mut log = String::new();
        loop {
            let line = lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|error| panic!("{error}: {log}"));
            if line.contains("ready to accept connections") {
                break;
            }
            log = format!("{log}{line}\n");
        }
        self.server = Some((server, reader));
    }

    fn wait_for_its_end(&mut self) {
        if let Some((mut before, reader)) = self.server.take() {
            drop(before.stdin.take());
            before.wait().unwrap();
            // Those it had begun hold its memory until the last of them is gone.
            reader.join().unwrap();
        }
    }

    /// A disk of a size, for the server to write to; `None` where none can be mounted.
    pub(crate) fn small_disk(&self, size: &str) -> Option<SmallDisk> {
        let path = tempfile::Builder::new().prefix("keyroll-disk-").tempdir().unwrap().keep();
        let options = format!("size={size},mode=0700,uid={NOBODY},gid={NOBODY}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success() && is_root()).then_some(SmallDisk(path))
    }

    /// Lets the server prove who it is to whoever comes over the network; certificate and key in PEM.
    pub(crate) fn give_certificate(&mut self, (certificate, key): &(String, String)) {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.data().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            if is_root() {
                std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        self.append("postgresql.conf", "ssl = on\n");
        fs::write(self.data().join("pg_hba.conf"), "local all all trust\nhostssl all all all trust\n").unwrap();
        self.run();
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(crate) fn append(&self, file: &str, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).open(self.data().join(file)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// A program of the server's, as whom it runs.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let program = if path.exists() { path } else { PathBuf::from(program) };
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder).env("LC_ALL", "C");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.wait_for_its_end();
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// The processes that another has begun.
fn children_of(parent: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let is_child = |process: &String| {
        let told = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Behind the name, which may hold anything, stand the state and the parent.
        told.rsplit_once(") ").is_some_and(|(_, rest)| rest.split(' ').nth(1) == Some(parent))
    };
    processes.filter(is_child).collect()
}

/// A disk in memory, gone when it is dropped.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Leaves no room on it; the file that takes it.
    pub(crate) fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
        path
    }

    pub(crate) fn grow(&self, size: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={size}")]).arg(&self.0);
        assert!(mount.status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The server may still have files open on it.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
        drop(fs::remove_dir(&self.0));
    }
}

/// Whoever owns nothing.
const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// An error as the command line shows it, with its causes.
pub(crate) fn told(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
