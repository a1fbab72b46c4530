//! Where connections come from: loopback or a Unix socket, never the network; a limit on how many there are and on how long
//! they may be idle.

use axum::Router;
use axum::serve::Listener;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Connections at the same time; more of them wait.
const CONNECTIONS: usize = 512;
/// A connection that sends nothing for so long, and takes nothing either, is closed.
const IDLE: Duration = Duration::from_secs(75);

/// A place to listen at, bound.
#[derive(Debug)]
pub enum Listening {
    /// Loopback.
    Tcp(std::net::TcpListener),
    /// A socket in the file system, with the path to remove at the end.
    Unix(std::os::unix::net::UnixListener, PathBuf),
}

/// Why it is not possible to listen there.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It is no address.
    #[error("listen = '{0}' is no address; write 127.0.0.1:PORT, [::1]:PORT or unix:PATH")]
    NoAddress(String),
    /// It could be reached from elsewhere.
    #[error(
        "listen = '{0}' can be reached from other machines; there is no sign-in yet, so only 127.0.0.1:PORT, [::1]:PORT \
         or unix:PATH are taken: put a reverse proxy that signs people in before it"
    )]
    NotLoopback(String),
    /// Somebody listens there.
    #[error("cannot listen at '{0}': another program listens there already; end it, or name another place")]
    Taken(String),
    /// Something that is no socket stands there.
    #[error("cannot listen at 'unix:{}': a file that is no socket stands there; name another path", .0.display())]
    NoSocket(PathBuf),
    /// The system refuses.
    #[error("cannot listen at '{place}': {error}; check the folder, its owner and its rights")]
    System {
        /// Where.
        place: String,
        /// Why.
        error: io::Error,
    },
}

/// Binds `127.0.0.1:PORT`, `[::1]:PORT`, `localhost:PORT` or `unix:PATH` (mode 0660).
///
/// # Errors
/// [`BindError`]: no such address, not loopback, taken, refused by the system.
pub fn bind(listen: &str) -> Result<Listening, BindError> {
    let system = |error: io::Error| match error.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken(listen.to_owned()),
        _ => BindError::System { place: listen.to_owned(), error },
    };
    if let Some(path) = listen.strip_prefix("unix:") {
        if path.is_empty() {
            return Err(BindError::NoAddress(listen.to_owned()));
        }
        return bind_unix(Path::new(path), listen);
    }
    let plain = match listen.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => listen.to_owned(),
    };
    let address: SocketAddr = plain.parse().map_err(|_| BindError::NoAddress(listen.to_owned()))?;
    if !address.ip().is_loopback() {
        return Err(BindError::NotLoopback(listen.to_owned()));
    }
    let listener = std::net::TcpListener::bind(address).map_err(system)?;
    listener.set_nonblocking(true).map_err(system)?;
    Ok(Listening::Tcp(listener))
}

fn bind_unix(path: &Path, listen: &str) -> Result<Listening, BindError> {
    let system = |error| BindError::System { place: listen.to_owned(), error };
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(BindError::NoSocket(path.to_owned())),
        Ok(_) => match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => return Err(BindError::Taken(listen.to_owned())),
            // Left behind by a run that was killed.
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path).map_err(system)?,
            Err(e) => return Err(system(e)),
        },
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(system(e)),
    }
    let listener = std::os::unix::net::UnixListener::bind(path).map_err(system)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(system)?;
    listener.set_nonblocking(true).map_err(system)?;
    Ok(Listening::Unix(listener, path.to_owned()))
}

/// As a person would write it: `http://127.0.0.1:8620`, `unix:/run/gridward/web.sock`.
impl std::fmt::Display for Listening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Listening::Tcp(l) => match l.local_addr() {
                Ok(address) => write!(f, "http://{address}"),
                Err(_) => f.write_str("loopback"),
            },
            Listening::Unix(_, path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Serves until `shutdown` is done and the answers under way are out. Has to run inside a tokio runtime.
///
/// # Errors
/// The listener cannot be used by the runtime.
pub async fn serve(
    listening: Listening,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let limit = Arc::new(Semaphore::new(CONNECTIONS));
    match listening {
        Listening::Tcp(l) => {
            let inner = TcpListener::from_std(l)?;
            axum::serve(Limited { inner, limit }, router).with_graceful_shutdown(shutdown).await
        }
        Listening::Unix(l, path) => {
            let inner = UnixListener::from_std(l)?;
            let done = axum::serve(Limited { inner, limit }, router).with_graceful_shutdown(shutdown).await;
            // If it is gone already there is nothing to do.
            let _gone = std::fs::remove_file(path);
            done
        }
    }
}

/// A listener that hands out no more than so many connections.
struct Limited<L> {
    inner: L,
    limit: Arc<Semaphore>,
}

impl<L: Listener> Listener for Limited<L>
where
    L::Io: Quick,
{
    type Io = Watched<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // The semaphore is never closed; without a permit the connection is served all the same.
        let permit = Arc::clone(&self.limit).acquire_owned().await.ok();
        let (io, address) = self.inner.accept().await;
        io.quick();
        (Watched { io, idle: Box::pin(sleep(IDLE)), waiting: false, _permit: permit }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

/// Connections that can be told to send small answers at once.
trait Quick {
    fn quick(&self) {}
}

impl Quick for tokio::net::UnixStream {}
impl Quick for tokio::net::TcpStream {
    fn quick(&self) {
        // Without it answers are only slower.
        let _slower = self.set_nodelay(true);
    }
}

/// A connection that ends when nothing comes and nothing goes for too long.
struct Watched<I> {
    io: I,
    idle: Pin<Box<Sleep>>,
    waiting: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<I> Watched<I> {
    /// Whoever takes what is sent is there: a stream of changes says nothing of its own.
    fn goes(&mut self, done: &Poll<io::Result<usize>>) {
        if matches!(done, Poll::Ready(Ok(n)) if *n > 0) {
            self.idle.as_mut().reset(Instant::now() + IDLE);
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if let Poll::Ready(done) = Pin::new(&mut me.io).poll_read(cx, buf) {
            me.waiting = false;
            return Poll::Ready(done);
        }
        if !me.waiting {
            me.waiting = true;
            me.idle.as_mut().reset(Instant::now() + IDLE);
        }
        match me.idle.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.io).poll_write(cx, buf);
        self.goes(&done);
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.goes(&done);
        done
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_and_sockets() {
        for bad in ["0.0.0.0:8620", "[::]:8620", "192.0.2.1:80"] {
            let error = bind(bad).unwrap_err();
            assert!(matches!(error, BindError::NotLoopback(_)), "{error}");
            assert!(error.to_string().contains(bad) && error.to_string().contains("unix:PATH"), "{error}");
        }
        for bad in ["", "8620", "example.org:80", "unix:"] {
            assert!(matches!(bind(bad).unwrap_err(), BindError::NoAddress(_)), "{bad}");
        }
        let first = bind("127.0.0.1:0").unwrap();
        let place = first.to_string();
        let again = bind(place.trim_start_matches("http://")).unwrap_err();
        assert!(matches!(again, BindError::Taken(_)), "{again}");
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.sock");
        let place = format!("unix:{}", path.display());
        let first = bind(&place).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert!(matches!(bind(&place).unwrap_err(), BindError::Taken(_)));
        drop(first);
        bind(&place).unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = bind(&format!("unix:{}", file.display())).unwrap_err();
        assert!(matches!(error, BindError::NoSocket(_)), "{error}");
    }
}
