//! Whom a client of ours trusts when it asks another host: the system's roots, or those of a file alone.

use std::path::Path;
use std::sync::Arc;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// TLS of a client that trusts the certificates of the PEM file `ca`, or the system's roots where there
/// is none.
///
/// # Errors
/// In words: the file cannot be read or holds no certificate, the system names nobody.
pub(crate) fn trust(ca: Option<&Path>) -> Result<TlsConfig, String> {
    let roots = match ca {
        None => of_the_system()?,
        Some(file) => of(file).map_err(|why| format!("{}: {why}", file.display()))?,
    };
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(roots.into_iter()))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

fn of_the_system() -> Result<Vec<Certificate<'static>>, String> {
    let found = rustls_native_certs::load_native_certs().certs;
    if found.is_empty() {
        return Err("this system names nobody to be trusted (no root certificates)".to_owned());
    }
    Ok(found.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
}

fn of(file: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err("it holds no certificate in PEM form".to_owned());
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "nothing of the kind").unwrap();
        let why = trust(Some(file.path())).unwrap_err();
        assert!(why.starts_with(&file.path().display().to_string()), "{why}");
        assert!(why.ends_with("it holds no certificate in PEM form"), "{why}");
        let absent = trust(Some(Path::new("/nowhere/roots.pem"))).unwrap_err();
        assert!(absent.starts_with("/nowhere/roots.pem: "), "{absent}");
    }
}
