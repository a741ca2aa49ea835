//! Layouts as text, a line for each fact, written while compiling.
//!
//! ```text
//! argument 1: &Order, 16 bytes, align 8
//! argument 1.price: f64 at 0
//! argument 1.side: Side at 8, 1 bytes, align 1
//! argument 1.side::Buy = 0
//! ```
//!
//! Each line begins with the place that it is about, so two texts can be compared place by place. A type that occurs twice
//! is described twice: there are at most as many lines as the values have numbers.

use super::{Kind, Layout};

/// A place in a signature.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Argument(usize),
    Output,
    Field(&'a Place<'a>, &'static str),
    Item(&'a Place<'a>),
}

/// A text of `N` bytes that is being written. With `N` = 0 it is only measured.
pub(super) struct Text<const N: usize> {
    pub(super) bytes: [u8; N],
    pub(super) len: usize,
}

impl<const N: usize> Text<N> {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    pub(super) const fn push(&mut self, text: &str) {
        let text = text.as_bytes();
        if N == 0 {
            self.len += text.len();
            return;
        }
        let mut at = 0;
        while at < text.len() {
            self.bytes[self.len] = text[at];
            self.len += 1;
            at += 1;
        }
    }

    const fn number(&mut self, number: i128) {
        if number < 0 {
            self.push("-");
        }
        let number = number.unsigned_abs();
        if number >= 10 {
            self.number((number / 10) as i128);
        }
        let digit = (number % 10) as usize;
        self.push(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"][digit]);
    }

    const fn place(&mut self, place: &Place<'_>) {
        match place {
            Place::Argument(number) => {
                self.push("argument ");
                self.number(*number as i128);
            }
            Place::Output => self.push("output"),
            Place::Field(parent, name) => {
                self.place(parent);
                self.push(".");
                self.push(name);
            }
            Place::Item(parent) => {
                self.place(parent);
                self.push("[]");
            }
        }
    }

    /// The lines about a value: what it is, and then its parts. `before` stands before its type.
    pub(super) const fn describe(
        &mut self,
        place: &Place<'_>,
        before: &str,
        offset: Option<usize>,
        layout: &Layout,
    ) {
        self.place(place);
        self.push(": ");
        self.push(before);
        self.name(layout);
        if let Some(offset) = offset {
            self.push(" at ");
            self.number(offset as i128);
        }
        if matches!(layout.kind, Kind::Record(_) | Kind::Choice(_)) {
            self.push(", ");
            self.number(layout.size as i128);
            self.push(" bytes, align ");
            self.number(layout.align as i128);
        }
        self.push("\n");
        self.parts(place, layout);
    }

    /// The line about an argument that is a text.
    pub(super) const fn text_argument(&mut self, place: &Place<'_>) {
        self.place(place);
        self.push(": &str\n");
    }

    const fn name(&mut self, layout: &Layout) {
        match layout.kind {
            Kind::Array { item, len } => {
                self.push("[");
                self.name(item);
                self.push("; ");
                self.number(len as i128);
                self.push("]");
            }
            Kind::List(item) => {
                self.push("Vec<");
                self.name(item);
                self.push(">");
            }
            Kind::Option(some) => {
                self.push("Option<");
                self.name(some);
                self.push(">");
            }
            Kind::Result(ok, err) => {
                self.push("Result<");
                self.name(ok);
                self.push(", ");
                self.name(err);
                self.push(">");
            }
            Kind::Nothing => self.push("()"),
            Kind::Text => self.push("String"),
            Kind::Number | Kind::Record(_) | Kind::Choice(_) => self.push(layout.name),
        }
    }

    const fn parts(&mut self, place: &Place<'_>, layout: &Layout) {
        match layout.kind {
            Kind::Number | Kind::Nothing | Kind::Text => {}
            Kind::Record(fields) => {
                let mut at = 0;
                while at < fields.len() {
                    let field = &fields[at];
                    let place = Place::Field(place, field.name);
                    self.describe(&place, "", Some(field.offset), field.layout);
                    at += 1;
                }
            }
            Kind::Choice(variants) => {
                let mut at = 0;
                while at < variants.len() {
                    self.place(place);
                    self.push("::");
                    self.push(variants[at].name);
                    self.push(" = ");
                    self.number(variants[at].number);
                    self.push("\n");
                    at += 1;
                }
            }
            Kind::Array { item, .. } | Kind::List(item) => self.inner(&Place::Item(place), item),
            Kind::Option(some) => self.inner(&Place::Field(place, "Some"), some),
            Kind::Result(ok, err) => {
                self.inner(&Place::Field(place, "Ok"), ok);
                self.inner(&Place::Field(place, "Err"), err);
            }
        }
    }

    /// What the name of the outer type has not told already.
    const fn inner(&mut self, place: &Place<'_>, layout: &Layout) {
        if !matches!(layout.kind, Kind::Number | Kind::Nothing | Kind::Text) {
            self.describe(place, "", None, layout);
        }
    }
}
