//! The `mixaccess` program, under a name of its own, for the tests of this package.

fn main() -> std::process::ExitCode {
    mixaccess_cli::run(std::env::args_os())
}
