//! A note server on tokio and axum. Requests come as lines on stdin, are sent to the server over HTTP, and each answer
//! becomes one line on stdout. `state` is answered by `main` itself.

mod client;
mod error;
mod extract;
mod handlers;
mod layer;
mod limits;
mod model;
mod render;
mod session;
mod snapshot;
mod store;

use std::io;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::store::Shared;

fn routes(shared: Shared) -> Router {
    Router::new()
        .route("/login/{user}", post(handlers::login))
        .route("/logout", post(handlers::logout))
        .route("/notes", get(handlers::list).post(handlers::add))
        .route("/notes/{id}", delete(handlers::remove))
        .route("/notes/{id}/done", post(handlers::done))
        .route("/search/{word}", get(handlers::search))
        .route("/about", get(handlers::about))
        .route("/limits", get(handlers::limits))
        .layer(from_fn(layer::stamp))
        .layer(from_fn_with_state(shared.clone(), layer::guard))
        .with_state(shared)
}

fn main() -> io::Result<()> {
    // One worker thread, so that its thread-locals see every request.
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let shared = Shared::with_examples();
    let app = routes(shared.clone());
    runtime.spawn(async move { axum::serve(listener, app).await });
    for line in io::stdin().lines() {
        let answer = match line?.as_str() {
            "state" => snapshot::of(&runtime, &shared),
            request => client::ask(address, request)?,
        };
        println!("{answer}");
    }
    Ok(())
}
