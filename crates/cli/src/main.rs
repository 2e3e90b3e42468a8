//! The `mixaccess` program.

fn main() -> std::process::ExitCode {
    mixaccess_cli::run(std::env::args_os())
}
