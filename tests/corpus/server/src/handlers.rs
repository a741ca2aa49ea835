//! What axum calls. Each handler takes its request apart and leaves the work to a hot function.

use axum::extract::{Path, State};
use hotpatch::hotpatch;

use crate::error::ApiError;
use crate::extract::Sent;
use crate::model::{Kind, Note};
use crate::render;
use crate::session::{Session, Token};
use crate::store::{Shared, Store};

type Answer = Result<String, ApiError>;

pub async fn login(State(shared): State<Shared>, Path(user): Path<String>, password: String) -> Answer {
    hotpatch::call(|| start_session(&mut shared.lock(), &user, &password))
}

pub async fn logout(State(shared): State<Shared>, Sent(token): Sent) -> Answer {
    hotpatch::call(|| match shared.lock().sessions.remove(&token) {
        Some(session) => Ok(farewell(&session)),
        None => Err(ApiError::NoSession),
    })
}

pub async fn list(State(shared): State<Shared>, Sent(token): Sent) -> Answer {
    hotpatch::call(|| {
        let store = shared.lock();
        let user = store.session(token)?.user.clone();
        Ok(render::notes(&store, &user))
    })
}

pub async fn add(State(shared): State<Shared>, Sent(token): Sent, text: String) -> Answer {
    hotpatch::call(|| {
        let mut store = shared.lock();
        let user = store.session(token)?.user.clone();
        add_note(&mut store, &user, &text)
    })
}

pub async fn done(State(shared): State<Shared>, Path(id): Path<u32>, _: Sent) -> Answer {
    hotpatch::call(|| finish_note(&mut shared.lock(), id))
}

pub async fn remove(State(shared): State<Shared>, Path(id): Path<u32>, Sent(token): Sent) -> Answer {
    hotpatch::call(|| remove_note(&mut shared.lock(), token, id))
}

pub async fn search(State(shared): State<Shared>, Path(word): Path<String>) -> String {
    hotpatch::call(|| render::found(&shared.lock(), &word))
}

pub async fn about() -> &'static str {
    hotpatch::call(render::about)
}

pub async fn limits(State(shared): State<Shared>) -> String {
    hotpatch::call(|| render::limits(&shared.lock()))
}

#[hotpatch]
fn start_session(store: &mut Store, user: &str, password: &str) -> Answer {
    let tries = store.tries.entry(user.to_owned()).or_default();
    if password != "open" {
        *tries += 1;
        return Err(ApiError::WrongPassword { tries: *tries });
    }
    *tries = 0;
    let token = store.open_session(user);
    Ok(format!("welcome {user}, your token is t{}", token.0))
}

#[hotpatch]
fn farewell(session: &Session) -> String {
    format!("bye {}, {} requests", session.user, session.requests)
}

#[hotpatch]
fn add_note(store: &mut Store, user: &str, text: &str) -> Answer {
    crate::limits::check(store, text)?;
    let id = store.next_note();
    let note = Note::new(id, user, text);
    let answer = format!("note {id}, {}", kind_name(&note.kind));
    store.notes.push(note);
    Ok(answer)
}

fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Plain => "a plain one",
        Kind::Todo { done: false } => "to do",
        Kind::Todo { done: true } => "already done",
        Kind::Link(_) => "a link",
    }
}

#[hotpatch]
fn finish_note(store: &mut Store, id: u32) -> Answer {
    let note = store.note_mut(id)?;
    match &mut note.kind {
        Kind::Todo { done } => {
            *done = true;
            Ok(format!("note {id} is done"))
        }
        _ => Ok(format!("note {id} is nothing to do")),
    }
}

#[hotpatch]
fn remove_note(store: &mut Store, token: Token, id: u32) -> Answer {
    let user = store.session(token)?.user.clone();
    if store.note_mut(id)?.owner != user {
        return Err(ApiError::NoSuchNote(id));
    }
    store.notes.retain(|note| note.id != id);
    Ok(format!("note {id} is gone"))
}
