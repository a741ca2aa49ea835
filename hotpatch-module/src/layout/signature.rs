//! The types of a function, and the text and the hash that stand for them.

use super::Layout;
use super::text::{Place, Text};
use crate::{Output, Returned, Shared};

/// The types of a function.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// What it gives back.
    pub output: &'static Layout,
    /// How that crosses.
    pub crossing: Output,
}

/// An argument, by the way it is handed over.
#[derive(Clone, Copy, Debug)]
pub enum Argument {
    /// A value.
    Value(&'static Layout),
    /// A reference to a value.
    Reference(&'static Layout),
    /// A slice of items.
    Slice(&'static Layout),
    /// A text.
    Text,
}

impl Argument {
    /// An argument of type `T`.
    pub const fn value<T: Shared>() -> Self {
        Self::Value(T::LAYOUT)
    }

    /// An argument of type `&T`.
    pub const fn reference<T: Shared>() -> Self {
        Self::Reference(T::LAYOUT)
    }

    /// An argument of type `&[T]`.
    pub const fn slice<T: Shared>() -> Self {
        assert!(size_of::<T>() != 0, "items without a size are not supported");
        Self::Slice(T::LAYOUT)
    }
}

impl Signature {
    /// A signature that gives back `R`.
    pub const fn new<R: Returned>(arguments: &'static [Argument]) -> Self {
        Self {
            arguments,
            output: R::LAYOUT,
            crossing: Output {
                size: size_of::<R::Value>(),
                align: align_of::<R::Value>(),
                bytes: R::BYTES,
            },
        }
    }

    /// How many bytes its text has.
    pub const fn text_len(&self) -> usize {
        self.write::<0>().len
    }

    /// Its text, which has `N` bytes.
    pub const fn text<const N: usize>(&self) -> [u8; N] {
        self.write().bytes
    }

    const fn write<const N: usize>(&self) -> Text<N> {
        let mut text = Text::new();
        let mut at = 0;
        while at < self.arguments.len() {
            let place = Place::Argument(at + 1);
            match self.arguments[at] {
                Argument::Value(layout) => text.describe(&place, "", None, layout),
                Argument::Reference(layout) => text.describe(&place, "&", None, layout),
                Argument::Slice(layout) => text.describe(&place, "slice of ", None, layout),
                Argument::Text => text.text_argument(&place),
            }
            at += 1;
        }
        text.describe(&Place::Output, "", None, self.output);
        text
    }

    /// The hash that stands for a text: FNV-1a with 64 bits. It is never 0.
    pub const fn hash(text: &[u8]) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut at = 0;
        while at < text.len() {
            hash = (hash ^ text[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        if hash == 0 { 1 } else { hash }
    }
}

#[cfg(test)]
mod tests {
    use super::{Argument, Signature};
    use crate::layout::{Field, Kind, Layout, Variant};
    use crate::{Returned, Shared};

    fn check<R: Returned>(arguments: &'static [Argument], expect: &str) {
        let signature = Signature::new::<R>(arguments);
        let text = signature.text::<1000>();
        assert_eq!(str::from_utf8(&text[..signature.text_len()]).unwrap(), expect);
    }

    #[test]
    fn types_of_the_language_are_named() {
        check::<()>(&[], "output: ()\n");
        check::<String>(
            &[const { Argument::value::<f64>() }, Argument::Text],
            "argument 1: f64\nargument 2: &str\noutput: String\n",
        );
        check::<Result<Vec<u8>, Option<[[bool; 2]; 3]>>>(
            &[const { Argument::slice::<u16>() }],
            "argument 1: slice of u16\noutput: Result<Vec<u8>, Option<[[bool; 2]; 3]>>\noutput.Ok: Vec<u8>\n\
             output.Err: Option<[[bool; 2]; 3]>\noutput.Err.Some: [[bool; 2]; 3]\noutput.Err.Some[]: [bool; 2]\n",
        );
    }

    const SIDE: Layout = Layout::of::<i8>(
        "Side",
        Kind::Choice(&[
            Variant {
                name: "Buy",
                number: -128,
            },
            Variant {
                name: "Sell",
                number: 10,
            },
        ]),
    );

    const ORDER: Layout = Layout {
        name: "Order",
        size: 16,
        align: 8,
        kind: Kind::Record(&[
            Field {
                name: "price",
                offset: 0,
                layout: <f64 as Shared>::LAYOUT,
            },
            Field {
                name: "side",
                offset: 8,
                layout: &SIDE,
            },
        ]),
    };

    #[test]
    fn fields_and_variants_have_lines_of_their_own() {
        check::<()>(
            &[Argument::Reference(&ORDER)],
            "argument 1: &Order, 16 bytes, align 8\nargument 1.price: f64 at 0\nargument 1.side: Side at 8, 1 bytes, align 1\n\
             argument 1.side::Buy = -128\nargument 1.side::Sell = 10\noutput: ()\n",
        );
    }

    #[test]
    fn the_hash_is_the_one_that_others_compute() {
        assert_eq!(Signature::hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(Signature::hash(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
