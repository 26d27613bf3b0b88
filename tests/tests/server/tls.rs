//! Over TLS, and not without it where others could listen.

use crate::client::{Reply, get};
use crate::live::Live;
use lineal_server::{Config, Error, Server, Tls};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

#[test]
fn a_request_travels_encrypted_and_a_plain_one_does_not_arrive() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Tls { certificate, key };
    let live = Live::with(|config| config.tls = Some(tls));
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(live.address).unwrap();
    let mut stream = Stream::new(&mut client, &mut socket);
    stream.write_all(&get("/v1/stats").token(&live.first_token).bytes()).unwrap();
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    assert_eq!(Reply::read(&back).ok()["events"], 300);
    let mut plain = TcpStream::connect(live.address).unwrap();
    plain.write_all(&get("/healthz").bytes()).unwrap();
    let mut back = Vec::new();
    let _ = plain.read_to_end(&mut back);
    assert!(!back.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&back));
}

#[test]
fn an_address_for_others_wants_tls_or_a_word() {
    let config = Config { listen: "0.0.0.0:0".parse().unwrap(), ..Config::default() };
    assert!(matches!(Server::bind(config.clone()), Err(Error::Plain { .. })));
    let forced = Server::bind(Config { force_plain: true, ..config });
    assert!(
        matches!(forced, Err(Error::Config { .. })),
        "what is left to say is that no store is named"
    );
}
