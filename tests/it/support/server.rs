//! A server on a socket of this machine that speaks just enough HTTP for a list and a watch, for whoever has the token
//! that it accepts now. It stands in where logins and connections are tested with the real binary.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The server. Its threads live as long as the test program.
pub struct Server {
    pub address: String,
    state: Arc<Mutex<State>>,
}

struct State {
    token: String,
    open: Vec<TcpStream>,
    /// The first lines of the requests for a tunnel.
    tunnels: Vec<String>,
}

impl Server {
    /// Starts a server that accepts this token.
    pub fn start(token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { token: token.to_owned(), open: Vec::new(), tunnels: Vec::new() }));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.lock().unwrap().open.push(stream.try_clone().unwrap());
                let shared = shared.clone();
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, state }
    }

    /// From now on accepts this token alone; what is open is cut.
    pub fn accept(&self, token: &str) {
        let mut state = self.state.lock().unwrap();
        token.clone_into(&mut state.token);
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// What tunnels were asked for, as of a proxy.
    pub fn tunnels(&self) -> Vec<String> {
        self.state.lock().unwrap().tunnels.clone()
    }
}

/// Answers requests of one connection until it ends or becomes a watch. Returning would not close it: see `open`.
fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    loop {
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let Some(first) = head.first() else { return };
        if first.starts_with("CONNECT ") {
            // It is its own proxy: what is asked through the tunnel is asked here.
            state.lock().unwrap().tunnels.push(first.clone());
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            continue;
        }
        let wanted = format!("authorization: bearer {}", state.lock().unwrap().token);
        let is_known = head.iter().any(|line| line.to_lowercase() == wanted);
        let is_watch = first.contains("watch=true");
        let (status, body) = match (is_known, first.contains("/jobs")) {
            (false, _) => ("401 Unauthorized", STATUS.to_owned()),
            (true, true) => ("200 OK", list(JOB)),
            (true, false) => ("200 OK", list("")),
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n");
        let answer = if is_known && is_watch {
            format!("{head}Transfer-Encoding: chunked\r\n\r\n")
        } else {
            format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

const STATUS: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;

const JOB: &str = r#"{"metadata":{"name":"from-the-server","namespace":"data","uid":"1","resourceVersion":"1",
    "creationTimestamp":"2026-11-21T03:00:00Z"},"spec":{"parallelism":1,"completions":1,"suspend":true},"status":{}}"#;

fn list(items: &str) -> String {
    format!(r#"{{"kind":"List","apiVersion":"v1","metadata":{{"resourceVersion":"1"}},"items":[{items}]}}"#)
}
