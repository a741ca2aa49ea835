hotpatch_module::export_module! {
    version: "1.0.0",
}

fn main() {}
