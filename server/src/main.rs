//! The binary `kanjie`: reads the command line and hands over to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    kanjie_server::cli::main()
}
