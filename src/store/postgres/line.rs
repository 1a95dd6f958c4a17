//! Encrypts the line to the server, and tells tokio-postgres how.

use std::error::Error;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Encrypted;

use crate::tls::connector;

/// How lines are encrypted.
#[derive(Clone)]
pub(super) struct Line(TlsConnector);

impl Line {
    pub(super) fn new(ca_file: Option<&Path>) -> Result<Self, String> {
        connector(ca_file).map(Self)
    }
}

/// True for an error that says that the other side is not to be trusted.
pub(super) fn is_about_trust(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<rustls::Error>().is_some()
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Line {
    type Stream = Stream<S>;
    type TlsConnect = LineTo;
    type Error = io::Error;

    /// Made for lines that are not to be encrypted too, and those may lead to no server with a name.
    fn make_tls_connect(&mut self, domain: &str) -> Result<LineTo, Self::Error> {
        Ok(LineTo { connector: self.0.clone(), server: domain.to_owned() })
    }
}

/// A line to one server.
pub(super) struct LineTo {
    connector: TlsConnector,
    server: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for LineTo {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let server = ServerName::try_from(self.server).map_err(io::Error::other)?;
            self.connector.connect(server, stream).await.map(Stream)
        })
    }
}

/// An encrypted line.
pub(super) struct Stream<S>(Encrypted<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    /// The certificate has been held against the name that was asked for.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
