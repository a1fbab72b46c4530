//! The one error of the tests: a sentence that says what was being done and what came instead.

use std::fmt;

/// What went wrong, in words. Printed as it stands, also by `Debug`, so that a test that returns it reads well.
pub struct Fail(String);

/// What everything here returns.
pub type Result<T = ()> = std::result::Result<T, Fail>;

impl Fail {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Fail(message.into())
    }

    /// For `map_err`: puts what was being done before the cause.
    pub fn at<E: fmt::Display>(doing: impl fmt::Display) -> impl FnOnce(E) -> Fail {
        move |cause| Fail(format!("{doing}: {cause}"))
    }
}

impl fmt::Debug for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fail {}

impl From<std::io::Error> for Fail {
    fn from(cause: std::io::Error) -> Self {
        Fail(cause.to_string())
    }
}

/// `ensure(condition, || message)`: the assertion for code that is not itself a test.
pub fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result {
    if holds { Ok(()) } else { Err(Fail(message())) }
}
