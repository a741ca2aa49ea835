//! An HTTP server whose answers can be edited while connections stay open. Start it with
//! `cargo hotpatch run --example server`, ask it with `curl http://127.0.0.1:8080/hello/Ada`, then edit `greeting` or
//! `report` and ask again.
//!
//! The address to listen on is the first argument; port 0 takes any free one.

use std::collections::BTreeMap;
use std::env;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use hotpatch::hotpatch;
use tokio::net::TcpListener;

type Visits = Arc<Mutex<BTreeMap<String, u32>>>;

#[hotpatch]
fn greeting(name: &str, visit: u32) -> String {
    format!("Hello, {name}! This is visit {visit}.\n")
}

#[hotpatch]
fn report(visits: &BTreeMap<String, u32>) -> String {
    visits
        .iter()
        .map(|(name, count)| format!("{name}: {count}\n"))
        .collect()
}

async fn hello(State(visits): State<Visits>, Path(name): Path<String>) -> String {
    let visit = {
        let mut visits = visits.lock().expect("no visit panics");
        let count = visits.entry(name.clone()).or_default();
        *count += 1;
        *count
    };
    hotpatch::call(|| greeting(&name, visit))
}

async fn all(State(visits): State<Visits>) -> String {
    hotpatch::call(|| report(&visits.lock().expect("no visit panics")))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let app = Router::new()
        .route("/hello/{name}", get(hello))
        .route("/", get(all))
        .with_state(Visits::default());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}
