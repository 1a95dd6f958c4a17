//! Encrypted lines that carry no HTTP, to a server that has to prove that it is the one that was meant: by a certificate for its
//! name that the system trusts, or one of a file vouches for.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

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

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = format!("certificate file `{}`", path.display());
    let pem = std::fs::read(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let read = read.map_err(|error| format!("{name}: {error}"))?;
    if read.is_empty() { Err(format!("{name}: there is no PEM certificate in it")) } else { Ok(read) }
}
