//! Functions that a macro makes.

use hotpatch::hotpatch;

use crate::{check_entry, check_generic};

macro_rules! getter {
    ($vis:vis $name:ident: $type:ty) => {
        #[hotpatch]
        $vis fn $name(&self) -> $type {
            self.$name
        }
    };
}

macro_rules! pass {
    ($($item:item)*) => { $($item)* };
}

struct Point {
    x: u8,
    y: u16,
}

impl Point {
    getter!(pub(self) x: u8);
    getter!(y: u16);
}

pass! {
    impl Point {
        #[hotpatch]
        fn new(x: u8) -> Point {
            let y = Self::DEFAULT;
            Point { x, y }
        }

        #[hotpatch]
        fn origin() -> Point {
            Point { x: 0, y: 0 }
        }

        const DEFAULT: u16 = 5;
    }

    #[hotpatch]
    fn distance(a: &Point, b: &Point) -> u8 {
        a.x.abs_diff(b.x)
    }
}

macro_rules! two_names {
    ($name:ident) => {
        #[hotpatch]
        fn two_names($name: u8, x: u8) -> u8 {
            $name * 10 + x
        }
    };
}

two_names!(x);

#[test]
fn functions_made_by_macros() {
    let point = Point::new(2);
    assert_eq!((point.x(), point.y()), (2, 5));
    assert_eq!(distance(&point, &Point::origin()), 2);
    assert_eq!(two_names(1, 2), 12);
    check_generic("macros::y", "fn y(&self) -> u16");
    check_entry("macros::distance", "fn distance(a: &Point, b: &Point) -> u8");
}
