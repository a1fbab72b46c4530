//! A server that is started for a test and ended with it.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Server {
    child: Child,
    pub port: u16,
}

/// A port that nobody has at the moment.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

impl Server {
    /// Starts a program that listens on a port of its own; PORT stands for it in the arguments.
    pub fn start(program: &str, args: &[&str]) -> Server {
        let port = free_port();
        let number = port.to_string();
        let args: Vec<String> = args.iter().map(|a| a.replace("PORT", &number)).collect();
        let child = Command::new(program)
            .args(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Server { child, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "{program} {args:?} ended");
            assert!(begun.elapsed() < Duration::from_secs(20), "{program} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// OpenSSL's server with a certificate and its key.
    pub fn openssl(certificate: &str, key: &str, more: &[&str]) -> Server {
        let mut args =
            vec!["s_server", "-quiet", "-www", "-accept", "127.0.0.1:PORT", "-cert", certificate, "-key", key];
        args.extend(more);
        Server::start("openssl", &args)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
