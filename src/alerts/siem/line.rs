//! Carrying messages over: datagrams, or a stream in which each message has its length before it (RFC 6587, 5425).

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;

use super::super::DeliveryError;
use crate::text::harmless;
use crate::tls::connector;

/// How long the other side has to close after all was sent. One that keeps the line open has not refused.
const FAREWELL: Duration = Duration::from_secs(2);

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// Encrypted, and to a server that proved who it is.
    Tls,
    /// A plain stream.
    Tcp,
    /// A datagram a message. What is lost is lost.
    Udp,
}

impl Transport {
    /// The words for them.
    pub(super) const ALL: [(&'static str, Self); 3] = [("tls", Self::Tls), ("tcp", Self::Tcp), ("udp", Self::Udp)];

    /// The port that belongs to it.
    pub(super) fn port(self) -> u16 {
        match self {
            Self::Tls => 6514,
            Self::Tcp => 601,
            Self::Udp => 514,
        }
    }
}

/// Where messages go.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) transport: Transport,
    pub(super) ca_file: Option<PathBuf>,
}

/// The way there.
pub(super) struct Line {
    endpoint: Endpoint,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl fmt::Debug for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Line").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SIEM `{}:{}`", self.endpoint.host, self.endpoint.port)
    }
}

impl Line {
    /// The way to an endpoint, or why TLS cannot be set up for it.
    pub(super) fn new(endpoint: Endpoint) -> Result<Self, String> {
        let tls = match endpoint.transport {
            Transport::Tcp | Transport::Udp => None,
            Transport::Tls => {
                let name = ServerName::try_from(endpoint.host.clone());
                let name = name.map_err(|error| format!("`{}` is no server name: {error}", endpoint.host))?;
                Some((connector(endpoint.ca_file.as_deref())?, name))
            }
        };
        Ok(Self { endpoint, tls })
    }

    /// False of datagrams: nobody says whether they arrive.
    pub(super) fn confirms(&self) -> bool {
        self.endpoint.transport != Transport::Udp
    }

    /// Sends messages in their order.
    ///
    /// # Errors
    /// Always such that another try can help: a collector that is away comes back, a certificate is renewed.
    pub(super) async fn send(&self, messages: &[Vec<u8>], limit: Duration) -> Result<(), DeliveryError> {
        let farewell = FAREWELL.min(limit / 4);
        let sent = match self.endpoint.transport {
            Transport::Udp => tokio::time::timeout(limit, self.datagrams(messages)).await,
            Transport::Tcp | Transport::Tls => {
                let opened = tokio::time::timeout(limit - farewell, self.stream(messages)).await;
                match opened {
                    Ok(Ok(mut stream)) => Ok(closed(&mut stream, farewell).await),
                    Ok(Err(error)) => Ok(Err(error)),
                    Err(elapsed) => Err(elapsed),
                }
            }
        };
        let reason = match sent {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => self.words(&error),
            Err(_elapsed) => format!("{self} did not take the events within {} s", limit.as_secs_f32()),
        };
        Err(DeliveryError::Later { reason, after: None })
    }

    async fn datagrams(&self, messages: &[Vec<u8>]) -> io::Result<()> {
        let target = (self.endpoint.host.as_str(), self.endpoint.port);
        let mut addresses = tokio::net::lookup_host(target).await?;
        let address = addresses.next().ok_or_else(|| io::Error::other("the host has no address"))?;
        let socket = UdpSocket::bind(if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).await?;
        socket.connect(address).await?;
        for message in messages {
            socket.send(message).await?;
        }
        Ok(())
    }

    async fn stream(&self, messages: &[Vec<u8>]) -> io::Result<Box<dyn Stream>> {
        let tcp = TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port)).await?;
        let mut stream: Box<dyn Stream> = match &self.tls {
            Some((connector, name)) => Box::new(connector.connect(name.clone(), tcp).await?),
            None => Box::new(tcp),
        };
        for message in messages {
            stream.write_all(format!("{} ", message.len()).as_bytes()).await?;
            stream.write_all(message).await?;
        }
        stream.flush().await?;
        stream.shutdown().await?;
        Ok(stream)
    }

    fn words(&self, error: &io::Error) -> String {
        let said = harmless(&error.to_string());
        if said.to_lowercase().contains("certificate") {
            return format!("{self} cannot prove who it is: {said}; name its certificate authority with `ca_file`");
        }
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
                format!("{self} cut the line before it had taken all events: {said}")
            }
            // The kinds of the standard library are not all listed there, and need no words of their own.
            _other => format!("{self} cannot be reached: {said}"),
        }
    }
}

/// Both directions of a line.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Waits until the other side closes too. A line that is cut while something was unread ends in a reset, and then
/// events were lost.
async fn closed(stream: &mut Box<dyn Stream>, limit: Duration) -> io::Result<()> {
    let mut ignored = [0; 512];
    let ended = tokio::time::timeout(limit, async {
        loop {
            match stream.read(&mut ignored).await {
                Ok(0) => return Ok(()),
                Ok(_answer) => {}
                // Many servers end a TLS line without saying so.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    });
    ended.await.unwrap_or(Ok(()))
}
