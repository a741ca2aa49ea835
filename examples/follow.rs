//! A server that takes patches from a folder, without the tool. Build it with `cargo hotpatch build --release --example
//! follow`, start it with the folder as its argument, edit `answer`, and put the patch there:
//! `cargo hotpatch patch --release --example follow -o <folder>/1.hotpatch`.

use std::{env, io, thread, time::Duration};

use hotpatch::{Event, Policy, hotpatch};

#[hotpatch]
fn answer(request: u64) -> String {
    format!("request {request}: hello")
}

fn main() -> io::Result<()> {
    let folder = env::args().nth(1).unwrap_or_else(|| ".".into());
    hotpatch::on_event(|event| {
        if let Event::Followed(followed) = event {
            eprintln!("{followed}");
        }
    });
    let _patches = hotpatch::follow(folder, Policy::OnChange)?;
    for request in 1.. {
        println!("{}", hotpatch::call(|| answer(request)));
        thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}
