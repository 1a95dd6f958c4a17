//! A connection to the server, made anew when it is gone, and what the server's errors mean for the store.
//!
//! A thread of its own carries what goes to and fro; whoever calls only waits for it to be done. So the store can be called
//! from anywhere, also from within async code.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Error, Statement};

use super::line::Line;
use crate::digest::Digest;
use crate::store::StoreError;
use crate::store::location::Address;

/// How long a server has to answer the first word.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long what was sent may stay without an answer of the other side's system before the line counts as dead.
const SILENCE: Duration = Duration::from_secs(30);

/// What every session goes by. `keyroll.tenant` comes behind it. Ten seconds is how long another writer is waited for. Where rows
/// are many they are wanted in the order of an index, and a sort would write all their bodies to the server's disk once more.
const SETTINGS: &str = "-c search_path=keyroll,pg_temp -c lock_timeout=10s -c statement_timeout=0 \
    -c idle_in_transaction_session_timeout=0 -c jit=off -c cursor_tuple_fraction=1 -c enable_sort=off -c client_min_messages=warning";

/// A session with a database.
#[derive(Debug)]
pub(super) struct Session {
    address: Address,
    place: PathBuf,
    /// The connection; none while it rests.
    client: RefCell<Option<Arc<Client>>>,
    /// Statements as the server has prepared them in this connection.
    prepared: RefCell<HashMap<String, Statement>>,
    transaction: Cell<Transaction>,
    /// How many that read have begun within it.
    within: Cell<u32>,
    cursors: Cell<u32>,
    /// True while this session has the right to scan. The server would give it to the same session again.
    pub(super) may_scan: Arc<AtomicBool>,
}

/// Whether a transaction is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    Open,
    /// Something in it went wrong, and nothing of it is kept.
    Failed,
}

impl Session {
    /// Connects.
    pub(super) fn begin(address: &Address) -> Result<Self, StoreError> {
        let place = PathBuf::from(address.to_string());
        let client = connect(address, &place)?;
        Ok(Self {
            address: address.clone(),
            place,
            client: RefCell::new(Some(Arc::new(client))),
            prepared: RefCell::default(),
            transaction: Cell::new(Transaction::None),
            within: Cell::new(0),
            cursors: Cell::new(0),
            may_scan: Arc::default(),
        })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// The connection. One that is gone is made anew, but not within a transaction, which is gone with it.
    fn client(&self) -> Result<Arc<Client>, StoreError> {
        let known = self.client.borrow().clone();
        if let Some(client) = known.filter(|client| !client.is_closed() || self.is_in_transaction()) {
            return Ok(client);
        }
        let client = Arc::new(connect(&self.address, &self.place)?);
        self.prepared.borrow_mut().clear();
        self.client.replace(Some(Arc::clone(&client)));
        Ok(client)
    }

    /// Closes the connection until it is wanted again.
    pub(super) fn rest(&self) {
        if !self.is_in_transaction() {
            self.prepared.borrow_mut().clear();
            self.client.replace(None);
        }
    }

    /// A statement as the server has prepared it, and the connection in which it has.
    pub(super) fn statement(&self, sql: &str, sorts: &[Type]) -> Result<(Arc<Client>, Statement), StoreError> {
        let client = self.client()?;
        if let Some(statement) = self.prepared.borrow().get(sql) {
            return Ok((client, statement.clone()));
        }
        // Places are written `?1` there, and `$1` here. No statement has a question mark for anything else.
        let statement = self.run(client.prepare_typed(&sql.replace('?', "$"), sorts))?;
        self.prepared.borrow_mut().insert(sql.to_owned(), statement.clone());
        Ok((client, statement))
    }

    /// Waits until something is done.
    pub(super) fn run<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
        wait_for(work).map_err(|error| {
            if self.transaction.get() == Transaction::Open {
                self.transaction.set(Transaction::Failed);
            }
            fault(&self.place, &error)
        })
    }

    /// Runs statements without values.
    pub(super) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        let client = self.client()?;
        self.run(client.batch_execute(sql))
    }

    pub(super) fn is_in_transaction(&self) -> bool {
        self.transaction.get() != Transaction::None
    }

    /// One that reads within another is a part of it.
    pub(super) fn read_within(&self) {
        self.within.set(self.within.get() + 1);
    }

    pub(super) fn begin_transaction(&self, sql: &str) -> Result<(), StoreError> {
        let client = self.client()?;
        self.transaction.set(Transaction::Open);
        self.cursors.set(0);
        let begun = self.run(client.batch_execute(sql));
        if begun.is_err() {
            self.undo_transaction();
        }
        begun
    }

    pub(super) fn end_transaction(&self) -> Result<(), StoreError> {
        if let Some(less) = self.within.get().checked_sub(1) {
            self.within.set(less);
            return Ok(());
        }
        if self.transaction.get() == Transaction::Failed {
            let source = "something in the transaction went wrong before".into();
            return Err(StoreError::Database { path: self.place.clone(), source });
        }
        self.batch("COMMIT")?;
        self.transaction.set(Transaction::None);
        Ok(())
    }

    pub(super) fn undo_transaction(&self) {
        if let Some(less) = self.within.get().checked_sub(1) {
            return self.within.set(less);
        }
        // Where this fails the connection is gone, and the server undoes what it had begun.
        drop(self.batch("ROLLBACK"));
        self.transaction.set(Transaction::None);
    }

    /// A name for a cursor over the rows of a statement, another one for each that is open. The same statement has the same, so
    /// that what is prepared for the one fits the other.
    pub(super) fn open_cursor(&self, sql: &str) -> String {
        self.cursors.set(self.cursors.get() + 1);
        let digest = Digest::of_bytes(sql.as_bytes()).to_string();
        let digest: String = digest.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
        format!("rows_{}_{digest}", self.cursors.get())
    }

    pub(super) fn close_cursor(&self) {
        self.cursors.set(self.cursors.get() - 1);
    }
}

