//! What commits and roll-backs take, and what they cost the threads that call. `cargo bench --profile dev` measures the
//! runtime as a debug build of a program has it.

#[path = "../tests/support/mod.rs"]
#[allow(unused_macros, reason = "the macro is for tests")]
mod support;

mod measure;

use measure::{commits, disturbance, migrations, rollbacks};

fn main() {
    for figures in [
        commits::figures,
        rollbacks::figures,
        disturbance::figures,
        migrations::figures,
    ] {
        for figure in figures() {
            println!("{figure}");
        }
    }
}
