//! Black-box tests: the real daemon, a real database file, real neighbours.

mod support;
