//! A body that nobody heard: the connection goes on behind it, or the answer says that it ends.

use crate::client::{Reply, connect};
use crate::live::Live;
use lineal_server::Role;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// One answer of a connection that goes on.
fn answer(stream: &mut TcpStream) -> Reply {
    let (mut bytes, mut one) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut one).unwrap(), 1, "it ended: {bytes:?}");
        bytes.push(one[0]);
    }
    let length = Reply::read(&bytes).header("content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    bytes.extend_from_slice(&body);
    Reply::read(&bytes)
}

/// The head of a request that brings so many bytes.
fn head(path: &str, token: &str, more: &str, bytes: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{more}\
         Content-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n"
    )
}

const NEXT: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
const BODY: &str = "{\"query\":\"find model\"}";

#[test]
fn who_is_refused_before_the_body_came_goes_on_or_is_told_that_it_ends() {
    let live = Live::new();
    let (importer, engineer) = (live.token(Role::Importer), live.token(Role::Engineer));
    for (path, token, more, status) in [
        ("/v1/query", "lineal_nobody", "", 401),
        ("/v1/query", importer.as_str(), "", 403),
        ("/v1/nothing", &engineer, "", 404),
        ("/v1/stats", &engineer, "", 405),
        ("/v1/query", &engineer, "Content-Encoding: gzip\r\n", 415),
    ] {
        // It is there with the head: the connection goes on.
        let mut stream = connect(live.address);
        for _ in 0..2 {
            let request = format!("{}{BODY}", head(path, token, more, BODY.len()));
            stream.write_all(request.as_bytes()).unwrap();
            let refused = answer(&mut stream);
            assert_eq!((refused.status, refused.header("connection")), (status, None), "{path}");
        }
        stream.write_all(NEXT).unwrap();
        assert_eq!(answer(&mut stream).status, 200, "behind {status}");
        // It comes a little later: whichever is said, holds.
        let mut stream = connect(live.address);
        stream.write_all(head(path, token, more, BODY.len()).as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(5));
        let _ = stream.write_all(BODY.as_bytes());
        if answer(&mut stream).header("connection").is_none() {
            stream.write_all(NEXT).unwrap();
            assert_eq!(answer(&mut stream).status, 200, "behind {status}, later");
        }
        // It never comes, or is large: that is not waited for.
        for bytes in [BODY.len(), 1_000_000] {
            let mut stream = connect(live.address);
            stream.write_all(head(path, token, more, bytes).as_bytes()).unwrap();
            let refused = answer(&mut stream);
            assert_eq!((refused.status, refused.header("connection")), (status, Some("close")));
            assert_eq!(stream.read(&mut [0]).unwrap(), 0, "and it does, behind {status}");
        }
    }
}
