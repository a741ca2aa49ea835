//! A till whose contract is nearly that of the host, and the module of it.

/// Takes the version of the contract, the type of a price, and the functions that it has beside `total` and `dearest`.
macro_rules! relative {
    ($version:literal, $price:ty, { $(fn $name:ident(&self) $(-> $output:ty)? $body:block)* }) => {
        use hotpatch_module::{Shared, contract};

        #[derive(Shared, Clone, Copy)]
        #[repr(C)]
        struct Item {
            price: $price,
            count: u32,
            kind: Kind,
        }

        #[derive(Shared, Clone, Copy)]
        #[repr(u8)]
        #[allow(dead_code)]
        enum Kind {
            Goods = 0,
            Service = 1,
        }

        #[contract(version = $version)]
        trait Till {
            fn total(&self, items: &[Item]) -> f64;
            fn dearest(&self, items: &[Item]) -> Option<Item>;
            $(fn $name(&self) $(-> $output)?;)*
        }

        #[derive(Default)]
        struct Constant;

        impl Till for Constant {
            fn total(&self, _: &[Item]) -> f64 {
                0.5
            }

            fn dearest(&self, items: &[Item]) -> Option<Item> {
                items.first().copied()
            }

            $(fn $name(&self) $(-> $output)? $body)*
        }

        hotpatch_module::export_module! {
            name: "till",
            version: "3.0.0",
            contract: Till => Constant,
        }
    };
}
