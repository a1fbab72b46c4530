//! End-to-end tests: what the binaries do beside a real Nagios. Start reading in `tests/run`.
