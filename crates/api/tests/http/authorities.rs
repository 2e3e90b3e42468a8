//! Certificates: the system's authorities and our own.

use std::io::{BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use mixaccess_api::{AccessRead, AccessWrite, Client, ClientError, ErrorKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::server::receive;
use crate::{OWNER, credentials, options, removal, run};

/// A server with a certificate of an authority of its own.
struct Secure {
    url: String,
    authority: PathBuf,
    _directory: TempDir,
}

fn secure(name: &str) -> Secure {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::from_params(&params, &authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("authority.pem");
    std::fs::write(&path, authority.pem()).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut reader = BufReader::new(StreamOwned::new(session, stream));
            while receive(&mut reader).is_some() {
                let length = OWNER.len();
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{OWNER}");
                if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    Secure { url: format!("https://localhost:{port}"), authority: path, _directory: directory }
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_named() {
    let server = secure("localhost");
    let mut options = options(&server.url);
    options.ca_file = Some(server.authority.clone());
    let client = Client::new(options, credentials()).unwrap();
    assert_eq!(run(client.members()).unwrap().len(), 1);
}

#[test]
fn unknown_authorities_and_wrong_names_are_refused_at_once() {
    let server = secure("localhost");
    let client = Client::new(options(&server.url), credentials()).unwrap();
    for error in [run(client.members()).unwrap_err(), run(client.write(&removal())).unwrap_err()] {
        assert_eq!(error.kind, ErrorKind::Permanent);
        assert!(error.message.contains("certificate is not trusted"), "{error}");
        assert!(error.hint.unwrap().contains("--ca-file"));
    }
    assert_eq!(client.requests_sent(), 2);

    let server = secure("mixpanel.example");
    let mut options = options(&server.url);
    options.ca_file = Some(server.authority.clone());
    let error = run(Client::new(options, credentials()).unwrap().members()).unwrap_err();
    assert!(error.message.contains("not valid for name"), "{error}");
}

#[test]
fn a_file_without_certificates_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options("https://mixpanel.example");
    let path = directory.path().join("authority.pem");
    options.ca_file = Some(path.clone());
    let error = Client::new(options.clone(), credentials()).unwrap_err();
    assert!(matches!(error, ClientError::CaFile { .. }), "{error}");
    for content in ["", "hello", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&path, content).unwrap();
        let error = Client::new(options.clone(), credentials()).unwrap_err();
        assert!(error.to_string().contains("authority.pem"), "{content}: {error}");
    }
}
