//! Compute elements, as a client that submits jobs sees them. [`ComputeElement`] is all that the probe needs to know; behind it
//! are `arc/` (ARC's REST interface), `condor.rs` (HTCondor-CE by HTCondor's own tools) and `command.rs` (any batch system by a
//! template of commands); the latter two hand a folder in (`spool.rs`) and run tools (`run.rs`).

pub mod arc;
pub mod command;
pub mod condor;
pub mod run;
pub mod spool;

use crate::net::rest::Fault;
use arc::delegation::Delegated;

/// What is to run there.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// Its name at the compute element, by which it is found again.
    pub name: String,
    /// Queue, where one is named.
    pub queue: Option<String>,
    /// The executable, a path on the worker node or one of `inputs`.
    pub executable: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Files that are handed in with the job: name, content.
    pub inputs: Vec<(String, Vec<u8>)>,
    /// Files that the compute element fetches itself before the job runs: name, address.
    pub sources: Vec<(String, String)>,
    /// Files that are fetched when it has ended, besides standard output and error.
    pub outputs: Vec<String>,
    /// Wall time that is asked for, in seconds.
    pub wall_time: u32,
    /// Memory that is asked for, in MiB; 0 for none.
    pub memory: u32,
    /// Runtime environments.
    pub environments: Vec<String>,
}

/// Standard output, as the job's file is named.
pub const STDOUT: &str = "stdout.txt";
/// Standard error.
pub const STDERR: &str = "stderr.txt";

/// How far a job is (GLUE 2, ComputingActivityState_t, made coarser).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Taken, and not yet with the batch system.
    Submitted,
    /// With the batch system, not running as far as is known.
    Queued,
    /// Running, or its files are on the way.
    Running,
    /// It has ended.
    Ended(End),
    /// The compute element does not know it (any more).
    Gone,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// As it should.
    Finished,
    /// Not so.
    Failed,
    /// Somebody ended it.
    Killed,
}

/// What the compute element says of a job.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Status {
    /// How far it is.
    pub phase: Phase,
    /// The state in the compute element's own word, as `INLRMS`.
    pub word: String,
    /// What it says besides, as the reason of a failure.
    pub why: Option<String>,
    /// The job's exit code.
    pub exit: Option<i32>,
    /// The worker node.
    pub node: Option<String>,
}

/// What became of a job that was to be taken away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// It is not there.
    Gone,
    /// It will go; ask again.
    UnderWay,
}

/// A compute element.
pub trait ComputeElement {
    /// Makes ready for a submission. What is returned is to be remembered before a job is submitted, lest it is left behind there.
    ///
    /// # Errors
    /// It was refused, or there is no answer.
    fn prepare(&mut self) -> Result<Option<Delegated>, Fault> {
        Ok(None)
    }

    /// Submits a job; its id there.
    ///
    /// # Errors
    /// It was not taken, or nobody knows.
    fn submit(&mut self, job: &Job) -> Result<String, Fault>;

    /// Hands in the files of a job that was submitted. To do it again does no harm.
    ///
    /// # Errors
    /// One of them was not taken.
    fn stage_in(&mut self, id: &str, job: &Job) -> Result<(), Fault>;

    /// Asks how far a job is.
    ///
    /// # Errors
    /// There is no answer. That the job is not known is an answer.
    fn status(&mut self, id: &str) -> Result<Status, Fault>;

    /// Fetches a file of a job that has ended; `None` when there is none.
    ///
    /// # Errors
    /// There is no answer.
    fn output(&mut self, id: &str, file: &str) -> Result<Option<Vec<u8>>, Fault>;

    /// Takes a job away, with all its files; ends it where it has not ended.
    ///
    /// # Errors
    /// It was refused, or there is no answer.
    fn remove(&mut self, id: &str) -> Result<Removal, Fault>;

    /// The jobs of ours whose name begins so: id, name.
    ///
    /// # Errors
    /// There is no answer.
    fn find(&mut self, prefix: &str) -> Result<Vec<(String, String)>, Fault>;
}
