//! Why a stream stops in its middle, and whether it may go on.

use std::time::Duration;

use crate::model::delta::{Cause, Failure};
use crate::model::safe_text::safe_line;

/// When so long not a byte comes it is asked again, from the last line on. A connection that died without a word, as
/// behind a network that changed or a machine that slept, is as quiet as a container that writes nothing, and only a new
/// request tells the one from the other. A minute is short beside what a batch writes, and two small requests in it are
/// nothing to a server.
pub(super) const QUIET: Duration = Duration::from_secs(60);

/// Why a stream stopped in its middle.
pub(super) enum Stop {
    /// Nobody listens any more.
    Closed,
    /// There is nothing to come back to.
    Gone(Failure),
    /// The container was started again: the rest of this run is the log of the run before.
    Restarted,
    /// An answer broke off.
    Cut(Failure),
    /// Nothing came for [`QUIET`].
    Quiet,
    /// It may work later, but not before so many seconds.
    Later(Failure, u32),
}

/// What a request answers, if it does so within [`QUIET`]: the connection that is taken for it may be the dead one.
pub(super) async fn in_time<T>(request: impl Future<Output = T>) -> Result<T, Stop> {
    tokio::time::timeout(QUIET, request).await.map_err(|_| Stop::Quiet)
}

pub(super) fn cut(error: &std::io::Error) -> Stop {
    let why = format!("the log stream broke: {}", safe_line(&error.to_string()));
    Stop::Cut(failure(Cause::Unreachable, why))
}

pub(super) fn forgotten() -> Stop {
    let why = "the container was started again since: the server no longer has the log of this run";
    Stop::Gone(failure(Cause::Other, why.to_owned()))
}

pub(super) const fn failure(cause: Cause, message: String) -> Failure {
    Failure { cause, message, hint: String::new() }
}
