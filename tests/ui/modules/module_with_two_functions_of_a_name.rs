use hotpatch_module::contract;

#[contract(version = "1.0.0")]
pub trait Pricing {
    fn quote(&self) -> u32;
}

mod literature {
    #[hotpatch_module::contract(version = "1.0.0")]
    pub trait Books {
        fn quote(&self) -> u32;
    }
}

use literature::Books;

#[derive(Default)]
struct Both;

impl Pricing for Both {
    fn quote(&self) -> u32 {
        1
    }
}

impl Books for Both {
    fn quote(&self) -> u32 {
        2
    }
}

hotpatch_module::export_module! {
    name: "pricing",
    contract: Pricing => Both,
    contract: Books => Both,
}

fn main() {}
