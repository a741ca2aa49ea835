//! Middleware: every answer gets a stamp, and every request of a session is counted.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use hotpatch::hotpatch;

use crate::session::Token;
use crate::store::{Shared, Store};

/// How many requests all threads served.
pub static SERVED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// How many requests this thread served.
    pub static HERE: Cell<u32> = const { Cell::new(0) };
    /// What this thread served first and last.
    pub static RECENT: RefCell<Vec<String>> = RefCell::new(vec!["(start)".to_owned(); 4]);
}

pub async fn stamp(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let stamp = hotpatch::call(|| stamp_of(&path));
    if let Ok(value) = HeaderValue::from_str(&stamp) {
        response.headers_mut().insert("x-stamp", value);
    }
    response
}

pub async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if let Some(token) = token_of(&request) {
        hotpatch::call(|| count(&mut shared.lock(), token));
    }
    next.run(request).await
}

fn token_of(request: &Request) -> Option<Token> {
    let text = request.headers().get("x-token")?.to_str().ok()?;
    text.strip_prefix('t')?.parse().ok().map(Token)
}

#[hotpatch]
fn stamp_of(path: &str) -> String {
    SERVED.fetch_add(1, Ordering::Relaxed);
    HERE.set(HERE.get() + 1);
    RECENT.with_borrow_mut(|recent| {
        recent.truncate(3);
        recent.insert(1, path.to_owned());
    });
    format!("{}{}", path.split('/').nth(1).unwrap_or_default(), path.len())
}

#[hotpatch]
fn count(store: &mut Store, token: Token) {
    if let Some(session) = store.sessions.get_mut(&token) {
        session.requests += 1;
    }
}