/// Connects, and leaves the connection to a thread of its own, which ends with it.
pub(super) fn connect(address: &Address, place: &Path) -> Result<Client, StoreError> {
    let refused = |what: String| StoreError::Refused { path: place.into(), what };
    let config = config(address, None).map_err(refused)?;
    let line = Line::new(address.ca_file.as_deref()).map_err(refused)?;
    let (hand, taken) = mpsc::sync_channel(1);
    let carry = move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(hand.send(Err(Failed::Here(error.to_string())))),
        };
        runtime.block_on(async {
            match config.connect(line).await {
                Ok((client, connection)) => {
                    drop(hand.send(Ok(client)));
                    // Whoever waits for an answer learns what went wrong.
                    drop(connection.await);
                }
                Err(error) => drop(hand.send(Err(Failed::There(error)))),
            }
        });
    };
    let started = thread::Builder::new().name("postgres".to_owned()).spawn(carry);
    started.map_err(|error| refused(error.to_string()))?;
    let client = match taken.recv() {
        Ok(Ok(client)) => client,
        Ok(Err(Failed::There(error))) => return Err(fault(place, &error)),
        Ok(Err(Failed::Here(what))) => return Err(refused(what)),
        Err(gone) => return Err(refused(gone.to_string())),
    };
    // A scan that was told to be kept must not be taken back by a server that loses its power.
    let settle =
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
    wait_for(client.batch_execute(settle)).map_err(|error| fault(place, &error))?;
    Ok(client)
}

enum Failed {
    Here(String),
    There(Error),
}

/// How to connect, as another role if one is named.
pub(super) fn config(address: &Address, role: Option<&str>) -> Result<Config, String> {
    let mut config = Config::new();
    for (host, port) in &address.hosts {
        config.host(host).port(*port);
    }
    if address.hosts.len() > 1 {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    if let Some(password) = &address.password {
        config.password(password.resolve().map_err(|error| error.to_string())?.expose());
    }
    let tenant = escaped(&address.tenant);
    let role = role.map(|role| format!(" -c role={}", escaped(role))).unwrap_or_default();
    config
        .user(&address.user)
        .dbname(&address.database)
        .application_name("keyroll")
        .options(format!("{SETTINGS} -c keyroll.tenant={tenant}{role}"))
        .ssl_mode(if address.verify { SslMode::Require } else { SslMode::Disable })
        .connect_timeout(PATIENCE)
        .tcp_user_timeout(SILENCE)
        .keepalives_idle(SILENCE)
        .keepalives_interval(Duration::from_secs(10))
        .keepalives_retries(3);
    Ok(config)
}

/// As it stands among the options of a connection.
fn escaped(value: &str) -> String {
    let letters = value.chars().flat_map(|letter| {
        let special = letter.is_whitespace() || letter == '\\';
        special.then_some('\\').into_iter().chain([letter])
    });
    letters.collect()
}

/// What an error of the database means for the store.
pub(super) fn fault(place: &Path, error: &Error) -> StoreError {
    let path = place.to_owned();
    let Some(said) = error.as_db_error() else {
        let what = words(error);
        // A certificate that does not fit will not fit the next time either.
        return if is_about_trust(error) {
            StoreError::Refused { path, what }
        } else if is_about_the_line(error) {
            StoreError::Interrupted { path, source: what.into() }
        } else {
            StoreError::Database { path, source: what.into() }
        };
    };
    let what = [Some(said.message()), said.detail(), said.hint()].into_iter().flatten().collect::<Vec<_>>().join("; ");
    let state = said.code();
    match state {
        &SqlState::LOCK_NOT_AVAILABLE => StoreError::Locked { path },
        &SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Refused { path, what },
        &SqlState::T_R_SERIALIZATION_FAILURE
        | &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::TOO_MANY_CONNECTIONS
        | &SqlState::ADMIN_SHUTDOWN
        | &SqlState::CRASH_SHUTDOWN
        | &SqlState::CANNOT_CONNECT_NOW
        | &SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::Interrupted { path, source: what.into() },
        state if state.code().starts_with("08") => StoreError::Interrupted { path, source: what.into() },
        state if state.code().starts_with("28") || state.code().starts_with("3D") => StoreError::Refused { path, what },
        _ => StoreError::Database { path, source: what.into() },
    }
}

/// An error with its causes in one line.
fn words(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.ends_with(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = error.source();
    }
    words
}

/// The causes of an error, and what is wrapped into them.
fn causes(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn std::error::Error + 'static)).or_else(|| error.source())
    })
}

/// True if the server did not prove who it is, or does not encrypt.
fn is_about_trust(error: &Error) -> bool {
    causes(error).any(super::line::is_about_trust) || words(error).contains("does not support TLS")
}

/// True if the connection is gone, or none came about.
fn is_about_the_line(error: &Error) -> bool {
    error.is_closed() || causes(error).any(|cause| cause.is::<io::Error>())
}

/// Waits on this thread until something is done. It is done by another one.
pub(super) fn wait_for<T>(work: impl Future<Output = T>) -> T {
    struct Waiting(Thread);
    impl Wake for Waiting {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Waiting(thread::current())));
    let mut work = pin!(work);
    loop {
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}
