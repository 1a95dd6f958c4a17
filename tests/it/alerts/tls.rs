//! A certificate authority of our own, and servers that show its certificates.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// The authority, its certificate in a file, and one server certificate with its key in files.
pub(crate) struct Authority {
    folder: TempDir,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    /// An authority that has signed a certificate for `name`.
    pub(crate) fn for_server(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let own = authority.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let mut server = CertificateParams::new(vec![name.to_owned()]).unwrap();
        server.use_authority_key_identifier_extension = true;
        let certificate = server.signed_by(&key, &issuer).unwrap();
        for (file, pem) in
            [("ca.pem", own.pem()), ("server.pem", certificate.pem()), ("server.key", key.serialize_pem())]
        {
            std::fs::write(folder.path().join(file), pem).unwrap();
        }
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Self { folder, certificate: certificate.der().clone(), key }
    }

    /// One of `ca.pem`, `server.pem` and `server.key`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Takes connections with the certificate.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}
