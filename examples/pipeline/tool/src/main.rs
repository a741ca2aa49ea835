//! A calculator whose four stages are modules in a folder, and are swapped while it runs:
//!
//! ```text
//! $ cargo build -p pipeline-parser -p pipeline-compiler -p pipeline-optimizer -p pipeline-backend
//! $ cargo run -p pipeline -- target/debug
//! parser 1.0, compiler 1.0, optimizer 1.0, backend 1.0
//! 10 - 2 * 3
//! push 10; push 6; sub
//! = 4
//! ```
//!
//! A line is an expression (with `x` = 1), or a command: `:swap compiler backend` takes these stages from the folder again,
//! `:back compiler backend` takes that back, `:stages` prints the versions, `:busy 10 - 2 * 3` has two threads run an
//! expression all the time, and `:idle` stops them and prints which stages had which results.
#![forbid(unsafe_code)]

mod busy;
mod pipeline;

use std::error::Error;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use busy::Busy;
use hotpatch::module::Changed;
use pipeline::Pipeline;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: pipeline <folder of the stages>");
        return ExitCode::FAILURE;
    };
    match talk(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn talk(folder: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let pipeline = Pipeline::open(folder)?;
    println!("{}", pipeline.stages()?);
    let mut busy = None;
    for line in io::stdin().lines() {
        let line = line?;
        let (command, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let names: Vec<&str> = rest.split_whitespace().collect();
        match command {
            "" => {}
            ":swap" => tell(&pipeline, pipeline.swap(&names), busy.as_ref())?,
            ":back" => tell(&pipeline, pipeline.roll_back(&names), busy.as_ref())?,
            ":stages" => println!("{}", pipeline.stages()?),
            ":busy" => {
                let threads = Busy::start(&pipeline, rest);
                threads.wait();
                println!("busy with {rest}");
                busy = Some(threads);
            }
            ":idle" => {
                for ((stages, result), count) in busy.take().map(Busy::stop).unwrap_or_default() {
                    println!("{stages}: {result}, {count} times");
                }
            }
            _ if command.starts_with(':') => println!("unknown command `{command}`"),
            _ => calculate(&pipeline, &line)?,
        }
    }
    Ok(())
}

/// Says what became of a change. One that was refused has left all as it was.
fn tell(
    pipeline: &Pipeline,
    changed: Result<Changed, hotpatch::module::ModuleError>,
    busy: Option<&Busy>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    match changed {
        Ok(_) => {
            if let Some(busy) = busy {
                busy.wait();
            }
            println!("{}", pipeline.stages()?);
        }
        Err(error) => println!("refused: {error}"),
    }
    Ok(())
}

fn calculate(pipeline: &Pipeline, text: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let run = pipeline.run(text, 1.0)?;
    match run.result {
        Ok(result) => println!("{}\n= {result}", run.listing),
        Err(reason) => println!("no result: {reason}"),
    }
    Ok(())
}
