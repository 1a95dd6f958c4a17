//! Encrypted lines that carry no HTTP, to a server that has to prove that it is the one that was meant: by a certificate for its
//! name that the system trusts, or one of a file vouches for. And the other end of a line: what answers with a certificate of ours.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ServerConfig};
use rustls_platform_verifier::Verifier;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What makes such lines; `ca_file` holds certificates in PEM that vouch beside those that the system trusts.
///
/// # Errors
/// Why it cannot be set up, in words: the file cannot be read, or holds no certificate.
pub fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, String> {
    let authorities = ca_file.map_or(Ok(Vec::new()), authorities)?;
    let provider = Arc::new(ring::default_provider());
    let failed = |error: rustls::Error| format!("TLS cannot be set up: {error}");
    let verifier = Verifier::new_with_extra_roots(authorities, Arc::clone(&provider)).map_err(failed)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// What answers such lines: with the certificates in `chain`, ours first, and the key to it, both in PEM. It speaks HTTP/1.1.
///
/// # Errors
/// Why it cannot be set up, in words that show nothing of the key.
pub fn acceptor(chain: &[u8], key: &[u8]) -> Result<TlsAcceptor, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.map_err(|error| format!("the certificate cannot be read: {error}"))?;
    if chain.is_empty() {
        return Err("there is no PEM certificate in it".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_odd| "there is no PEM key in its file".to_owned())?;
    let failed = |error: rustls::Error| format!("TLS cannot be set up with it: {error}");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(failed)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = format!("certificate file `{}`", path.display());
    let pem = std::fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let read = read.map_err(|error| format!("{name}: {error}"))?;
    if read.is_empty() { Err(format!("{name}: there is no PEM certificate in it")) } else { Ok(read) }
}
