//! The api over HTTPS: its certificate has to be one that the system trusts.

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rcgen::CertifiedKey;
use reqwest::StatusCode;
use rustls::crypto::ring::default_provider;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::support::{Process, Reaction, client, raw_answer, read_request};

/// An api with a certificate of its own, and an empty list.
struct HttpsApi {
    url: String,
    folder: TempDir,
}

impl HttpsApi {
    fn start() -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("certificate.pem"), cert.pem()).unwrap();
        let _ = default_provider().install_default();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![cert.der().clone()],
                signing_key.serialize_der().try_into().unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let counts = "tasks-active: 0\r\ntasks-completed: 0\r\n";
        let Reaction::Answer(answer) = raw_answer("200 OK", "application/json", counts, "[]")
        else {
            unreachable!()
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                // Of a client that trusts nobody there is none.
                if !read_request(&mut stream).is_empty() {
                    stream.write_all(answer.as_bytes()).unwrap();
                    stream.conn.send_close_notify();
                    stream.flush().unwrap();
                }
            }
        });
        Self { url, folder }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }
}

/// The status of the list, from a web on a system that trusts this certificate alone.
async fn list(api: &HttpsApi, trusted: &HttpsApi) -> (StatusCode, Process) {
    let trusted = trusted.certificate();
    let web = Process::start(&[
        ("API_URL", &api.url),
        ("SSL_CERT_FILE", trusted.to_str().unwrap()),
    ]);
    let url = format!("http://127.0.0.1:{}/tasks", web.port);
    (client().get(url).send().await.unwrap().status(), web)
}

#[actix_web::test]
async fn an_api_that_the_system_trusts_is_asked() {
    let api = HttpsApi::start();
    assert_eq!(list(&api, &api).await.0, 200);
}

#[actix_web::test]
async fn an_api_that_it_does_not_trust_is_told_nothing() {
    let (api, another) = (HttpsApi::start(), HttpsApi::start());
    let (status, web) = list(&api, &another).await;
    assert_eq!(status, 503);
    let log = web.log_once(|log| log.contains("ERROR"));
    assert!(log.contains("certificate"), "{log}");
}
