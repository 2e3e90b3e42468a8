//! The `mixaccess` program, under a file name of its own, for the tests of this package.

fn main() -> std::process::ExitCode {
    let arguments = std::env::args_os().skip(1);
    mixaccess_cli::run(std::iter::once("mixaccess".into()).chain(arguments))
}
